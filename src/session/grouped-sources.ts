/**
 * Opens the logs that are too large to be in memory at once: Parquet and Arrow files whose rows would take more than half a
 * gigabyte are read a group of rows at a time, as long as the host gives parts of files. `memory: "groups"` or `memory: "whole"`
 * on a source decides otherwise.
 */
import { checkOptions } from "../connectors/decode.ts";
import { compressionOf, detectFormat, formatByName } from "../connectors/detect.ts";
import { bytesPerRow, type GroupedFile, type RangeFile } from "../connectors/groups/grouped-file.ts";
import { type GroupReader, GroupedLog } from "../connectors/groups/grouped-log.ts";
import type { DecodeOptions } from "../connectors/log.ts";
import { SourceError } from "../connectors/source-error.ts";
import type { Columns } from "../pipeline/columns-read.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";

/** A part of a data file, with the size of the whole and a text that changes with it. */
export interface FilePart {
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly version: string;
}

/** Gets bytes `[from, to)` of a data file by the name that a source gave. Rejects with a message for the user. */
export type PartReader = (name: string, from: number, to: number) => Promise<FilePart>;

/** Bytes of decoded rows above which a log is read in groups, and that may be held at once where groups overlap. */
const MOST = 512 * 2 ** 20;
/** Bytes that are asked of a host at once. */
const AT_ONCE = 64 * 2 ** 20;
/** Files smaller than this are not even looked at. */
const SMALL = 16 * 2 ** 20;

export class GroupedSources {
  readonly #read: PartReader | null;
  readonly #loading: (what: string, progress: number) => void;
  readonly #logs = new Map<string, GroupedLog>();

  constructor(read: PartReader | null, loading: (what: string, progress: number) => void) {
    this.#read = read;
    this.#loading = loading;
  }

  /**
   * Opens a source's log if it is to be read in groups, and keeps it under `key`; null where it is read whole. Rejects when it
   * cannot be read so though the source says that it should.
   */
  async open(key: string, node: SourceNode, decode: DecodeOptions): Promise<GroupedLog | null> {
    const { input } = node;
    if (input.kind !== "file") return null;
    const memory = memoryOf(input.options["memory"] ?? null, input.name);
    if (memory === "whole") return null;
    const file = await this.#groupsOf(input.name, input.format, memory === "groups", decode);
    if (file === null) return null;
    const what = `Finding the order of ${input.name}`;
    const onProgress = (share: number): void => this.#loading(what, share);
    const log = await GroupedLog.open(file, node, { decode, most: MOST, onProgress });
    this.#logs.set(key, log);
    return log;
  }

  /** Reads on in a log that `open` has opened. */
  reader(key: string, from: number, columns: Columns): GroupReader {
    const log = this.#logs.get(key);
    if (log === undefined) throw new Error("The source is not read in groups.");
    return log.read(from, columns);
  }

  async #groupsOf(
    name: string,
    format: string | null,
    forced: boolean,
    decode: DecodeOptions,
  ): Promise<GroupedFile | null> {
    const refused = (why: string): null => {
      if (!forced) return null;
      throw new SourceError(`${name} cannot be read in groups: ${why} Leave out memory: "groups".`, { file: name });
    };
    const told = format ?? formatByName(name);
    if (told !== null && told !== "parquet" && told !== "arrow")
      return refused("only Parquet and Arrow files have groups of rows.");
    if (this.#read === null) return refused("here files are read whole.");
    const head = await this.#read(name, 0, 64);
    if (!forced && head.size < SMALL) return null;
    if (compressionOf(head.bytes) !== "none") return refused("it is compressed as a whole.");
    const found = told ?? detectFormat(name, head.bytes);
    if (found !== "parquet" && found !== "arrow") return refused("only Parquet and Arrow files have groups of rows.");
    checkOptions(found, decode);
    const range = rangeFile(name, this.#read, head);
    const file = await opened(range, found);
    const rows = file.groups.reduce((sum, group) => sum + group.rows, 0);
    return forced || rows * bytesPerRow(file) > MOST ? file : null;
  }
}

/** Opens a file by what it is; the decoders are loaded when they are needed. */
async function opened(file: RangeFile, format: "parquet" | "arrow"): Promise<GroupedFile> {
  if (format === "parquet") {
    const { ParquetGroups } = await import("../connectors/parquet/groups.ts");
    return ParquetGroups.open(file);
  }
  const { ArrowGroups } = await import("../connectors/arrow/groups.ts");
  return ArrowGroups.open(file);
}

/** A file of a host, which must not change while it is read, a part of `most` bytes after the other. */
export function rangeFile(name: string, read: PartReader, head: FilePart, most = AT_ONCE): RangeFile {
  const file: RangeFile = {
    name,
    size: head.size,
    read: async (from, to) => {
      if (to - from > most) {
        const out = new Uint8Array(Math.min(to, head.size) - from);
        for (let at = from; at < from + out.length; at += most)
          out.set(await file.read(at, Math.min(at + most, from + out.length)), at - from);
        return out;
      }
      const part = await read(name, from, to);
      if (part.version !== head.version)
        throw new SourceError(`${name} has changed while it was read. Run the notebook again.`, { file: name });
      if (part.bytes.length < Math.min(to, head.size) - from)
        throw new SourceError(`${name} ends before byte ${to}. It may be damaged or cut off; get it again.`, {
          file: name,
        });
      return part.bytes;
    },
  };
  return file;
}

function memoryOf(value: unknown, file: string): "whole" | "groups" | null {
  if (value === null || value === "whole" || value === "groups") return value;
  throw new SourceError(
    `${file}: memory is ${JSON.stringify(value)}. It is "whole" or "groups"; left out, large files are read in groups.`,
    { file, value: String(value) },
  );
}
