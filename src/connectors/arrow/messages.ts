/**
 * Finds the messages of an Arrow IPC file or stream without reading their bodies: where the schema, the dictionaries and the
 * record batches lie, and in which bytes of a batch each column does. Only as much of the flatbuffers as that takes.
 */
import type { RangeFile } from "../groups/grouped-file.ts";

export type MessageKind = "schema" | "dictionary" | "batch" | "other";

export interface Message {
  readonly kind: MessageKind;
  /** Where it lies in the file, with its metadata first and then its body. */
  readonly offset: number;
  readonly metadata: number;
  readonly body: number;
  /** Of a record batch: rows, and its buffers in the order of the columns. */
  readonly rows: number;
  readonly buffers: readonly { readonly offset: number; readonly length: number }[];
  /** Of a record batch: how many data buffers each column of views has. */
  readonly views: readonly number[];
}

const KINDS: readonly MessageKind[] = ["other", "schema", "dictionary", "batch"];
/** Enough for the metadata of most messages. */
const AT_ONCE = 8_192;

/** Lists a file's messages in their order. Throws an `Error` where they make no sense. */
export async function messagesOf(file: RangeFile): Promise<Message[]> {
  const head = await file.read(0, Math.min(16, file.size));
  const isFile = String.fromCharCode(...head.subarray(0, 6)) === "ARROW1";
  let end = file.size;
  if (isFile) {
    const tail = await file.read(Math.max(0, file.size - 10), file.size);
    if (String.fromCharCode(...tail.subarray(4)) !== "ARROW1") throw new Error("its end is missing");
    end = file.size - 10 - new DataView(tail.buffer, tail.byteOffset).getInt32(0, true);
  }
  const messages: Message[] = [];
  for (let at = isFile ? 8 : 0; at < end; ) {
    const message = await messageAt(file, at, end);
    if (message === null) break;
    messages.push(message);
    at = message.offset + message.metadata + message.body;
    if (at > end) throw new Error("a record batch is cut off");
  }
  return messages;
}

/** Reads a message's metadata; null at the end of the messages. */
async function messageAt(file: RangeFile, offset: number, end: number): Promise<Message | null> {
  let bytes = await file.read(offset, Math.min(end, offset + AT_ONCE));
  if (bytes.length < 8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Since version 0.15 a mark stands before the length.
  const prefix = view.getInt32(0, true) === -1 ? 8 : 4;
  const length = view.getInt32(prefix - 4, true);
  if (length === 0) return null;
  if (length < 0 || offset + prefix + length > end) throw new Error("a message is cut off");
  if (bytes.length < prefix + length) bytes = await file.read(offset, offset + prefix + length);
  const table = new Table(bytes.subarray(prefix, prefix + length), null);
  const kind = KINDS[table.byte(6, 0)] ?? "other";
  const header = kind === "batch" ? table.table(8) : null;
  return {
    kind,
    offset,
    metadata: prefix + length,
    body: table.long(10),
    rows: header?.long(4) ?? 0,
    buffers: header?.structs(8, 16, (view, at) => ({ offset: longAt(view, at), length: longAt(view, at + 8) })) ?? [],
    views: header?.structs(12, 8, longAt) ?? [],
  };
}

/** A flatbuffers table: fields by their place in its index. */
class Table {
  readonly #view: DataView;
  readonly #at: number;
  readonly #index: number;
  readonly #size: number;

  /** The root table, or the one at `at`. */
  constructor(bytes: Uint8Array, at: number | null) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at ?? this.#view.getInt32(0, true);
    this.#index = this.#at - this.#view.getInt32(this.#at, true);
    this.#size = this.#view.getInt16(this.#index, true);
  }

  #place(field: number): number {
    const offset = field < this.#size ? this.#view.getInt16(this.#index + field, true) : 0;
    return offset === 0 ? -1 : this.#at + offset;
  }

  byte(field: number, otherwise: number): number {
    const at = this.#place(field);
    return at < 0 ? otherwise : this.#view.getUint8(at);
  }

  long(field: number): number {
    const at = this.#place(field);
    return at < 0 ? 0 : longAt(this.#view, at);
  }

  table(field: number): Table | null {
    const at = this.#place(field);
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset, this.#view.byteLength);
    return at < 0 ? null : new Table(bytes, at + this.#view.getInt32(at, true));
  }

  structs<T>(field: number, stride: number, read: (view: DataView, at: number) => T): T[] {
    const at = this.#place(field);
    if (at < 0) return [];
    const vector = at + this.#view.getInt32(at, true);
    return Array.from({ length: this.#view.getInt32(vector, true) }, (_, i) =>
      read(this.#view, vector + 4 + i * stride),
    );
  }
}

function longAt(view: DataView, at: number): number {
  return Number(view.getBigInt64(at, true));
}
