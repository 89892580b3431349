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
 * operator finds is what it would find on its own. Sides of one operator do not share an arrangement, because they stand at
 * different rows; rows in order of time they do.
 *
 * The idea is that of shared arrangements (McSherry, Lattuada, Schwarzkopf, Roscoe: Shared Arrangements: practical inter-query
 * sharing for streaming dataflows, VLDB 2020). There readers see batches of changes with their times; here they take turns.
 */
import type { Schema } from "../columns/column.ts";
import type { RowExpression } from "../expressions/tree.ts";
import { canonical } from "../pipeline/identity.ts";
import { Arrangement, Links } from "./arrangement.ts";
import type { Flow } from "./flow.ts";
import { Journal } from "./journal.ts";
import { KeyReader, Numbering, type SavedNumbering } from "./numbering.ts";
import { RowStore } from "./row-store.ts";
import type { Step } from "./step.ts";

/**
 * Which rows of an input stay: `all`; those with a key (`keyed`); the `newest` of each key, as long as none can be taken
 * back; or those with a key in slots that are never used again (`for ever`), since answers point at them. Kept `in time`,
 * they lie in order of time until nobody needs them (`times.ts`).
 */
export type Retention = "all" | "keyed" | "newest" | "for ever" | "in time";

/** Keys by which an operator goes. */
export interface Keys {
  /** Index of the input. */
  readonly input: number;
  readonly keys: readonly RowExpression[];
}

/** What an operator wants to hold. */
export interface Wish extends Keys {
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
  keys: KeyReader,
  name: number,
  shared: boolean,
) => H;

/** What holdings are made from besides wishes: part of an operator's context. */
export interface HoldingContext {
  readonly inputs: readonly Schema[];
  readonly codegen: boolean;
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
  #saved: SavedHolding | null = null;

  constructor(wish: Wish, context: HoldingContext, keys: KeyReader, name: number, shared: boolean) {
    this.name = name;
    this.store = new RowStore(context.inputs[wish.input]);
    this.rows = new Arrangement(this.store, new Links(), shared ? new Journal() : null);
    this.#keys = keys;
    this.#shared = shared;
    this.#retention = wish.retention;
  }

  /**
   * Begins a step for one of its readers, and returns the key of each row of the dense flow; −1 where it has a null. The reader
   * then makes all changes of the step. What it found may be read until somebody begins the next step.
   */
  begin(step: Step, flow: Flow): Int32Array {
    const ids = this.#keys.matches(flow.batch);
    if (step === this.#step) {
      this.rows.rewind();
      return ids;
    }
    this.#step = step;
    this.#saved = null;
    this.rows.settle();
    if (this.#retention !== "for ever") this.store.release();
    return ids;
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

/** What an operator holds and what keys it reads: found when it first works, or when its state is put back. */
export class Claim<H extends Held> {
  readonly #wants: Wants<H>;
  readonly #ids: Ids;
  readonly #holdings: Holdings;
  #found: Found<H> | null = null;

  constructor(wants: Wants<H>, ids: Ids, holdings: Holdings) {
    this.#wants = wants;
    this.#ids = ids;
    this.#holdings = holdings;
  }

  /** One holding for each wish. */
  get held(): readonly H[] {
    return this.#find().held;
  }

  /** One reader for each of the keys that were asked for beside those of wishes. */
  get keys(): readonly KeyReader[] {
    return this.#find().keys;
  }

  /** Whether all keys that are numbered alike come from one output. */
  get isOfOne(): boolean {
    return this.#find().numbering.isOfOne;
  }

  /** Keys and rows held, shared or not. */
  get size(): { readonly keys: number; readonly rows: number } {
    const held = [...new Set(this.#found?.held)];
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
    const numbering = holdings.again(
      from.numbering,
      (name, { isOfOne }) => new Numbering(this.#wants.width, name, isOfOne),
    );
    this.#find(numbering, (i, make) => holdings.again(from.held[i], (name, { shared }) => make(name, shared)));
  }

  #find(
    numbering = this.#found?.numbering ?? this.#holdings.numbering(this.#ids.read[0], this.#wants.width),
    find = (i: number, make: (name: number, shared: boolean) => H): H =>
      this.#holdings.holding(this.#ids.held[i], make),
  ): Found<H> {
    if (this.#found !== null) return this.#found;
    const { wishes, keys, context, holder } = this.#wants;
    const readers = [...wishes, ...keys].map((of, i) =>
      numbering.reader(
        this.#ids.read[i],
        () => new KeyReader(of.keys, context.inputs[of.input], context.codegen, numbering),
      ),
    );
    const held = wishes.map((wish, i) => find(i, (name, shared) => holder(wish, context, readers[i], name, shared)));
    this.#holdings.leave();
    return (this.#found = { numbering, held, keys: readers.slice(wishes.length) });
  }
}

/** What an operator wants of its inputs, all of it by keys of one width. */
interface Wants<H extends Held> {
  readonly wishes: readonly Wish[];
  readonly keys: readonly Keys[];
  readonly width: number;
  readonly context: HoldingContext;
  readonly holder: Holder<H>;
}

/** What is the same for all who want the same: of holdings, and of the keys of wishes and those beside them. */
interface Ids {
  readonly held: readonly string[];
  readonly read: readonly string[];
}

interface Found<H extends Held> {
  readonly numbering: Numbering;
  readonly held: readonly H[];
  readonly keys: readonly KeyReader[];
}

interface Saved {
  readonly numbering: SavedNumbering;
  readonly held: readonly SavedHolding[];
}

/** Plans claims of operators that are planned together. */
export type Plan = <H extends Held>(wishes: readonly Wish[], holder: Holder<H>, keys: readonly Keys[]) => Claim<H>;

/** What claims are made from besides wishes. `hold` is there where others may want the same. */
export interface ClaimContext extends HoldingContext {
  readonly hold?: Plan;
}

/**
 * Plans what an operator holds in the order in which it comes, and keys that it reads beside those: with others where its context
 * knows of others, else on its own.
 */
export function hold(wishes: readonly Wish[], context: ClaimContext, keys: readonly Keys[] = []): Claim<Holding> {
  return holdBy(wishes, context, (...of) => new Holding(...of), keys);
}

/** Plans what an operator holds in a way of its own. Those who share have the same retention, and the same holder by that. */
export function holdBy<H extends Held>(
  wishes: readonly Wish[],
  context: ClaimContext,
  holder: Holder<H>,
  keys: readonly Keys[] = [],
): Claim<H> {
  return (
    context.hold?.(wishes, holder, keys) ??
    new Holdings().claim(
      wishes,
      context.inputs.map((_, i) => `${i}`),
      context,
      holder,
      keys,
    )
  );
}

/** Plans to read keys, numbered alike, of an operator that holds its rows itself or holds none. */
export function readKeys(keys: readonly Keys[], context: ClaimContext): Claim<Holding> {
  return hold([], context, keys);
}

/** Counts names, which are unique in a graph and all that follow from it. */
export interface Names {
  next: number;
}

/** Keys that meet in a join, or in several: they are numbered alike. */
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

  readonly #apart: boolean;
  #planned = 0;

  /** With `apart`, each operator holds its own. */
  constructor(names: Names = { next: 0 }, apart = false) {
    this.#names = names;
    this.#apart = apart;
  }

  /** Plans what an operator holds; `outputs` says which output each of its inputs reads. All plan before the first works. */
  claim<H extends Held>(
    wishes: readonly Wish[],
    outputs: readonly string[],
    context: HoldingContext,
    holder: Holder<H>,
    keys: readonly Keys[],
  ): Claim<H> {
    const own = ++this.#planned;
    const read = [...wishes, ...keys].map((of, i) => {
      // The source text of an expression means nothing; what it captured does.
      const by = of.keys.map(({ expr, parameters }) => ({ expr, parameters }));
      return `${outputs[of.input]} ${canonical(by)}${this.#apart ? ` ${own} ${i}` : ""}`;
    });
    const held: string[] = [];
    wishes.forEach(({ retention, alone = false }, i) => {
      let id = `${retention} ${read[i]}`;
      if (alone) id = `${id} ${own}`;
      // What is kept in time is read at several rows at once, by both sides of a join of a stream with itself too.
      if (retention !== "in time" || alone) while (held.includes(id)) id = `${id} again`;
      held.push(id);
      const claims = this.#claims.get(id) ?? { all: 0, left: 0 };
      this.#claims.set(id, { all: claims.all + 1, left: claims.left + 1 });
    });
    const circles = new Set(read.flatMap(id => this.#circles.get(id) ?? []));
    const joined = { ids: [...new Set([...circles].flatMap(c => c.ids).concat(read))], numbering: null };
    for (const id of joined.ids) this.#circles.set(id, joined);
    this.#open++;
    const width = [...wishes, ...keys][0].keys.length;
    return new Claim({ wishes, keys, width, context, holder }, { held, read }, this);
  }

  numbering(id: string, width: number): Numbering {
    const circle = this.#circles.get(id) as Circle;
    return (circle.numbering ??= new Numbering(width, this.#names.next++, circle.ids.length === 1));
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
