/** A heap of things to come back to at a time, earliest first. Entries that lost their meaning are skipped by the caller. */
export class TimeHeap<T> {
  /** The earliest time, or NaN when there is none. Whoever asks for every row reads it here: a number that is returned may be put into a box. */
  readonly head = Float64Array.of(NaN);
  readonly #times: number[] = [];
  readonly #items: T[] = [];

  get size(): number {
    return this.#times.length;
  }

  /** The earliest time, or NaN when there is none: comparisons with it are false. */
  get first(): number {
    return this.head[0];
  }

  /** The item of the earliest time. */
  get firstItem(): T {
    return this.#items[0];
  }

  push(time: number, item: T): void {
    const times = this.#times;
    const items = this.#items;
    let at = times.length;
    times.push(time);
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (times[parent] <= time) break;
      times[at] = times[parent];
      items[at] = items[parent];
      at = parent;
    }
    times[at] = time;
    items[at] = item;
    this.head[0] = times[0];
  }

  /** Takes out the item of the earliest time. */
  pop(): T {
    const times = this.#times;
    const items = this.#items;
    const out = items[0];
    const time = times.pop() as number;
    const item = items.pop() as T;
    const length = times.length;
    if (length === 0) {
      this.head[0] = NaN;
      return out;
    }
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && times[child + 1] < times[child]) child++;
      if (times[child] >= time) break;
      times[at] = times[child];
      items[at] = items[child];
      at = child;
    }
    times[at] = time;
    items[at] = item;
    this.head[0] = times[0];
    return out;
  }
}

/** Things to come back to at times, where many often share one: those that were put in one after the other lie together. */
export class Timers<T> {
  readonly #heap = new TimeHeap<T[]>();
  /** As of a `TimeHeap`. */
  readonly head = this.#heap.head;
  /** The time put in last, and what lies there. */
  #time = NaN;
  #last: T[] = [];

  /** The earliest time, or NaN when there is none. */
  get first(): number {
    return this.#heap.first;
  }

  push(time: number, item: T): void {
    if (time === this.#time) {
      this.#last.push(item);
      return;
    }
    this.#time = time;
    this.#last = [item];
    this.#heap.push(time, this.#last);
  }

  /** Takes out things of the earliest time; of the same time there may be more. */
  pop(): readonly T[] {
    if (this.#heap.first === this.#time) this.#time = NaN;
    return this.#heap.pop();
  }
}
