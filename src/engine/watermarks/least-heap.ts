/**
 * A binary heap of partitions with the least watermark on top; of equal ones, the partition with the least number.
 *
 * It is lazy. An entry's value may be one from earlier, which is never too great because watermarks do not go back. So a
 * partition that moves ahead costs nothing until its entry comes to the top, where whoever asks raises it (`raiseTop`):
 * at most once for each move, in O(log n).
 */
export class LeastHeap {
  /** Partitions in heap order, and the values by which they are. */
  #entries = new Int32Array(8);
  #values = new Float64Array(8);
  #size = 0;
  /** Whether a partition has an entry. */
  #inside = new Uint8Array(8);

  /** The partition on top, or -1. */
  get top(): number {
    return this.#size === 0 ? -1 : this.#entries[0];
  }

  /** The value of the partition on top. Means nothing where there is none. */
  get leastValue(): number {
    return this.#values[0];
  }

  /** Adds a partition, unless it is here: then its entry is from earlier, and still no greater. */
  add(partition: number, value: number): void {
    if (partition >= this.#inside.length) {
      const inside = new Uint8Array(Math.max(partition + 1, 2 * this.#inside.length));
      inside.set(this.#inside);
      this.#inside = inside;
    }
    if (this.#inside[partition] === 1) return;
    this.#inside[partition] = 1;
    if (this.#size === this.#entries.length) this.#grow();
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(value, partition, parent)) break;
      this.#entries[at] = this.#entries[parent];
      this.#values[at] = this.#values[parent];
      at = parent;
    }
    this.#entries[at] = partition;
    this.#values[at] = value;
  }

  /** Raises the value of the partition on top, which may then no longer be there. */
  raiseTop(value: number): void {
    this.#sink(this.#entries[0], value);
  }

  removeTop(): void {
    this.#inside[this.#entries[0]] = 0;
    this.#size--;
    if (this.#size > 0) this.#sink(this.#entries[this.#size], this.#values[this.#size]);
  }

  clear(): void {
    this.#size = 0;
    this.#inside.fill(0);
  }

  /** Puts an entry in the place of the one on top and lets it sink to where it belongs. */
  #sink(partition: number, value: number): void {
    const entries = this.#entries;
    const values = this.#values;
    const size = this.#size;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#before(values[child + 1], entries[child + 1], child)) child++;
      if (this.#before(value, partition, child)) break;
      entries[at] = entries[child];
      values[at] = values[child];
      at = child;
    }
    entries[at] = partition;
    values[at] = value;
  }

  /** Whether a value and partition come before those of an entry. */
  #before(value: number, partition: number, entry: number): boolean {
    const other = this.#values[entry];
    return value < other || (value === other && partition < this.#entries[entry]);
  }

  #grow(): void {
    const entries = new Int32Array(2 * this.#entries.length);
    entries.set(this.#entries);
    this.#entries = entries;
    const values = new Float64Array(entries.length);
    values.set(this.#values);
    this.#values = values;
  }
}
