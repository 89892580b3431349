/** A map from non-negative integers to non-negative integers by open addressing, for keys that come and go. */
export class IntMap {
  /** Key + 1 per slot, 0 for an empty one; a power of two long, at most half full. */
  #keys = new Int32Array(16);
  #values = new Int32Array(16);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns the value of a key, or -1. */
  get(key: number): number {
    const mask = this.#keys.length - 1;
    for (let at = spread(key) & mask; ; at = (at + 1) & mask) {
      const found = this.#keys[at];
      if (found === key + 1) return this.#values[at];
      if (found === 0) return -1;
    }
  }

  set(key: number, value: number): void {
    const mask = this.#keys.length - 1;
    let at = spread(key) & mask;
    while (this.#keys[at] !== 0 && this.#keys[at] !== key + 1) at = (at + 1) & mask;
    if (this.#keys[at] === 0) this.#size++;
    this.#keys[at] = key + 1;
    this.#values[at] = value;
    if (this.#size * 2 > this.#keys.length) this.#grow();
  }

  /** Takes a key out; those that had to make way for it move back, so that no tombstones are left behind. */
  delete(key: number): void {
    const mask = this.#keys.length - 1;
    let at = spread(key) & mask;
    while (this.#keys[at] !== key + 1) {
      if (this.#keys[at] === 0) return;
      at = (at + 1) & mask;
    }
    this.#size--;
    for (let next = (at + 1) & mask; ; next = (next + 1) & mask) {
      if (this.#keys[next] === 0) break;
      const home = spread(this.#keys[next] - 1) & mask;
      // Movable if its home does not lie cyclically in (at, next].
      if (at <= next ? home <= at || home > next : home <= at && home > next) {
        this.#keys[at] = this.#keys[next];
        this.#values[at] = this.#values[next];
        at = next;
      }
    }
    this.#keys[at] = 0;
  }

  /** Takes all keys out. Keeps its room, unless there was little in much of it. */
  clear(): void {
    const { length } = this.#keys;
    if (length > 64 && 8 * this.#size < length) {
      this.#keys = new Int32Array(length / 2);
      this.#values = new Int32Array(length / 2);
    } else this.#keys.fill(0);
    this.#size = 0;
  }

  /** Lists all keys with their values. */
  entries(): [number, number][] {
    const out: [number, number][] = [];
    for (let i = 0; i < this.#keys.length; i++) if (this.#keys[i] !== 0) out.push([this.#keys[i] - 1, this.#values[i]]);
    return out;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Int32Array(keys.length * 2);
    this.#values = new Int32Array(keys.length * 2);
    this.#size = 0;
    for (let i = 0; i < keys.length; i++) if (keys[i] !== 0) this.set(keys[i] - 1, values[i]);
  }
}

function spread(key: number): number {
  const h = Math.imul(key, 0x9e3779b1);
  return h ^ (h >>> 15);
}
