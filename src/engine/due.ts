/** Things to come back to at a time: earliest first, and at one time in the order in which they were put in. */
export class Due {
  #times: number[] = [];
  #sequence: number[] = [];
  #items: number[] = [];
  #next = 0;

  get size(): number {
    return this.#times.length;
  }

  /** The earliest time; Infinity when there is nothing. */
  get first(): number {
    return this.#times.length === 0 ? Infinity : this.#times[0];
  }

  push(time: number, item: number): void {
    this.#times.push(time);
    this.#sequence.push(this.#next++);
    this.#items.push(item);
    let at = this.#times.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Takes out the item of the earliest time. */
  pop(): number {
    const item = this.#items[0];
    const last = this.#times.length - 1;
    this.#swap(0, last);
    this.#times.pop();
    this.#sequence.pop();
    this.#items.pop();
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#before(child + 1, child)) child++;
      if (!this.#before(child, at)) break;
      this.#swap(at, child);
      at = child;
    }
    return item;
  }

  snapshot(): unknown {
    return { times: [...this.#times], sequence: [...this.#sequence], items: [...this.#items], next: this.#next };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as { times: number[]; sequence: number[]; items: number[]; next: number };
    this.#times = [...from.times];
    this.#sequence = [...from.sequence];
    this.#items = [...from.items];
    this.#next = from.next;
  }

  #before(a: number, b: number): boolean {
    return (
      this.#times[a] < this.#times[b] || (this.#times[a] === this.#times[b] && this.#sequence[a] < this.#sequence[b])
    );
  }

  #swap(a: number, b: number): void {
    for (const list of [this.#times, this.#sequence, this.#items]) [list[a], list[b]] = [list[b], list[a]];
  }
}
