/**
 * Things to come back to at a time: earliest first, and at one time in the order in which they were put in.
 *
 * What is put in mostly comes in order of time already. As far as it does it waits in a line, which costs nothing to put in order;
 * the rest is in a heap beside it, and the earlier of the two heads is first.
 */
export class Due {
  readonly #line = new Entries();
  /** The first in line. */
  #head = 0;
  readonly #heap = new Entries();
  #next = 0;
  #ticket = -1;

  get size(): number {
    return this.#line.count - this.#head + this.#heap.count;
  }

  /** The earliest time; Infinity when there is nothing. */
  get first(): number {
    const line = this.#head < this.#line.count ? this.#line.time[this.#head] : Infinity;
    return this.#heap.count > 0 && this.#heap.time[0] < line ? this.#heap.time[0] : line;
  }

  /** Whether there is something before a time. */
  isBefore(time: number): boolean {
    return (
      (this.#head < this.#line.count && this.#line.time[this.#head] < time) ||
      (this.#heap.count > 0 && this.#heap.time[0] < time)
    );
  }

  /** The ticket of the item that was taken out last. */
  get ticket(): number {
    return this.#ticket;
  }

  /** Puts an item in and returns its ticket, which no other has. */
  push(time: number, item: number): number {
    const ticket = this.#next++;
    const line = this.#line;
    const { count } = line;
    if (count === this.#head || time >= line.time[count - 1]) {
      if (count === line.time.length && 2 * this.#head >= count) {
        line.drop(this.#head);
        this.#head = 0;
      }
      line.push(time, ticket, item);
    } else this.#sink(time, ticket, item);
    return ticket;
  }

  /** Takes out the item of the earliest time. */
  pop(): number {
    const line = this.#line;
    const heap = this.#heap;
    const at = this.#head;
    if (heap.count > 0 && (at === line.count || heap.before(0, line, at))) return this.#rise();
    this.#ticket = line.ticket[at];
    if (++this.#head === line.count) line.count = this.#head = 0;
    return line.item[at];
  }

  snapshot(): unknown {
    const line = this.#line.slice(this.#head);
    return { line, heap: this.#heap.slice(0), next: this.#next };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as { line: SavedEntries; heap: SavedEntries; next: number };
    this.#line.load(from.line);
    this.#head = 0;
    this.#heap.load(from.heap);
    this.#next = from.next;
  }

  /** Puts an entry into the heap. */
  #sink(time: number, ticket: number, item: number): void {
    const heap = this.#heap;
    heap.push(time, ticket, item);
    let at = heap.count - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      // What is put in last is never before another of its time.
      if (heap.time[parent] <= time) break;
      heap.move(parent, at);
      at = parent;
    }
    heap.set(at, time, ticket, item);
  }

  /** Takes the first entry out of the heap. */
  #rise(): number {
    const heap = this.#heap;
    const item = heap.item[0];
    this.#ticket = heap.ticket[0];
    const last = --heap.count;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && heap.before(child + 1, heap, child)) child++;
      if (!heap.before(child, heap, last)) break;
      heap.move(child, at);
      at = child;
    }
    heap.move(last, at);
    return item;
  }
}

interface SavedEntries {
  readonly time: Float64Array;
  readonly ticket: Float64Array;
  readonly item: Float64Array;
}

/** Entries of a queue side by side. */
class Entries {
  time = new Float64Array(16);
  ticket = new Float64Array(16);
  item = new Float64Array(16);
  count = 0;

  push(time: number, ticket: number, item: number): void {
    if (this.count === this.time.length) {
      this.time = doubled(this.time);
      this.ticket = doubled(this.ticket);
      this.item = doubled(this.item);
    }
    this.set(this.count++, time, ticket, item);
  }

  set(at: number, time: number, ticket: number, item: number): void {
    this.time[at] = time;
    this.ticket[at] = ticket;
    this.item[at] = item;
  }

  move(from: number, to: number): void {
    this.set(to, this.time[from], this.ticket[from], this.item[from]);
  }

  /** Whether an entry comes before one of the same or another list. */
  before(at: number, other: Entries, there: number): boolean {
    const a = this.time[at];
    const b = other.time[there];
    return a < b || (a === b && this.ticket[at] < other.ticket[there]);
  }

  /** Drops the first so many entries. */
  drop(some: number): void {
    for (const list of [this.time, this.ticket, this.item]) list.copyWithin(0, some, this.count);
    this.count -= some;
  }

  slice(from: number): SavedEntries {
    const { time, ticket, item, count } = this;
    return { time: time.slice(from, count), ticket: ticket.slice(from, count), item: item.slice(from, count) };
  }

  load(saved: SavedEntries): void {
    this.count = 0;
    for (let i = 0; i < saved.time.length; i++) this.push(saved.time[i], saved.ticket[i], saved.item[i]);
  }
}

function doubled(from: Float64Array): Float64Array<ArrayBuffer> {
  const to = new Float64Array(2 * from.length);
  to.set(from);
  return to;
}
