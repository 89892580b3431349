/** A heap of small integers by the time at which they are due, in typed arrays, whose top can be put off in place. */
export class DueHeap {
  #times = new Float64Array(64);
  #items = new Int32Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The earliest time, or Infinity when there is none. */
  get first(): number {
    return this.#size === 0 ? Infinity : this.#times[0];
  }

  /** The item of the earliest time. */
  get firstItem(): number {
    return this.#items[0];
  }

  push(time: number, item: number): void {
    if (this.#size === this.#times.length) this.#grow();
    const times = this.#times;
    const items = this.#items;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (times[parent] <= time) break;
      times[at] = times[parent];
      items[at] = items[parent];
      at = parent;
    }
    times[at] = time;
    items[at] = item;
  }

  /** Takes out the item of the earliest time. */
  pop(): number {
    const item = this.#items[0];
    const last = --this.#size;
    if (last > 0) this.#sink(this.#times[last], this.#items[last]);
    return item;
  }

  /** Puts the item of the earliest time off to a later one. */
  postpone(time: number): void {
    this.#sink(time, this.#items[0]);
  }

  /** Puts an entry at the top, in place of the one there, and lets it sink to where it belongs. */
  #sink(time: number, item: number): void {
    const times = this.#times;
    const items = this.#items;
    const size = this.#size;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && times[child + 1] < times[child]) child++;
      if (times[child] >= time) break;
      times[at] = times[child];
      items[at] = items[child];
      at = child;
    }
    times[at] = time;
    items[at] = item;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#times.length);
    const items = new Int32Array(2 * this.#items.length);
    times.set(this.#times);
    items.set(this.#items);
    this.#times = times;
    this.#items = items;
  }
}
