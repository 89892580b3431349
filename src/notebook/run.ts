/**
 * One run of one cell: what it displays, the inputs it shows, and the values it gives, now and later. A value may be a
 * promise, a generator (synchronous or asynchronous) or a view; the run follows it and reports each plain value. After
 * `dispose` nothing is reported any more, however late a promise resolves.
 */

/** An input that a cell shows with `view(input)`. The kernel reads and writes `value`; what it looks like is the host's affair. */
export interface ViewInput {
  value: unknown;
  /** Calls back after `value` changed by itself; returns what ends that. Not needed when only `kernel.setInput` changes it. */
  subscribe?(listener: () => void): () => void;
}

/** Something that a cell shows. A view's `index` counts the views of its cell from 0, for `kernel.setInput`. */
export type CellOutput =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "view"; readonly index: number; readonly input: ViewInput };

/** Why cells run: somebody edited, or a live value moved on. */
export type Cause = "edit" | "live";

/** What a run tells the kernel. A value's name is `null` when it is the cell's own value. */
export interface RunListener {
  onValue(names: readonly string[], value: unknown, cause: Cause): void;
  onFailure(names: readonly string[], error: unknown): void;
  /** Something is shown, or a value that was awaited is there. */
  onChange(): void;
  /** Calls back when the next value of a generator is due. */
  tick(pull: () => void): void;
}

/** What `view(input)` returns: in its own cell it is this, for other cells it is the current value. */
export class View {
  readonly input: ViewInput;
  readonly #listeners: (() => void)[] = [];

  constructor(input: ViewInput) {
    this.input = input;
  }

  /** The current value, for the cell that shows the view. */
  get value(): unknown {
    return this.input.value;
  }

  /** Calls back on each change. */
  listen(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Tells all listeners that the value may have changed. */
  notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A run, from the call of the cell's function until it is disposed. */
export class CellRun {
  readonly cause: Cause;
  /** Resolves when the run is over: replaced, blocked or deleted. */
  readonly invalidation: Promise<void>;
  /** What was shown so far. */
  readonly shown: CellOutput[] = [];
  readonly views: View[] = [];
  /** The cell's function has returned, or its promise has resolved. */
  returned = false;
  /** Names whose first value is awaited; `null` for the cell's own value. */
  readonly awaited = new Set<string | null>();

  readonly #listener: RunListener;
  readonly #cleanups: (() => void)[] = [];
  #over = false;
  #implicit: number | null = null;

  constructor(cause: Cause, listener: RunListener) {
    this.cause = cause;
    this.#listener = listener;
    this.invalidation = new Promise(resolve => this.#cleanups.push(resolve));
  }

  /** The run is not over and something is awaited. */
  get active(): boolean {
    return !this.#over && (!this.returned || this.awaited.size > 0);
  }

  /** The run was disposed; what it still produces is ignored. */
  get over(): boolean {
    return this.#over;
  }

  /** Shows a value; returns it, so that `display(x)` can stand in an expression. */
  display<T>(value: T): T {
    if (!this.#over) {
      this.shown.push({ kind: "value", value });
      this.#listener.onChange();
    }
    return value;
  }

  /** Shows an input; its value is what dependents of the returned view see. */
  view(input: ViewInput): View {
    if (typeof input !== "object" || input === null || !("value" in input)) {
      throw new TypeError(
        `view(${typeof input === "object" ? "…" : String(input)}): an input is an object with a value, for example what slider(…) returns`,
      );
    }
    const view = new View(input);
    if (this.#over) return view;
    this.shown.push({ kind: "view", index: this.views.length, input });
    this.views.push(view);
    const end = input.subscribe?.(() => view.notify());
    if (end !== undefined) this.#cleanups.push(end);
    this.#listener.onChange();
    return view;
  }

  /** Shows the cell's own value, in place of the one shown before; `undefined` shows nothing. */
  displayImplicitly(value: unknown): void {
    if (value === undefined && this.#implicit === null) return;
    this.#implicit ??= this.shown.length;
    this.shown[this.#implicit] = { kind: "value", value };
  }

  /** Follows a value: `names` are the names it goes by, none for the cell's own value alone. */
  follow(names: readonly string[], value: unknown, cause: Cause = this.cause): void {
    if (this.#over) return;
    if (value instanceof View) {
      value.listen(() => {
        if (!this.#over) this.#listener.onValue(names, value.input.value, "live");
      });
      this.#report(names, value.input.value, cause);
    } else if (isThenable(value)) {
      this.#await(names);
      value.then(
        result => this.follow(names, result, cause),
        error => this.#fail(names, error),
      );
    } else if (isGenerator(value)) {
      this.#await(names);
      this.#pump(names, value, cause);
    } else this.#report(names, value, cause);
  }

  /** Ends the run: its promises, generators and views are left alone from now on. */
  dispose(): void {
    if (this.#over) return;
    this.#over = true;
    this.awaited.clear();
    for (const cleanup of this.#cleanups) {
      try {
        cleanup();
      } catch {
        // What fails while it is thrown away has nobody left to tell; the next run must start all the same.
      }
    }
  }

  #pump(names: readonly string[], generator: AnyGenerator, first: Cause): void {
    let cause = first;
    let started = false;
    const fail = (error: unknown) => this.#fail(names, error);
    const take = (value: unknown) => {
      if (this.#over) return;
      started = true;
      this.#report(names, value, cause);
      cause = "live";
      // The next value is asked for only when the kernel has had its turn with this one, so nothing queues up.
      this.#listener.tick(pull);
    };
    const step = (result: IteratorResult<unknown>) => {
      if (this.#over) return;
      if (result.done === true) {
        if (!started) this.#report(names, undefined, cause);
      } else if (isThenable(result.value)) result.value.then(take, fail);
      else take(result.value);
    };
    const pull = () => {
      if (this.#over) return;
      try {
        const result = generator.next();
        if (isThenable(result)) result.then(each => step(each as IteratorResult<unknown>), fail);
        else step(result as IteratorResult<unknown>);
      } catch (error) {
        fail(error);
      }
    };
    this.#cleanups.push(() => {
      const end = generator.return?.();
      if (isThenable(end)) end.then(undefined, () => {});
    });
    pull();
  }

  #await(names: readonly string[]): void {
    for (const name of names) this.awaited.add(name);
    if (names.length === 0) this.awaited.add(null);
  }

  #arrive(names: readonly string[]): void {
    for (const name of names) this.awaited.delete(name);
    if (names.length === 0) this.awaited.delete(null);
  }

  #report(names: readonly string[], value: unknown, cause: Cause): void {
    this.#arrive(names);
    this.#listener.onValue(names, value, cause);
  }

  #fail(names: readonly string[], error: unknown): void {
    if (this.#over) return;
    this.#arrive(names);
    this.#listener.onFailure(names, error);
  }
}

interface AnyGenerator {
  next(): unknown;
  return?(): unknown;
}

/** Tells whether something can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as PromiseLike<unknown>).then === "function"
  );
}

/** Tells whether something is a generator: not merely iterable, so that arrays, sets and streams are plain values. */
function isGenerator(value: unknown): value is AnyGenerator & { next(): IteratorResult<unknown> } {
  if (typeof value !== "object" || value === null) return false;
  const { next, return: end } = value as Partial<AnyGenerator>;
  return typeof next === "function" && typeof end === "function";
}
