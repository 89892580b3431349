/**
 * A keyed multiset of rows: what a join holds of each side, a ranking of each group, an as-of join of each key.
 *
 * Rows are kept in columns by slot (`RowStore`); the rows of a key form a list in the order in which they came. A row of
 * weight −1 takes away an equal row that is there; where none is there it waits as a row of negative weight, so that
 * changes may come in any order. Finding equal rows needs an index over the rows' contents, which is made with the first
 * retraction: streams that only ever add never pay for it.
 *
 * An arrangement that several operators read keeps a journal of the step at work. Each reader begins with `rewind`, which
 * takes the arrangement back to the step's beginning, and makes the same changes in the same order; only the first pays
 * for them, to the others `add` and `remove` give what they gave to it. So each finds the rows, in every moment, that it would
 * find in an arrangement of its own.
 */
import type { Batch } from "../columns/batch.ts";
import { IntMap } from "./int-map.ts";
import { CAME, CANCELLED, CHANGED, grown, type Journal, LEFT } from "./journal.ts";
import type { RowStore } from "./row-store.ts";

const NONE = -1;

/** Snapshot of an arrangement; the store is the caller's to save, since several arrangements may share one. */
interface Saved {
  readonly keys: Int32Array;
  readonly totals: Int32Array;
  readonly lengths: Int32Array;
  /** Slots, one key after the other. */
  readonly slots: Int32Array;
  readonly weights: Int32Array;
  readonly marks: Int32Array;
  readonly indexed: boolean;
}

/** What is kept beside each slot of a store: its place in its key's list, its weight, and a mark. */
export class Links {
  next = new Int32Array(0);
  previous = new Int32Array(0);
  entry = new Int32Array(0);
  weight = new Int32Array(0);
  mark = new Int32Array(0);
  /** Hash of the row's contents, and the next slot + 1 in the same bucket; only where contents are indexed. */
  hash = new Int32Array(0);
  same = new Int32Array(0);

  grow(capacity: number): void {
    this.next = grown(this.next, capacity);
    this.previous = grown(this.previous, capacity);
    this.entry = grown(this.entry, capacity);
    this.weight = grown(this.weight, capacity);
    this.mark = grown(this.mark, capacity);
    this.hash = grown(this.hash, capacity);
    this.same = grown(this.same, capacity);
  }
}

export class Arrangement {
  readonly store: RowStore;
  readonly #links: Links;
  /** Key → entry. */
  #entries = new IntMap();
  #key = new Int32Array(8);
  #head = new Int32Array(8);
  #tail = new Int32Array(8);
  #total = new Int32Array(8);
  #freeEntries: number[] = [];
  #entryCount = 0;
  /** Newest slot + 1 by the hash of a row's contents, a power of two long; older ones by `same`. Null until the first retraction. */
  #byContent: Int32Array | null = null;
  #rows = 0;
  /** Rows of negative weight that wait for their match. */
  #owed = 0;
  readonly #journal: Journal | null;

  /** Arrangements over the same store, one for each window, share what is kept by slot. With a journal several may read one. */
  constructor(store: RowStore, links: Links = new Links(), journal: Journal | null = null) {
    this.store = store;
    this.#links = links;
    this.#journal = journal;
  }

  /** Per slot: a number for the operator's own use, such as how many rows of the other side match; 0 at first. */
  get mark(): Int32Array {
    return this.#links.mark;
  }

  /** Number of slots in use. */
  get rows(): number {
    return this.#rows;
  }

  /** Number of keys with rows. */
  get keys(): number {
    let empty = 0;
    for (const entry of this.#journal?.emptied ?? []) if (this.#head[entry] < 0) empty++;
    return this.#entries.size - empty;
  }

  /** Returns the sum of the weights of a key's rows. */
  total(key: number): number {
    const entry = this.#entries.get(key);
    return entry < 0 ? 0 : this.#total[entry];
  }

  /** Returns the slot of a key's oldest row, or −1. */
  first(key: number): number {
    const entry = this.#entries.get(key);
    return entry < 0 ? NONE : this.#head[entry];
  }

  /** Returns the slot of a key's newest row, or −1. */
  last(key: number): number {
    const entry = this.#entries.get(key);
    return entry < 0 ? NONE : this.#tail[entry];
  }

  /** Returns the slot after this one in its key's list, or −1. */
  next(slot: number): number {
    return this.#links.next[slot];
  }

  /** Returns the slot before this one in its key's list, or −1. */
  previous(slot: number): number {
    return this.#links.previous[slot];
  }

  weight(slot: number): number {
    return this.#links.weight[slot];
  }

  keyOf(slot: number): number {
    return this.#key[this.#links.entry[slot]];
  }

  /**
   * Adds a row with its weight, and returns the slot where it was put or that it was taken from. A slot whose weight came
   * to nothing is unlinked and freed, but can be read until the store's `release`.
   */
  add(key: number, batch: Batch, row: number, time: number, weight: number): number {
    const journal = this.#journal;
    if (journal !== null && journal.done < journal.length) return this.#again(journal);
    // A row that comes can only cancel with one that was taken back before it came.
    if (weight < 0 || this.#owed > 0) {
      const found = this.#absorb(key, batch, row, time, weight);
      if (found >= 0) return found;
    }
    const slot = this.store.put(batch, row, time);
    this.append(key, slot, weight);
    journal?.note(slot, CAME, weight);
    return slot;
  }

  /** Appends a slot of the store to a key's list. */
  append(key: number, slot: number, weight: number): void {
    if (slot >= this.#links.next.length) this.#links.grow(this.store.capacity);
    let entry = this.#entries.get(key);
    if (entry < 0) entry = this.#open(key);
    const tail = this.#tail[entry];
    this.#links.next[slot] = NONE;
    this.#links.previous[slot] = tail;
    if (tail < 0) this.#head[entry] = slot;
    else this.#links.next[tail] = slot;
    this.#tail[entry] = slot;
    this.#links.entry[slot] = entry;
    this.#links.weight[slot] = weight;
    this.#total[entry] += weight;
    this.mark[slot] = 0;
    this.#rows++;
    if (weight < 0) this.#owed++;
    if (this.#byContent !== null) this.#remember(slot);
  }

  /** Unlinks a row, whatever its weight, and frees its slot. */
  remove(slot: number): void {
    const journal = this.#journal;
    if (journal !== null && journal.done < journal.length) {
      this.#again(journal);
      return;
    }
    this.#take(slot);
    journal?.note(slot, LEFT, 0);
  }

  /** Takes back what the step at work has changed, so that the next reader can go through it. */
  rewind(): void {
    const journal = this.#journal;
    if (journal === null) return;
    const { slot: slots, change, delta } = journal;
    const { weight } = this.#links;
    while (journal.done > 0) {
      const i = --journal.done;
      const slot = slots[i];
      if (change[i] === CAME) {
        this.#detach(slot);
        continue;
      }
      if (change[i] !== CHANGED) this.#attach(slot);
      weight[slot] -= delta[i];
      this.#total[this.#links.entry[slot]] -= delta[i];
    }
  }

  /** Ends the step that all readers have worked: its changes stay. */
  settle(): void {
    const journal = this.#journal;
    if (journal === null) return;
    while (journal.done < journal.length) this.#again(journal);
    for (const entry of journal.emptied) if (this.#head[entry] < 0) this.#close(entry);
    journal.clear();
  }

  /** Makes the next change of the journal once more, and returns its slot. */
  #again(journal: Journal): number {
    const i = journal.done++;
    const slot = journal.slot[i];
    const change = journal.change[i];
    if (change === CAME) this.#attach(slot);
    else {
      this.#links.weight[slot] += journal.delta[i];
      this.#total[this.#links.entry[slot]] += journal.delta[i];
      if (change !== CHANGED) this.#detach(slot);
    }
    return slot;
  }

  #take(slot: number): void {
    const entry = this.#links.entry[slot];
    this.#detach(slot);
    this.#rows--;
    if (this.#links.weight[slot] < 0) this.#owed--;
    if (this.#byContent !== null) this.#forget(slot);
    this.store.free(slot);
    if (this.#head[entry] >= 0) return;
    // While readers may go back, an empty key keeps its place.
    if (this.#journal === null) this.#close(entry);
    else this.#journal.emptied.add(entry);
  }

  /** Puts a slot between the neighbours that it has, or had when it was taken out (Knuth's dancing links). */
  #attach(slot: number): void {
    const entry = this.#links.entry[slot];
    const next = this.#links.next[slot];
    const previous = this.#links.previous[slot];
    if (previous < 0) this.#head[entry] = slot;
    else this.#links.next[previous] = slot;
    if (next < 0) this.#tail[entry] = slot;
    else this.#links.previous[next] = slot;
    this.#total[entry] += this.#links.weight[slot];
  }

  /** Takes a slot out from between its neighbours; it still knows them. */
  #detach(slot: number): void {
    const entry = this.#links.entry[slot];
    const next = this.#links.next[slot];
    const previous = this.#links.previous[slot];
    if (previous < 0) this.#head[entry] = next;
    else this.#links.next[previous] = next;
    if (next < 0) this.#tail[entry] = previous;
    else this.#links.previous[next] = previous;
    this.#total[entry] -= this.#links.weight[slot];
  }

  /** Calls back for every slot, key by key in the order in which the keys came. */
  forEach(visit: (slot: number) => void): void {
    // An entry that is free has no rows.
    for (let entry = 0; entry < this.#entryCount; entry++)
      for (let s = this.#head[entry]; s >= 0; s = this.#links.next[s]) visit(s);
  }

  /** Frees all rows. Afterwards the arrangement is as if new, but for the room that it has. Not for one with a journal. */
  clear(): void {
    const { next } = this.#links;
    for (let entry = 0; entry < this.#entryCount; entry++)
      for (let s = this.#head[entry]; s >= 0; s = next[s]) this.store.free(s);
    this.#entries.clear();
    this.#freeEntries.length = 0;
    this.#entryCount = 0;
    this.#byContent = null;
    this.#rows = 0;
    this.#owed = 0;
  }

  snapshot(): Saved {
    const entries = this.#live();
    const slots: number[] = [];
    const lengths: number[] = [];
    for (const entry of entries) {
      const from = slots.length;
      for (let s = this.#head[entry]; s >= 0; s = this.#links.next[s]) slots.push(s);
      lengths.push(slots.length - from);
    }
    return {
      keys: Int32Array.from(entries, e => this.#key[e]),
      totals: Int32Array.from(entries, e => this.#total[e]),
      lengths: Int32Array.from(lengths),
      slots: Int32Array.from(slots),
      weights: Int32Array.from(slots, s => this.#links.weight[s]),
      marks: Int32Array.from(slots, s => this.mark[s]),
      indexed: this.#byContent !== null,
    };
  }

  /** Puts rows back; the store must have been restored before. */
  restore(snapshot: unknown): void {
    const from = snapshot as Saved;
    let i = 0;
    from.keys.forEach((key, k) => {
      for (let end = i + from.lengths[k]; i < end; i++) {
        this.append(key, from.slots[i], from.weights[i]);
        this.mark[from.slots[i]] = from.marks[i];
      }
    });
    if (from.indexed) this.#index();
  }

  /** Lets a row cancel with, or add to, an equal one that is there. Returns −1 when there is none to use. */
  #absorb(key: number, batch: Batch, row: number, time: number, weight: number): number {
    if (this.#byContent === null) this.#index();
    const buckets = this.#byContent as unknown as Int32Array;
    const { hash: hashes, same } = this.#links;
    const hash = this.store.hash(batch, row);
    let found = NONE;
    // Of several equal rows the one of the same time goes first, then the newest.
    for (let slot = buckets[hash & (buckets.length - 1)] - 1; slot >= 0; slot = same[slot] - 1) {
      if (hashes[slot] !== hash || this.#links.weight[slot] > 0 === weight > 0) continue;
      if (this.keyOf(slot) !== key || !this.store.equals(slot, batch, row)) continue;
      if (found < 0) found = slot;
      if (this.store.time[slot] === time) {
        found = slot;
        break;
      }
    }
    if (found < 0) return NONE;
    const before = this.#links.weight[found];
    this.#links.weight[found] += weight;
    if (before < 0 && before + weight >= 0) this.#owed--;
    this.#total[this.#links.entry[found]] += weight;
    const gone = this.#links.weight[found] === 0;
    if (gone) this.#take(found);
    this.#journal?.note(found, gone ? CANCELLED : CHANGED, weight);
    return found;
  }

  /** Makes the index of contents, or a larger one, with room for as many rows again. */
  #index(): void {
    const known = this.#byContent !== null;
    const { hash } = this.#links;
    let size = 16;
    while (size < 2 * this.#rows) size *= 2;
    this.#byContent = new Int32Array(size);
    this.forEach(slot => {
      if (!known) hash[slot] = this.store.hashOf(slot);
      this.#bucket(slot);
    });
  }

  #remember(slot: number): void {
    this.#links.hash[slot] = this.store.hashOf(slot);
    if (this.#rows > (this.#byContent as Int32Array).length) this.#index();
    else this.#bucket(slot);
  }

  /** Puts a slot at the head of its bucket. */
  #bucket(slot: number): void {
    const buckets = this.#byContent as Int32Array;
    const place = this.#links.hash[slot] & (buckets.length - 1);
    this.#links.same[slot] = buckets[place];
    buckets[place] = slot + 1;
  }

  #forget(slot: number): void {
    const buckets = this.#byContent as Int32Array;
    const { hash, same } = this.#links;
    const place = hash[slot] & (buckets.length - 1);
    if (buckets[place] === slot + 1) {
      buckets[place] = same[slot];
      return;
    }
    let before = buckets[place] - 1;
    while (same[before] !== slot + 1) before = same[before] - 1;
    same[before] = same[slot];
  }

  /** Entries in use, in the order in which they were opened as far as free ones were not used again. */
  #live(): number[] {
    const free = new Set(this.#freeEntries);
    return Array.from({ length: this.#entryCount }, (_, e) => e).filter(e => !free.has(e));
  }

  #open(key: number): number {
    const entry = this.#freeEntries.length > 0 ? (this.#freeEntries.pop() as number) : this.#entryCount++;
    if (entry >= this.#key.length) this.#growEntries();
    this.#entries.set(key, entry);
    this.#key[entry] = key;
    this.#head[entry] = NONE;
    this.#tail[entry] = NONE;
    this.#total[entry] = 0;
    return entry;
  }

  #close(entry: number): void {
    this.#entries.delete(this.#key[entry]);
    this.#freeEntries.push(entry);
  }

  #growEntries(): void {
    this.#key = grown(this.#key, 2 * this.#key.length);
    this.#head = grown(this.#head, this.#key.length);
    this.#tail = grown(this.#tail, this.#key.length);
    this.#total = grown(this.#total, this.#key.length);
  }
}
