/**
 * What a trigger machine is: the running form of a trigger description, shared by all windows of an operator. What it
 * remembers of one window is in that window's `TriggerState`, so a machine itself never changes.
 *
 * The rules of firing, finishing, merging and clearing are those of Apache Beam's trigger state machines
 * (`runners/core-java/…/core/triggers`), which are the most thoroughly specified ones there are.
 */

/** What a trigger remembers of one window. */
export interface TriggerState {
  /** One bit per machine of the tree: whether it has finished. Kept until the window is forgotten. */
  finished: number;
  /** One number per machine of the tree: rows counted, or the deadline (`NaN`: none). Cleared when a pane has come out. */
  readonly data: number[];
}

/** What a machine is told of the window it works for. */
export interface TriggerContext {
  state: TriggerState;
  /** Whether the watermark has passed the end of the window. */
  complete: boolean;
  /** Processing time, ms. */
  now: number;
  /** Whether a deadline of exactly `now` is due. False while rows of the moment are still to come. */
  dueAtNow: boolean;
  /** Whether windows can merge: then parts that do not run yet have to follow along, as merging may revive them. */
  merging: boolean;
  /** On merging: the states of the windows that are merged, as they were before. */
  sources: readonly TriggerState[];
  /** Asks to be looked at again at a moment of processing time. */
  wakeAt(deadline: number): void;
  /** Asks to be looked at again when the watermark passes the end of the window. */
  wakeAtEnd(): void;
}

/** The bits of `finished` are those of a 32-bit integer. */
const MOST_MACHINES = 31;

/** Hands out the places of a tree's machines, parents before parts. */
export class Places {
  #next = 0;
  take(): number {
    if (this.#next === MOST_MACHINES)
      throw new Error(`A trigger may have at most ${MOST_MACHINES} parts. Write it with fewer.`);
    return this.#next++;
  }
  get count(): number {
    return this.#next;
  }
}

export abstract class TriggerMachine {
  /** Index into `TriggerState.data`. */
  readonly place: number;
  readonly parts: readonly TriggerMachine[];
  readonly #bit: number;

  constructor(place: number, parts: readonly TriggerMachine[] = []) {
    this.place = place;
    this.parts = parts;
    this.#bit = 1 << place;
  }

  /** Whether it fires because of the time, in one domain or the other. */
  get timed(): boolean {
    return false;
  }

  /** What `data[place]` holds when there is nothing to remember. */
  get nothing(): number {
    return 0;
  }

  /** Takes note of a row. */
  abstract onElement(context: TriggerContext): void;
  /** Combines what is remembered in `context.sources` into `context.state`. */
  abstract onMerge(context: TriggerContext): void;
  abstract shouldFire(context: TriggerContext): boolean;
  /** Takes note that a pane comes out because `shouldFire` held, and finishes where the trigger is done. */
  abstract onFire(context: TriggerContext): void;

  /**
   * How many more rows change nothing but counts, and do not make it ready, until the clock or the watermark reaches what
   * it waits for. Asked only after `onElement`, when it was not ready; it need not say more than it is sure of.
   */
  abstract quiet(context: TriggerContext): number;

  /** Takes note of several rows at once, as many as it has been quiet for. */
  pass(_context: TriggerContext, _rows: number): void {}

  /** Forgets what was remembered, but not what has finished. */
  clear(context: TriggerContext): void {
    context.state.data[this.place] = this.nothing;
    for (const part of this.parts) part.clear(context);
  }

  /** The moment of processing time this machine waits for in a window, if it does. */
  deadline(_state: TriggerState): number {
    return NaN;
  }

  isFinished(state: TriggerState): boolean {
    return (state.finished & this.#bit) !== 0;
  }

  setFinished(state: TriggerState, finished: boolean): void {
    state.finished = finished ? state.finished | this.#bit : state.finished & ~this.#bit;
  }

  /** Starts over: nothing remembered, nothing finished, in the whole subtree. */
  reset(context: TriggerContext): void {
    this.#unfinish(context.state);
    this.clear(context);
  }

  #unfinish(state: TriggerState): void {
    this.setFinished(state, false);
    for (const part of this.parts) part.#unfinish(state);
  }

  /** Whether it had finished in every window that is merged; true when there was none. */
  finishedInAll(context: TriggerContext): boolean {
    return context.sources.every(source => this.isFinished(source));
  }

  finishedInAny(context: TriggerContext): boolean {
    return context.sources.some(source => this.isFinished(source));
  }

  protected firstUnfinished(state: TriggerState): TriggerMachine | undefined {
    return this.parts.find(part => !part.isFinished(state));
  }
}
