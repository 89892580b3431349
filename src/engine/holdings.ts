/**
 * What operators hold of their inputs by key: an arrangement each, or one together where several hold the same.
 *
 * ```
 * accounts ──▶ held by id ◀── payments ⋈ accounts
 *                   ▲    ◀── fees ⋈ accounts
 *                   └─────── lookup of accounts
 * ```
 *
 * Operators share what they hold of the same output by the same keys, if they also forget the same (`Retention`) and were planned
 * together: then they see the same steps, each of them once, and nobody begins the next step before all have worked the
 * one at hand. (While they catch up that is so as well: what has seen least goes first.) A reader that comes with an
 * edit begins with an arrangement of its own, shared with whatever else is new, because it works through the past while
 * the others stand in the present. A reader that goes leaves nothing to do: readers are not counted, and what nobody
 * refers to is gone.
 *
 * Inside a step readers take turns: each goes through its changes from the beginning (`Arrangement.rewind`), so what an
 * operator finds is what it would find on its own. Sides of one operator never share, because they stand at different rows.
 *
 * The idea is that of shared arrangements (McSherry, Lattuada, Schwarzkopf, Roscoe: Shared Arrangements: practical inter-query
 * sharing for streaming dataflows, VLDB 2020). There readers see batches of changes with their times; here they take turns.
 */
import type { Batch } from "../columns/batch.ts";
import type { Column, Schema } from "../columns/column.ts";
import type { RowExpression } from "../expressions/tree.ts";
import { canonical } from "../pipeline/identity.ts";
import { Arrangement, Links } from "./arrangement.ts";
import type { Flow } from "./flow.ts";
import { Journal } from "./journal.ts";
import { KeyIndex, keyColumns } from "./key-index.ts";
import { RowStore } from "./row-store.ts";
import type { Step } from "./step.ts";

/**
 * Which rows of an input stay: `all`; those with a key (`keyed`); the `newest` of each key, as long as none can be taken
 * back; or those with a key in slots that are never used again (`for ever`), since answers point at them. Kept in order of
 * time, until nobody needs them (`times.ts`): `all in time`, or those with a key (`keyed in time`).
 */
export type Retention = "all" | "keyed" | "newest" | "for ever" | "all in time" | "keyed in time";

/** What an operator wants to hold. */
export interface Wish {
  /** Index of the input. */
  readonly input: number;
  readonly keys: readonly RowExpression[];
  readonly retention: Retention;
  /** Whether to share with nobody. Default false. */
  readonly alone?: boolean;
  /** Whether rows may be taken back: what is kept in order of time has to know. Default false. */
  readonly mayGo?: boolean;
}

/** Rows of an input by key that an operator holds, for itself or together with others. */
export interface Held {
  readonly name: number;
  readonly rows: { readonly keys: number; readonly rows: number };
  snapshot(): SavedHolding;
  restore(saved: SavedHolding): void;
}

/** Makes what is held of an input. What is shared is read by several operators in turns. */
export type Holder<H extends Held> = (
  wish: Wish,
  context: HoldingContext,
  numbering: Numbering,
  name: number,
  shared: boolean,
) => H;

/** What holdings are made from besides wishes: part of an operator's context. */
export interface HoldingContext {
  readonly inputs: readonly Schema[];
  readonly codegen: boolean;
}

/** Numbers the keys of holdings that meet in a join, all alike. */
export class Numbering {
  readonly name: number;
  readonly #index: KeyIndex;
  #saved: SavedNumbering | null = null;

  constructor(width: number, name: number) {
    this.#index = new KeyIndex(width);
    this.name = name;
  }

  /** Writes the key of each of `count` rows; −1 where it has a null. */
  ids(columns: readonly Column[], count: number, into: Int32Array): void {
    this.#saved = null;
    this.#index.ids(columns, count, false, into);
  }

  /** Gives the same object until there is something new, so that readers who share it save it once. */
  snapshot(): SavedNumbering {
    return (this.#saved ??= { name: this.name, keys: this.#index.snapshot() });
  }

  restore({ keys }: SavedNumbering): void {
    this.#index.restore(keys);
  }
}

interface SavedNumbering {
  readonly name: number;
  readonly keys: unknown;
}

/** The rows of one output by key, for one operator or several. */
export class Holding implements Held {
  readonly name: number;
  readonly store: RowStore;
  readonly rows: Arrangement;
  readonly #keys: KeyReader;
  readonly #shared: boolean;
  readonly #retention: Retention;
  /** The step at work, or the latest. */
  #step: Step | null = null;
  #ids: Int32Array = new Int32Array(0);
  #saved: SavedHolding | null = null;

  constructor(wish: Wish, context: HoldingContext, numbering: Numbering, name: number, shared: boolean) {
    this.name = name;
    this.store = new RowStore(context.inputs[wish.input]);
    this.rows = new Arrangement(this.store, new Links(), shared ? new Journal() : null);
    this.#keys = new KeyReader(wish, context, numbering);
    this.#shared = shared;
    this.#retention = wish.retention;
  }

  /**
   * Begins a step for one of its readers, and returns the key of each row of the dense flow; −1 where it has a null. The reader
   * then makes all changes of the step. What it found may be read until somebody begins the next step.
   */
  begin(step: Step, flow: Flow): Int32Array {
    if (step === this.#step) {
      this.rows.rewind();
      return this.#ids;
    }
    this.#step = step;
    this.#saved = null;
    this.rows.settle();
    if (this.#retention !== "for ever") this.store.release();
    this.#ids = this.#keys.of(flow);
    return this.#ids;
  }

  /** Takes the state out, between steps. Gives the same object to all readers. */
  snapshot(): SavedHolding {
    if (this.#saved !== null) return this.#saved;
    const saved: SavedHolding = {
      name: this.name,
      shared: this.#shared,
      store: this.store.snapshot(),
      rows: this.rows.snapshot(),
    };
    if (this.#shared) this.#saved = saved;
    return saved;
  }

  restore({ store, rows }: SavedHolding): void {
    this.store.restore(store);
    this.rows.restore(rows);
  }
}

export interface SavedHolding {
  readonly name: number;
  readonly shared: boolean;
  readonly store: unknown;
  readonly rows: unknown;
}

/** Finds the keys of one input's rows. */
export class KeyReader {
  readonly #columns: (batch: Batch) => Column[];
  readonly #numbering: Numbering;
  #ids = new Int32Array(0);

  constructor({ input, keys }: Pick<Wish, "input" | "keys">, context: HoldingContext, numbering: Numbering) {
    this.#columns = keyColumns(keys, context.inputs[input], context.codegen);
    this.#numbering = numbering;
  }

  /** Returns the key of each row of a dense flow; −1 where it has a null. The array is used again by the next call. */
  of({ batch, count }: Flow): Int32Array {
    if (count === 0) return this.#ids;
    if (this.#ids.length < count) this.#ids = new Int32Array(Math.max(count, 2 * this.#ids.length));
    this.#numbering.ids(this.#columns(batch), count, this.#ids);
    return this.#ids;
  }
}

/** What an operator holds: found when it first works, or when its state is put back. */
export class Claim<H extends Held> {
  readonly #wishes: readonly Wish[];
  readonly #ids: readonly string[];
  readonly #context: HoldingContext;
  readonly #holdings: Holdings;
  readonly #holder: Holder<H>;
  #found: { readonly numbering: Numbering; readonly held: readonly H[] } | null = null;

  constructor(
    wishes: readonly Wish[],
    ids: readonly string[],
    context: HoldingContext,
    holdings: Holdings,
    holder: Holder<H>,
  ) {
    this.#wishes = wishes;
    this.#ids = ids;
    this.#context = context;
    this.#holdings = holdings;
    this.#holder = holder;
  }

  /** One holding for each wish. */
  get held(): readonly H[] {
    return this.#find().held;
  }

  /** The numbers of keys that all of them go by. */
  get numbering(): Numbering {
    return this.#find().numbering;
  }

  /** Keys and rows held, shared or not. */
  get size(): { readonly keys: number; readonly rows: number } {
    const held = this.#found?.held ?? [];
    return { keys: Math.max(0, ...held.map(h => h.rows.keys)), rows: held.reduce((sum, h) => sum + h.rows.rows, 0) };
  }

  /** Takes the state out: null where the operator has not worked yet. */
  snapshot(): unknown {
    if (this.#found === null) return null;
    const { numbering, held } = this.#found;
    return { numbering: numbering.snapshot(), held: held.map(h => h.snapshot()) } satisfies Saved;
  }

  /** Puts back what `snapshot` gave, on a fresh operator: with the others that shared it then, and are put back too. */
  restore(snapshot: unknown): void {
    const from = snapshot as Saved | null;
    if (from === null) return;
    const holdings = this.#holdings;
    const numbering = holdings.again(from.numbering, name => new Numbering(this.#wishes[0].keys.length, name));
    const held = this.#wishes.map((wish, i) =>
      holdings.again(from.held[i], (name, { shared }) => this.#holder(wish, this.#context, numbering, name, shared)),
    );
    this.#found = { numbering, held };
    holdings.leave();
  }

  #find(): { readonly numbering: Numbering; readonly held: readonly H[] } {
    if (this.#found !== null) return this.#found;
    const holdings = this.#holdings;
    const numbering = holdings.numbering(this.#ids[0], this.#wishes[0].keys.length);
    const held = this.#wishes.map((wish, i) =>
      holdings.holding(this.#ids[i], (name, shared) => this.#holder(wish, this.#context, numbering, name, shared)),
    );
    holdings.leave();
    return (this.#found = { numbering, held });
  }
}

interface Saved {
  readonly numbering: SavedNumbering;
  readonly held: readonly SavedHolding[];
}

/** Plans what an operator holds in the order in which it comes: with others where its context knows of others, else on its own. */
export function hold(wishes: readonly Wish[], context: HoldingContext & SharedHoldings): Claim<Holding> {
  return holdBy(wishes, context, (...of) => new Holding(...of));
}

/** A context that knows of others who hold the same. */
export interface SharedHoldings {
  readonly hold?: <H extends Held>(wishes: readonly Wish[], holder: Holder<H>) => Claim<H>;
}

/** Plans what an operator holds in a way of its own. Those who share have the same retention, and the same holder by that. */
export function holdBy<H extends Held>(
  wishes: readonly Wish[],
  context: HoldingContext & SharedHoldings,
  holder: Holder<H>,
): Claim<H> {
  return (
    context.hold?.(wishes, holder) ??
    new Holdings().claim(
      wishes,
      context.inputs.map((_, i) => `${i}`),
      context,
      holder,
    )
  );
}

/** Counts names, which are unique in a graph and all that follow from it. */
export interface Names {
  next: number;
}

/** Holdings that meet in a join, or in several. */
interface Circle {
  readonly ids: string[];
  numbering: Numbering | null;
}

/** The holdings of operators that were planned together, until each of them has found its own. */
export class Holdings {
  readonly #names: Names;
  /** Claims to each holding, and how many of them have not found it yet. */
  readonly #claims = new Map<string, { all: number; left: number }>();
  readonly #circles = new Map<string, Circle>();
  readonly #held = new Map<string, Held>();
  readonly #restored = new Map<number, Held | Numbering>();
  /** Claims that have not found theirs. */
  #open = 0;

  constructor(names: Names = { next: 0 }) {
    this.#names = names;
  }

  /** Plans what an operator holds; `outputs` says which output each of its inputs reads. All plan before the first works. */
  claim<H extends Held>(
    wishes: readonly Wish[],
    outputs: readonly string[],
    context: HoldingContext,
    holder: Holder<H>,
  ): Claim<H> {
    const ids: string[] = [];
    for (const { input, keys, retention, alone = false } of wishes) {
      // The source text of an expression means nothing; what it captured does.
      const by = keys.map(({ expr, parameters }) => ({ expr, parameters }));
      let id = `${outputs[input]} ${retention} ${canonical(by)}`;
      if (alone) id = `${id} ${this.#claims.size}`;
      while (ids.includes(id)) id = `${id} again`;
      ids.push(id);
      const claims = this.#claims.get(id) ?? { all: 0, left: 0 };
      this.#claims.set(id, { all: claims.all + 1, left: claims.left + 1 });
    }
    const circles = new Set(ids.flatMap(id => this.#circles.get(id) ?? []));
    const joined = { ids: [...new Set([...circles].flatMap(c => c.ids).concat(ids))], numbering: null };
    for (const id of joined.ids) this.#circles.set(id, joined);
    this.#open++;
    return new Claim(wishes, ids, context, this, holder);
  }

  numbering(id: string, width: number): Numbering {
    const circle = this.#circles.get(id) as Circle;
    return (circle.numbering ??= new Numbering(width, this.#names.next++));
  }

  holding<H extends Held>(id: string, make: (name: number, shared: boolean) => H): H {
    const claims = this.#claims.get(id) as { all: number; left: number };
    const found = (this.#held.get(id) as H | undefined) ?? make(this.#names.next++, claims.all > 1);
    // What all have found is theirs alone, so that it goes when the last of them goes.
    if (--claims.left > 0) this.#held.set(id, found);
    else this.#held.delete(id);
    // States are put back before anything works.
    this.#restored.clear();
    return found;
  }

  /** Finds what was put back under a name of a snapshot, or makes it and puts it back. */
  again<T extends Held | Numbering, S extends { readonly name: number }>(
    saved: S,
    make: (name: number, saved: S) => T & { restore(saved: S): void },
  ): T {
    const found = this.#restored.get(saved.name);
    if (found !== undefined) return found as T;
    this.#names.next = Math.max(this.#names.next, saved.name + 1);
    const made = make(saved.name, saved);
    made.restore(saved);
    this.#restored.set(saved.name, made);
    return made;
  }

  /** Says that a claim has found its holdings. After the last nothing is kept here, so that what no operator holds is gone. */
  leave(): void {
    if (--this.#open > 0) return;
    this.#held.clear();
    this.#circles.clear();
    this.#restored.clear();
  }
}
