/**
 * Cells of a table by slot, in chunks: a table that grows by millions of rows while somebody looks on must never stop to copy all it
 * has into an array of twice the length. What has been written stays where it is.
 */

/** Slots of a chunk: `slot >>> CHUNK_BITS` is the chunk, `slot & CHUNK_MASK` the place in it. */
export const CHUNK_BITS = 16;
export const CHUNK_MASK = (1 << CHUNK_BITS) - 1;
const CHUNK = 1 << CHUNK_BITS;
/** Slots that the first chunk begins with; it doubles until it is a whole one, since most tables are short. */
const FIRST = 64;

type Numbers = Float64Array | Int32Array;

export class Cells<Store extends Numbers> {
  /** For loops that read and write single cells. All but the first have `CHUNK` slots. */
  readonly chunks: Store[] = [];
  readonly #make: (length: number) => Store;

  constructor(make: (length: number) => Store) {
    this.#make = make;
  }

  /** Makes room for `capacity` slots. New ones hold 0. */
  reserve(capacity: number): void {
    const { chunks } = this;
    const first = Math.min(capacity, CHUNK);
    if (chunks.length === 0 || chunks[0].length < first) {
      let length = chunks.length === 0 ? FIRST : chunks[0].length;
      while (length < first) length *= 2;
      const grown = this.#make(length);
      if (chunks.length > 0) grown.set(chunks[0]);
      chunks[0] = grown;
    }
    while (chunks.length * CHUNK < capacity) chunks.push(this.#make(CHUNK));
  }

  /** Writes numbers, or booleans as bytes, into the slots from `slot` on. */
  set(slot: number, values: Numbers | Uint8Array): void {
    for (let done = 0; done < values.length; ) {
      const place = (slot + done) & CHUNK_MASK;
      const count = Math.min(values.length - done, CHUNK - place);
      const part = count === values.length ? values : values.subarray(done, done + count);
      this.chunks[(slot + done) >>> CHUNK_BITS].set(part, place);
      done += count;
    }
  }

  /** Copies the slots `[from, to)` out. */
  slice(from: number, to: number): Store {
    const length = Math.max(0, to - from);
    if (length === 0) return this.#make(0);
    const chunk = from >>> CHUNK_BITS;
    if ((to - 1) >>> CHUNK_BITS === chunk) return this.#part(from, to).slice() as Store;
    const out = this.#make(length);
    for (let at = from; at < to; ) {
      const end = Math.min(to, ((at >>> CHUNK_BITS) + 1) * CHUNK);
      out.set(this.#part(at, end), at - from);
      at = end;
    }
    return out;
  }

  /** The slots `[from, to)` themselves. Throws where they lie in more than one chunk. */
  within(from: number, to: number): Store {
    if (to > from && from >>> CHUNK_BITS !== (to - 1) >>> CHUNK_BITS)
      throw new RangeError(`Slots ${from} to ${to} lie in several chunks.`);
    return this.#part(from, to);
  }

  #part(from: number, to: number): Store {
    const place = from & CHUNK_MASK;
    return this.chunks[from >>> CHUNK_BITS].subarray(place, place + to - from) as Store;
  }
}

export const floatCells = (): Cells<Float64Array> => new Cells(length => new Float64Array(length));
export const intCells = (): Cells<Int32Array> => new Cells(length => new Int32Array(length));
