/**
 * What a shard hands over: what came out in one step, node by node. Where the shard is worked in another thread, its arrays are
 * copied into memory that both share, one part after the other in a few slots that are used again and again, so that nothing is
 * allocated, cloned or sent for a step. What cannot lie there goes along in a message: new strings, json, and slots that are larger.
 */
import type { Column, Schema, Value } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import type { Flow } from "../flow.ts";
import { Translation } from "../row-store.ts";

/** The output of a shard in one step. It is valid until the next is asked for. */
export interface ShardPart {
  /** Positions of the step. */
  readonly length: number;
  /** By cut, in the plan's order. */
  readonly outputs: readonly CutOutput[];
}

export interface CutOutput {
  /** Its rows, without a selection. */
  readonly flow: Flow;
  /** The place of the source whose watermark it has, which is then not handed over; −1: it has one of its own. */
  readonly source: number;
}

/** What belongs to a part and does not lie in its slot. Plain data. */
export interface PartExtras {
  /** A larger slot in the place of this one. */
  readonly room: SharedArrayBuffer | null;
  /** By cut and column: strings that are new. */
  readonly strings: readonly (readonly [cut: number, column: number, strings: readonly string[]])[];
  readonly json: readonly (readonly [cut: number, column: number, values: readonly Value[]])[];
}

/** What both ends know of a cut. */
export type CutSchemas = readonly Schema[];

/** Memory for parts: those that have not been needed yet are null. */
export type Slots = readonly (SharedArrayBuffer | null)[];

/** Makes room for so many parts. */
export function emptySlots(count: number): Slots {
  return Array.from({ length: count }, () => null);
}

type Numbers = Float64Array | Int32Array | Uint8Array;

/** Flags of a cut in a part: which arrays it has. */
const AT = 1;
const CLOCK = 2;
const WEIGHT = 4;
const PANE = 8;
const TURNS = 16;

/** Words that come before all else, and of each cut before those of its columns. */
const PART_WORDS = 1;
const CUT_WORDS = 3;

function headerBytes(schemas: CutSchemas): number {
  return aligned(4 * schemas.reduce((words, schema) => words + CUT_WORDS + schema.length, PART_WORDS));
}

function aligned(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Writes parts into slots: part n into slot n modulo their number. */
export class PartWriter {
  readonly #slots: (SharedArrayBuffer | null)[];
  readonly #dictionaries: ReadonlyMap<Dictionary, number>;
  readonly #own: readonly (readonly OwnStrings[])[];
  readonly #words: Int32Array;
  readonly #first: number;
  /** Arrays of the part, in order, and where the next goes. */
  #arrays: Numbers[] = [];
  #bytes = 0;

  /** `dictionaries`: those of the logs, by their places. `slots`: those that the reader has as well. */
  constructor(schemas: CutSchemas, dictionaries: ReadonlyMap<Dictionary, number>, slots: Slots) {
    this.#slots = [...slots];
    this.#dictionaries = dictionaries;
    this.#own = schemas.map(schema => schema.map(() => new OwnStrings()));
    this.#first = headerBytes(schemas);
    this.#words = new Int32Array(this.#first / 4);
  }

  /** Writes a part. Returns what has to be handed over beside it, or null. */
  write({ length, outputs }: ShardPart, number: number): PartExtras | null {
    const words = this.#words;
    const strings: [number, number, readonly string[]][] = [];
    const json: [number, number, readonly Value[]][] = [];
    this.#arrays = [];
    this.#bytes = this.#first;
    words[0] = length;
    let word = PART_WORDS;
    outputs.forEach(({ flow, source }, cut) => {
      words[word++] = flow.count;
      words[word++] = flagsOf(flow);
      words[word++] = source;
      if (source < 0) this.#put(flow.watermark, length);
      if (flow.count > 0) this.#putRows(flow);
      flow.batch.columns.forEach((column, c) => {
        words[word++] = flow.count === 0 ? 0 : this.#putColumn(column, flow.count, cut, c);
        if (column.type === "json" && flow.count > 0) json.push([cut, c, column.values.slice(0, flow.count)]);
        const fresh = this.#own[cut][c].fresh();
        if (fresh !== null) strings.push([cut, c, fresh]);
      });
    });
    const room = this.#copy(number % this.#slots.length);
    return room === null && strings.length === 0 && json.length === 0 ? null : { room, strings, json };
  }

  #putRows({ count, at, time, clock, weight, pane, turns }: Flow): void {
    if (at !== null) this.#put(at, count);
    this.#put(time, count);
    if (clock !== null) this.#put(clock, count);
    if (weight !== null) this.#put(weight, count);
    if (pane !== null) {
      this.#put(pane.timing, count);
      this.#put(pane.index, count);
      this.#put(pane.nonSpeculativeIndex, count);
      this.#put(pane.first, count);
      this.#put(pane.last, count);
    }
    if (turns !== null && turns !== undefined) {
      this.#put(turns.cause, count);
      this.#put(turns.end, count);
      this.#put(turns.start, count);
      this.#put(turns.key, count);
    }
  }

  /** Returns the word of a column: whether it has a mask, or the place of its dictionary. */
  #putColumn(column: Column, count: number, cut: number, c: number): number {
    switch (column.type) {
      case "number":
      case "timestamp":
      case "boolean":
        this.#put(column.values, count);
        if (column.valid === null) return 0;
        this.#put(column.valid, count);
        return 1;
      case "string": {
        const place = this.#dictionaries.get(column.dictionary);
        this.#put(place === undefined ? this.#own[cut][c].codes(column, count) : column.codes, count);
        return place ?? -1;
      }
      case "json":
        return 0;
    }
  }

  #put(array: Numbers, count: number): void {
    const own = array.length === count ? array : array.subarray(0, count);
    this.#arrays.push(own);
    this.#bytes += aligned(own.byteLength);
  }

  /** Copies everything into a slot. Returns the slot if it had to be made. */
  #copy(slot: number): SharedArrayBuffer | null {
    let buffer = this.#slots[slot];
    let made = null;
    if (buffer === null || buffer.byteLength < this.#bytes)
      this.#slots[slot] = buffer = made = new SharedArrayBuffer(this.#bytes + (this.#bytes >> 1));
    new Int32Array(buffer, 0, this.#words.length).set(this.#words);
    let offset = this.#first;
    for (const array of this.#arrays) {
      const { length } = array;
      if (array instanceof Float64Array) new Float64Array(buffer, offset, length).set(array);
      else if (array instanceof Int32Array) new Int32Array(buffer, offset, length).set(array);
      else new Uint8Array(buffer, offset, length).set(array);
      offset += aligned(array.byteLength);
    }
    this.#arrays = [];
    return made;
  }
}

function flagsOf({ at, clock, weight, pane, turns }: Flow): number {
  return (
    (at === null ? 0 : AT) |
    (clock === null ? 0 : CLOCK) |
    (weight === null ? 0 : WEIGHT) |
    (pane === null ? 0 : PANE) |
    (turns === null || turns === undefined ? 0 : TURNS)
  );
}

/** The strings of a column that are none of a log's, in a dictionary of the column's own, of which the other end is told. */
class OwnStrings {
  readonly #own = new Translation();
  #told = 0;
  #scratch = new Int32Array(0);

  codes({ codes, dictionary }: Extract<Column, { type: "string" }>, count: number): Int32Array {
    if (this.#scratch.length < count) this.#scratch = new Int32Array(2 * count);
    const table = this.#own.table(dictionary);
    const out = this.#scratch.subarray(0, count);
    for (let i = 0; i < count; i++) out[i] = codes[i] < 0 ? -1 : table[codes[i]];
    return out;
  }

  /** Strings that have not been told of; null if there are none. */
  fresh(): readonly string[] | null {
    const { values } = this.#own.into;
    if (values.length === this.#told) return null;
    const fresh = values.slice(this.#told);
    this.#told = values.length;
    return fresh;
  }
}

/** Reads what a `PartWriter` wrote. */
export class PartReader {
  readonly #schemas: CutSchemas;
  readonly #slots: (SharedArrayBuffer | null)[];
  /** Dictionaries of the logs by their places. */
  readonly #logs: readonly Dictionary[];
  readonly #own: readonly (readonly Dictionary[])[];
  readonly #first: number;

  constructor(schemas: CutSchemas, logs: readonly Dictionary[], slots: Slots) {
    this.#schemas = schemas;
    this.#slots = [...slots];
    this.#logs = logs;
    this.#own = schemas.map(schema => schema.map(() => new Dictionary()));
    this.#first = headerBytes(schemas);
  }

  /** The slots as they are now, for another writer and reader. */
  get slots(): Slots {
    return this.#slots;
  }

  /** Reads a part, with what was handed over beside it. Its arrays are those of the slot. */
  read(number: number, extras: PartExtras | null): ShardPart {
    const slot = number % this.#slots.length;
    if (extras !== null && extras.room !== null) this.#slots[slot] = extras.room;
    for (const [cut, c, strings] of extras?.strings ?? []) for (const text of strings) this.#own[cut][c].code(text);
    const buffer = this.#slots[slot];
    if (buffer === null) throw new Error("A part was read before its slot was handed over.");
    const words = new Int32Array(buffer, 0, this.#first / 4);
    const json = (cut: number, c: number): readonly Value[] =>
      extras?.json.find(([of, column]) => of === cut && column === c)?.[2] ?? [];
    const [length] = words;
    const arrays = new Arrays(buffer, this.#first);
    let word = PART_WORDS;
    const outputs = this.#schemas.map((schema, cut) => {
      const count = words[word];
      const flags = words[word + 1];
      const source = words[word + 2];
      word += CUT_WORDS;
      const watermark = source < 0 ? arrays.floats(length) : NOTHING;
      const rows = count === 0 ? 0 : flags;
      const at = (rows & AT) === 0 ? (count === 0 ? new Int32Array(0) : null) : arrays.ints(count);
      const time = arrays.floats(count);
      const clock = (rows & CLOCK) === 0 ? null : arrays.floats(count);
      const weight = (rows & WEIGHT) === 0 ? null : arrays.ints(count);
      const pane = (rows & PANE) === 0 ? null : arrays.panes(count);
      const turns = (rows & TURNS) === 0 ? null : arrays.turns(count);
      const columns = schema.map(({ type }, c): Column => {
        const said = words[word++];
        switch (type) {
          case "number":
          case "timestamp":
            return { type, values: arrays.floats(count), valid: said === 0 ? null : arrays.bytes(count) };
          case "boolean":
            return { type, values: arrays.bytes(count), valid: said === 0 ? null : arrays.bytes(count) };
          case "string":
            return {
              type,
              codes: arrays.ints(count),
              dictionary: said < 0 || count === 0 ? this.#own[cut][c] : this.#logs[said],
            };
          case "json":
            return { type, values: json(cut, c) };
        }
      });
      const batch = { schema, length: count, columns };
      return { source, flow: { batch, selection: null, count, at, time, clock, weight, pane, turns, watermark } };
    });
    return { length, outputs };
  }
}

const NOTHING = new Float64Array(0);

/** Views of a slot, one after the other. */
class Arrays {
  readonly #buffer: SharedArrayBuffer;
  #offset: number;

  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.#buffer = buffer;
    this.#offset = offset;
  }

  floats(count: number): Float64Array {
    const array = new Float64Array(this.#buffer, this.#offset, count);
    this.#offset += 8 * count;
    return array;
  }

  ints(count: number): Int32Array {
    const array = new Int32Array(this.#buffer, this.#offset, count);
    this.#offset += aligned(4 * count);
    return array;
  }

  bytes(count: number): Uint8Array {
    const array = new Uint8Array(this.#buffer, this.#offset, count);
    this.#offset += aligned(count);
    return array;
  }

  panes(count: number): NonNullable<Flow["pane"]> {
    return {
      timing: this.bytes(count),
      index: this.ints(count),
      nonSpeculativeIndex: this.ints(count),
      first: this.bytes(count),
      last: this.bytes(count),
    };
  }

  turns(count: number): NonNullable<Flow["turns"]> {
    return {
      cause: this.bytes(count),
      end: this.floats(count),
      start: this.floats(count),
      key: this.floats(count),
    };
  }
}
