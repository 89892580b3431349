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
  /** Windows by their end, then their start; those that are complete come first. */
  readonly #windows: OpenWindow<T>[] = [];
  #complete = 0;
  readonly #lateness: number;
  readonly #strict: boolean;
  #next = Infinity;
  #last: OpenWindow<T> | null = null;

  constructor(strategy: WindowingStrategy, profile: Profile) {
    const rules = windowRules(strategy, profile);
    this.#lateness = rules.lateness;
    this.#strict = rules.openAtLimit;
  }

  get lateness(): number {
    return this.#lateness;
  }

  get size(): number {
    return this.#windows.length;
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
    const at = this.#at(start, end);
    const there = at < this.#windows.length ? this.#windows[at] : null;
    if (there !== null && there.start === start && there.end === end) {
      this.#last = there;
      return there;
    }
    const complete = end <= watermark;
    const opened = { start, end, complete, content: make() };
    this.#windows.push(opened);
    if (at < this.#windows.length - 1) {
      this.#windows.copyWithin(at + 1, at, this.#windows.length - 1);
      this.#windows[at] = opened;
    }
    if (complete) this.#complete++;
    this.#next = Math.min(this.#next, complete ? end + this.#lateness : end);
    this.#last = opened;
    return opened;
  }

  /** Completes and then closes what the watermark has passed, in order of end, then start. */
  advance(watermark: number, complete: (window: OpenWindow<T>) => void, close: (window: OpenWindow<T>) => void): void {
    if (watermark < this.#next) return;
    const windows = this.#windows;
    let gone = 0;
    while (gone < windows.length) {
      const { end } = windows[gone];
      if (watermark !== Infinity && !this.expired(end, watermark)) break;
      // Of windows that share an end all are complete before one of them closes.
      let same = gone;
      for (; same < windows.length && windows[same].end === end; same++) this.#finish(same, complete);
      while (gone < same) close(windows[gone++]);
    }
    let done = Math.max(gone, this.#complete);
    for (; done < windows.length && windows[done].end <= watermark; done++) this.#finish(done, complete);
    if (gone > 0) {
      windows.copyWithin(0, gone);
      windows.length -= gone;
    }
    this.#complete = done - gone;
    const closes = this.#complete > 0 ? windows[0].end + this.#lateness : Infinity;
    const completes = this.#complete < windows.length ? windows[this.#complete].end : Infinity;
    this.#next = Math.min(closes, completes);
    this.#last = null;
  }

  #finish(at: number, complete: (window: OpenWindow<T>) => void): void {
    const window = this.#windows[at];
    if (window.complete) return;
    window.complete = true;
    complete(window);
  }

  /** The place of a window among the others, or the one it would have. */
  #at(start: number, end: number): number {
    const windows = this.#windows;
    let low = 0;
    let high = windows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const window = windows[middle];
      if (window.end < end || (window.end === end && window.start < start)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  snapshot(save: (content: T) => unknown): unknown {
    return this.#windows.map(({ start, end, complete, content }) => ({ start, end, complete, content: save(content) }));
  }

  restore(snapshot: unknown, load: (saved: unknown) => T): void {
    for (const saved of snapshot as { start: number; end: number; complete: boolean; content: unknown }[]) {
      const window = this.open(saved.start, saved.end, -Infinity, () => load(saved.content));
      window.complete = saved.complete;
      if (saved.complete) this.#complete++;
    }
    // The first movement of the watermark looks at every window again.
    this.#next = -Infinity;
  }
}
