/**
 * Numbers of keys, found once for all who read them.
 *
 * ```
 * payments ──▶ keys by account ──▶ payments ⋈ accounts, counts by account, the last of each account
 *                   ▲
 * accounts ──▶ keys by id          numbered alike, because they meet in the join
 * ```
 *
 * Grouping, deduplication, rankings and joins go by the same numbers where they read the same output by the same expressions and were
 * planned together (`holdings.ts`). The numbers of a batch are worked out by whoever asks first.
 */
import type { Batch } from "../columns/batch.ts";
import type { Column, Schema } from "../columns/column.ts";
import type { RowExpression } from "../expressions/tree.ts";
import { KeyIndex, keyColumns } from "./key-index.ts";

/** Numbers the keys of readers that meet in a join, or read the same, all alike. */
export class Numbering {
  readonly name: number;
  /** Whether all keys come from one output, so that its readers meet every number. */
  readonly isOfOne: boolean;
  readonly #index: KeyIndex;
  readonly #readers = new Map<string, KeyReader>();
  #saved: SavedNumbering | null = null;

  constructor(width: number, name: number, isOfOne: boolean) {
    this.#index = new KeyIndex(width);
    this.name = name;
    this.isOfOne = isOfOne;
  }

  /** Returns the reader known by an id, or makes it. */
  reader(id: string, make: () => KeyReader): KeyReader {
    let found = this.#readers.get(id);
    if (found === undefined) this.#readers.set(id, (found = make()));
    return found;
  }

  /** Writes the number of the key of each of `count` rows, in which null is a value like any other. */
  ids(columns: readonly Column[], count: number, into: Int32Array): void {
    this.#saved = null;
    this.#index.ids(columns, count, true, into);
  }

  /** Writes −1 for numbers of keys that have a null, and the others as they are. */
  matches(ids: Int32Array, count: number, into: Int32Array): void {
    this.#index.withoutNulls(ids, count, into);
  }

  /** Gives the same object until there is something new, so that readers who share it save it once. */
  snapshot(): SavedNumbering {
    return (this.#saved ??= { name: this.name, isOfOne: this.isOfOne, keys: this.#index.snapshot() });
  }

  restore({ keys }: SavedNumbering): void {
    this.#index.restore(keys);
  }
}

export interface SavedNumbering {
  readonly name: number;
  readonly isOfOne: boolean;
  readonly keys: unknown;
}

/** Finds the keys of the rows of one output. Arrays that it hands out are used again for the next batch; they are not to be written to. */
export class KeyReader {
  readonly #columnsOf: (batch: Batch) => Column[];
  readonly #numbering: Numbering;
  /** The batch that was read last, its key columns, and the numbers of its rows: all of them, and those without a null. */
  #batch: Batch | null = null;
  #columns: Column[] = [];
  #ids = new Int32Array(0);
  #matches = new Int32Array(0);
  #matched = false;

  constructor(keys: readonly RowExpression[], input: Schema, codegen: boolean, numbering: Numbering) {
    this.#columnsOf = keyColumns(keys, input, codegen);
    this.#numbering = numbering;
  }

  /** Returns the number of each row's key, in which null is a value like any other. */
  ids(batch: Batch): Int32Array {
    const { length } = batch;
    if (batch === this.#batch || length === 0) return this.#ids;
    if (this.#ids.length < length) this.#ids = new Int32Array(Math.max(length, 2 * this.#ids.length));
    this.#columns = this.#columnsOf(batch);
    this.#numbering.ids(this.#columns, length, this.#ids);
    this.#batch = batch;
    this.#matched = false;
    return this.#ids;
  }

  /** Returns the number of each row's key; −1 where it has a null, which matches nothing. */
  matches(batch: Batch): Int32Array {
    const { length } = batch;
    const ids = this.ids(batch);
    if (this.#matched || length === 0) return this.#matches;
    if (this.#matches.length < length) this.#matches = new Int32Array(ids.length);
    this.#numbering.matches(ids, length, this.#matches);
    this.#matched = true;
    return this.#matches;
  }

  /** Returns the key columns of a batch. */
  columns(batch: Batch): Column[] {
    this.ids(batch);
    return batch.length === 0 ? this.#columnsOf(batch) : this.#columns;
  }
}
