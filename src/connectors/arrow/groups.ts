/**
 * Reads Arrow IPC a record batch at a time, from ranges of the file. Of a batch only the buffers of the columns that are wanted
 * are read; the others stand empty in the message that flechette decodes.
 */
import { type Column as ArrowColumn, tableFromIPC, Type } from "@uwdata/flechette";
import { ByteDictionary } from "../../columns/byte-dictionary.ts";
import type { GroupedFile, Group, RangeFile } from "../groups/grouped-file.ts";
import { SourceError } from "../source-error.ts";
import type { FoundColumn } from "../whole-columns.ts";
import { type ArrowTexts, foundColumn, readZstd } from "./decode.ts";
import { type Message, messagesOf } from "./messages.ts";

/** How types tell of their buffers; flechette's own declarations leave their fields out. */
interface ArrowType {
  readonly typeId: number;
  readonly children?: readonly { readonly type: ArrowType }[];
  /** Of a union: 0 is sparse. */
  readonly mode?: number;
}

/** Buffers that are closer together than this are read in one go. */
const GAP = 1 << 16;

export class ArrowGroups implements GroupedFile {
  readonly groups: readonly Group[];
  readonly columns: readonly FoundColumn[];
  readonly nullable: ReadonlySet<string>;
  readonly #file: RangeFile;
  readonly #schema: Uint8Array;
  readonly #types: readonly ArrowType[];
  readonly #batches: readonly Message[];
  /** Dictionary messages with where they stood in the file. */
  readonly #dictionaries: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  readonly #texts = new Map<string, ArrowTexts & { known: number }>();

  private constructor(
    file: RangeFile,
    schema: Uint8Array,
    batches: readonly Message[],
    dictionaries: readonly { readonly offset: number; readonly bytes: Uint8Array }[],
  ) {
    this.#file = file;
    this.#schema = schema;
    this.#batches = batches;
    this.#dictionaries = dictionaries;
    const { fields } = tableFromIPC([schema]).schema;
    this.#types = fields.map(f => f.type as ArrowType);
    this.columns = this.#found([], 0, null);
    this.nullable = new Set(fields.filter(f => f.nullable || !isInteger(f.type as ArrowType)).map(f => f.name));
    let first = 0;
    this.groups = batches.map(({ rows }) => {
      first += rows;
      return { first: first - rows, rows };
    });
  }

  /** Finds the parts of a file or stream. Throws a `SourceError` when it cannot be read. */
  static async open(file: RangeFile): Promise<ArrowGroups> {
    try {
      readZstd();
      const messages = await messagesOf(file);
      const read = ({ offset, metadata, body }: Message): Promise<Uint8Array> =>
        file.read(offset, offset + metadata + body);
      const schema = messages.find(m => m.kind === "schema");
      if (schema === undefined) throw new Error("it has no schema");
      const dictionaries: { offset: number; bytes: Uint8Array }[] = [];
      for (const message of messages)
        if (message.kind === "dictionary") dictionaries.push({ offset: message.offset, bytes: await read(message) });
      return new ArrowGroups(
        file,
        await read(schema),
        messages.filter(m => m.kind === "batch"),
        dictionaries,
      );
    } catch (error) {
      throw unreadable(error, file.name);
    }
  }

  async read(group: number, columns: ReadonlySet<string> | null): Promise<readonly FoundColumn[]> {
    try {
      const batch = this.#batches[group];
      return this.#found([await this.#message(batch, columns)], batch.offset, columns);
    } catch (error) {
      throw unreadable(error, this.#file.name);
    }
  }

  /** Arrow files have no statistics. */
  range(): null {
    return null;
  }

  /** Decodes messages of one record batch, or none for the columns alone. `offset`: where the batch stands. */
  #found(messages: readonly Uint8Array[], offset: number, columns: ReadonlySet<string> | null): FoundColumn[] {
    const before = messages.length === 0 ? [] : this.#dictionaries.filter(d => d.offset < offset);
    const table = tableFromIPC([this.#schema, ...before.map(d => d.bytes), ...messages], { useDate: false });
    return table.schema.fields.flatMap((field, i) => {
      if (columns !== null && !columns.has(field.name)) return [];
      let texts = this.#texts.get(field.name);
      if (texts === undefined)
        this.#texts.set(field.name, (texts = { dictionary: new ByteDictionary(), translation: null, known: 0 }));
      // The file may add to its dictionaries, or replace them, between two batches.
      if (texts.known !== before.length) texts.translation = null;
      texts.known = before.length;
      return [foundColumn(field.name, table.getChildAt(i) as ArrowColumn<unknown>, table.numRows, texts)];
    });
  }

  /** Reads a record batch with the buffers of some columns, and nothing where the others' would be. */
  async #message(batch: Message, columns: ReadonlySet<string> | null): Promise<Uint8Array> {
    const { offset, metadata, body } = batch;
    if (columns === null) return this.#file.read(offset, offset + metadata + body);
    const out = new Uint8Array(metadata + body);
    const ranges = [{ from: 0, to: metadata }];
    let at = 0;
    let views = 0;
    this.#types.forEach((type, i) => {
      const own = buffersOf(type, () => batch.views[views++] ?? 0);
      if (columns.has(this.columns[i].name))
        for (const { offset: from, length } of batch.buffers.slice(at, at + own)) {
          const last = ranges[ranges.length - 1];
          if (length === 0) continue;
          if (metadata + from - last.to <= GAP) last.to = metadata + from + length;
          else ranges.push({ from: metadata + from, to: metadata + from + length });
        }
      at += own;
    });
    for (const { from, to } of ranges) out.set(await this.#file.read(offset + from, offset + to), from);
    return out;
  }
}

/** How many buffers a column has in a record batch. `views` gives the number of data buffers of the next column of views. */
function buffersOf(type: ArrowType, views: () => number): number {
  const children = (): number => (type.children ?? []).reduce((sum, child) => sum + buffersOf(child.type, views), 0);
  switch (type.typeId) {
    case Type.Null:
      return 0;
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary:
      return 3;
    case Type.Utf8View:
    case Type.BinaryView:
      return 2 + views();
    case Type.List:
    case Type.LargeList:
    case Type.Map:
      return 2 + children();
    case Type.ListView:
    case Type.LargeListView:
      return 3 + children();
    case Type.FixedSizeList:
    case Type.Struct:
      return 1 + children();
    case Type.RunEndEncoded:
      return children();
    case Type.Union:
      return (type.mode === 0 ? 1 : 2) + children();
    default:
      return 2;
  }
}

/** Whether a column that is declared without nulls has none: floating-point numbers may be NaN. */
function isInteger({ typeId }: ArrowType): boolean {
  return typeId === Type.Int || typeId === Type.Timestamp || typeId === Type.Utf8 || typeId === Type.Dictionary;
}

function unreadable(error: unknown, file: string): SourceError {
  if (error instanceof SourceError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new SourceError(`${file} cannot be read as Arrow IPC (${why}). It may be damaged or cut off; get it again.`, {
    file,
  });
}
