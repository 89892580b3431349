/**
 * Puts the rows of a table in order, a stretch at a time, so that sorting millions of rows keeps nobody waiting.
 *
 * Each column becomes whole numbers that are in order where its values are: the bits of a number, the rank of a text among
 * the texts there are. Rows are then dealt out by sixteen bits of these at a time, the least first (a radix sort, which
 * leaves rows that are alike in their order); digits that all rows share cost nothing. A null comes last in either
 * direction.
 */
import type { LogColumn } from "./log-column.ts";
import type { TableColumn } from "./table-column.ts";

type AnyColumn = TableColumn | LogColumn;

/** One of the columns that rows are ordered by, the first before the second. */
export interface OrderBy {
  readonly column: AnyColumn;
  readonly descending: boolean;
}

/** Rows between two chances to stop; chunks are whole numbers of such stretches. */
const STRETCH = 32_768;
const DIGITS = 1 << 16;
const FEW = 4_096;
/** After every other number. */
const LAST = 0xffff_ffff;

export class TableOrder {
  /** The table's version when it was begun. */
  readonly version: number;
  readonly #work: Iterator<void>;
  #slots: Int32Array;
  #done = false;

  /** Begins to order the first `length` slots. Rows that change meanwhile may end up in their old place. */
  constructor(by: readonly OrderBy[], length: number, version: number) {
    this.version = version;
    this.#slots = new Int32Array(length);
    this.#work = this.#all(by, length);
  }

  get done(): boolean {
    return this.#done;
  }

  /** The slots in order, once it is done. */
  get slots(): Int32Array {
    return this.#slots;
  }

  /** Works until it is done or `enough` says so. Says whether there is more to do. */
  work(enough: () => boolean = () => false): boolean {
    while (!this.#done) {
      this.#done = this.#work.next().done === true;
      if (!this.#done && enough()) return true;
    }
    return false;
  }

  *#all(by: readonly OrderBy[], length: number): Generator<void, void> {
    for (let from = 0; from < length; from += STRETCH) {
      number(this.#slots, from, Math.min(length, from + STRETCH));
      yield;
    }
    const low = new Uint32Array(length);
    const high = new Uint32Array(length);
    // The last column first: what is dealt out later counts more, and leaves ties as they are.
    for (const { column, descending } of by.toReversed()) {
      yield* keysOf(column, descending, length, low, high);
      if (length < FEW) {
        this.#compare(low, high);
        continue;
      }
      for (const [keys, shift] of [
        [low, 0],
        [low, 16],
        [high, 0],
        [high, 16],
      ] as const)
        yield* this.#deal(keys, shift);
    }
  }

  /** Orders a few rows, for whom there would be more places than rows. */
  #compare(low: Uint32Array, high: Uint32Array): void {
    const before = new Int32Array(this.#slots.length);
    this.#slots.forEach((slot, i) => (before[slot] = i));
    this.#slots.sort((a, b) => high[a] - high[b] || low[a] - low[b] || before[a] - before[b]);
  }

  /** Deals rows out by sixteen bits of their keys. */
  *#deal(keys: Uint32Array, shift: number): Generator<void, void> {
    const { length } = this.#slots;
    if (length === 0) return;
    const places = new Int32Array(DIGITS);
    for (let from = 0; from < length; from += STRETCH) {
      count(keys, shift, places, from, Math.min(length, from + STRETCH));
      yield;
    }
    if (places[(keys[0] >>> shift) & (DIGITS - 1)] === length) return;
    let sum = 0;
    for (let d = 0; d < DIGITS; d++) {
      const rows = places[d];
      places[d] = sum;
      sum += rows;
    }
    const to = new Int32Array(length);
    for (let from = 0; from < length; from += STRETCH) {
      deal(keys, shift, places, this.#slots, to, from, Math.min(length, from + STRETCH));
      yield;
    }
    this.#slots = to;
  }
}

function number(slots: Int32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) slots[i] = i;
}

function count(keys: Uint32Array, shift: number, places: Int32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) places[(keys[i] >>> shift) & (DIGITS - 1)]++;
}

function deal(
  keys: Uint32Array,
  shift: number,
  places: Int32Array,
  slots: Int32Array,
  out: Int32Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    const slot = slots[i];
    out[places[(keys[slot] >>> shift) & (DIGITS - 1)]++] = slot;
  }
}

/** Writes the key of each slot: 64 bits in two halves. */
function* keysOf(
  column: AnyColumn,
  descending: boolean,
  length: number,
  low: Uint32Array,
  high: Uint32Array,
): Generator<void, void> {
  if (column.type !== "string" && column.type !== "json") {
    for (let from = 0; from < length; from += STRETCH) {
      numberKeys(column.numbersIn(from, Math.min(length, from + STRETCH)), descending, low, high, from);
      yield;
    }
    return;
  }
  const text = column.type === "string" ? stringCodes(column) : new TextCodes(column);
  for (let from = 0; from < length; from += STRETCH) {
    text.read(from, Math.min(length, from + STRETCH), low);
    yield;
  }
  const ranks = text.ranks(descending);
  yield;
  for (let from = 0; from < length; from += STRETCH) {
    const to = Math.min(length, from + STRETCH);
    for (let i = from; i < to; i++) low[i] = low[i] === LAST ? LAST : ranks[low[i]];
    high.fill(0, from, to);
    yield;
  }
}

const FLOAT = new Float64Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** The bits of numbers as whole numbers in the same order: of negative ones all are turned, of others the sign. */
function numberKeys(
  numbers: Float64Array,
  descending: boolean,
  low: Uint32Array,
  high: Uint32Array,
  from: number,
): void {
  const turn = descending ? LAST : 0;
  for (let n = 0; n < numbers.length; n++) {
    const value = numbers[n];
    const i = from + n;
    if (Number.isNaN(value)) {
      low[i] = high[i] = LAST;
      continue;
    }
    // Adding 0 makes −0 and 0, which are alike, have the same bits.
    FLOAT[0] = value + 0;
    const negative = BITS[1] >>> 31 === 1 ? LAST : 0;
    low[i] = BITS[0] ^ negative ^ turn;
    high[i] = BITS[1] ^ (negative === 0 ? 0x8000_0000 : LAST) ^ turn;
  }
}

/** Texts as codes, and the ranks of these; a null has the code `LAST`. */
interface Texts {
  read(from: number, to: number, out: Uint32Array): void;
  ranks(descending: boolean): Uint32Array;
}

function stringCodes(column: AnyColumn): Texts {
  return {
    read: (from, to, out) => {
      const codes = column.codesIn(from, to);
      for (let n = 0; n < codes.length; n++) out[from + n] = codes[n] < 0 ? LAST : codes[n];
    },
    ranks: descending => ranksOf(column.texts, descending),
  };
}

/** Nested values, which are ordered by their JSON. */
class TextCodes implements Texts {
  readonly #column: AnyColumn;
  readonly #codes = new Map<string, number>();

  constructor(column: AnyColumn) {
    this.#column = column;
  }

  read(from: number, to: number, out: Uint32Array): void {
    for (let i = from; i < to; i++) {
      const value = this.#column.read(i);
      const text = value === null ? null : typeof value === "string" ? value : JSON.stringify(value);
      let code = text === null ? LAST : this.#codes.get(text);
      if (code === undefined) this.#codes.set(text as string, (code = this.#codes.size));
      out[i] = code;
    }
  }

  ranks(descending: boolean): Uint32Array {
    return ranksOf([...this.#codes.keys()], descending);
  }
}

function ranksOf(texts: readonly string[], descending: boolean): Uint32Array {
  const order = Uint32Array.from(texts, (_, i) => i).sort((a, b) =>
    texts[a] < texts[b] ? -1 : texts[a] > texts[b] ? 1 : 0,
  );
  const ranks = new Uint32Array(texts.length);
  for (let i = 0; i < order.length; i++) ranks[order[i]] = descending ? texts.length - 1 - i : i;
  return ranks;
}
