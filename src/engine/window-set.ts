/**
 * The open windows of an operator that keeps something for each window: opened by rows, complete when the watermark
 * passes their end, expired when it passes their allowed lateness too. Both happen in order of the windows' ends.
 */
import type { Profile } from "../model/profiles.ts";
import type { WindowingStrategy } from "../model/strategy.ts";
import { windowRules } from "./windowing/rules.ts";

export interface OpenWindow<T> {
  readonly start: number;
  readonly end: number;
  /** Whether the watermark has passed its end. */
  complete: boolean;
  readonly content: T;
}

export class WindowSet<T> {
  /** Windows by their end; few windows share one. */
  readonly #windows = new Map<number, OpenWindow<T>[]>();
  readonly #lateness: number;
  readonly #strict: boolean;
  #next = Infinity;
  #last: OpenWindow<T> | null = null;
  #count = 0;

  constructor(strategy: WindowingStrategy, profile: Profile) {
    const rules = windowRules(strategy, profile);
    this.#lateness = rules.lateness;
    this.#strict = rules.openAtLimit;
  }

  get lateness(): number {
    return this.#lateness;
  }

  get size(): number {
    return this.#count;
  }

  /** Tells whether a window takes no more rows at a watermark. */
  expired(end: number, watermark: number): boolean {
    const limit = end + this.#lateness;
    // The global window ends with time itself, and so never before its last row.
    return end !== Infinity && (this.#strict ? limit < watermark : limit <= watermark);
  }

  /** Finds a window, or opens it; one that opens late is complete from the start. */
  open(start: number, end: number, watermark: number, make: () => T): OpenWindow<T> {
    const last = this.#last;
    if (last !== null && last.end === end && last.start === start) return last;
    let same = this.#windows.get(end);
    if (same === undefined) this.#windows.set(end, (same = []));
    let found = same.find(w => w.start === start);
    if (found === undefined) {
      found = { start, end, complete: end <= watermark, content: make() };
      same.push(found);
      this.#count++;
      this.#next = Math.min(this.#next, found.complete ? end + this.#lateness : end);
    }
    this.#last = found;
    return found;
  }

  /** Completes and then closes what the watermark has passed, in order of end, then start. */
  advance(watermark: number, complete: (window: OpenWindow<T>) => void, close: (window: OpenWindow<T>) => void): void {
    if (watermark < this.#next) return;
    let next = Infinity;
    for (const end of [...this.#windows.keys()].sort((a, b) => a - b)) {
      const same = (this.#windows.get(end) as OpenWindow<T>[]).sort((a, b) => a.start - b.start);
      if (end <= watermark)
        for (const window of same)
          if (!window.complete) {
            window.complete = true;
            complete(window);
          }
      if (this.expired(end, watermark) || watermark === Infinity) {
        for (const window of same) close(window);
        this.#count -= same.length;
        this.#windows.delete(end);
      } else next = Math.min(next, end <= watermark ? end + this.#lateness : end);
    }
    this.#next = next;
    this.#last = null;
  }

  snapshot(save: (content: T) => unknown): unknown {
    return [...this.#windows.values()]
      .flat()
      .map(({ start, end, complete, content }) => ({ start, end, complete, content: save(content) }));
  }

  restore(snapshot: unknown, load: (saved: unknown) => T): void {
    for (const saved of snapshot as { start: number; end: number; complete: boolean; content: unknown }[]) {
      const window = this.open(saved.start, saved.end, -Infinity, () => load(saved.content));
      window.complete = saved.complete;
    }
    // The first movement of the watermark looks at every window again.
    this.#next = -Infinity;
  }
}
