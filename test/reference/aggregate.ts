/**
 * The reference engine: a windowed aggregate, one row at a time, over plain objects and lists, as plain as can be.
 *
 * Everything is looked through every time; nothing is kept in order, in arrays or in heaps. Its meaning comes from the
 * model's definitions and from Apache Beam's `ReduceFnRunner`, `WatermarkHold` and `PaneInfoTracker`; where the model
 * leaves room, the profile's answers are looked up. It is what the engine is held against, and nothing else uses it.
 */
import type { Value } from "../../src/columns/column.ts";
import { TIMINGS, type Timing } from "../../src/model/panes.ts";
import type { Profile } from "../../src/model/profiles.ts";
import type { WindowingStrategy } from "../../src/model/strategy.ts";
import type { Trigger } from "../../src/model/triggers.ts";
import { merges } from "../../src/model/windows.ts";
import { AGGREGATES, type KeptRow } from "./aggregates.ts";
import * as triggers from "./triggers.ts";
import { type Bounds, windowsOf } from "./windows.ts";

/** One position: the clock moves on, rows arrive (a bundle), and the watermark moves on. */
export interface Moment {
  readonly clock: number;
  readonly rows: readonly InputRow[];
  readonly watermark: number;
}

export interface InputRow {
  readonly key: string | null;
  readonly v: number | null;
  readonly time: number;
  readonly weight: number;
}

export interface ReferencePane {
  readonly at: number;
  readonly clock: number;
  readonly key: string | null;
  readonly start: number;
  readonly end: number;
  readonly values: Readonly<Record<string, Value>>;
  readonly time: number;
  readonly weight: number;
  readonly timing: Timing;
  readonly index: number;
  readonly nonSpeculativeIndex: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

export interface ReferenceDrop {
  readonly at: number;
  readonly key: string | null;
  readonly v: number | null;
  readonly time: number;
  readonly weight: number;
  readonly start: number;
  readonly end: number;
  readonly watermark: number;
  readonly reason: "expired" | "finished";
}

export interface Outcome {
  readonly panes: readonly ReferencePane[];
  readonly dropped: readonly ReferenceDrop[];
  /** Output watermark after each position. */
  readonly watermark: readonly number[];
}

interface Shown {
  readonly values: Readonly<Record<string, Value>>;
  readonly start: number;
  readonly end: number;
  readonly time: number;
}

interface OpenWindow {
  readonly key: string | null;
  start: number;
  end: number;
  /** Rows that the next pane is made of: all, or with discarding those since the last pane. */
  rows: KeptRow[];
  /** How many rows came since the last pane. */
  fresh: number;
  trigger: triggers.TriggerTree;
  /** Whether a part of the trigger that waits for the end of the window has seen a row. */
  awaitsEnd: boolean;
  /** Moments of processing time at which to look at it. */
  timers: number[];
  finished: boolean;
  panes: number;
  nonSpeculative: number;
  lastTiming: Timing | null;
  /** The timestamp that the coming pane would have; null when none of its rows was in time. */
  hold: number | null;
  /** Where it holds the output watermark for a pane on expiry. */
  expiryHold: number | null;
  /** What the next pane takes back: the pane before it, and those of sessions that became part of this one. */
  shown: Shown | null;
  replaced: Shown[];
}

/** Runs a windowed aggregate over moments. `outputs` are names of `AGGREGATES`. The input ends after the last moment. */
export function reference(
  strategy: WindowingStrategy,
  profile: Profile,
  outputs: readonly string[],
  moments: readonly Moment[],
): Outcome {
  const engine = new Reference(strategy, profile, outputs);
  const watermark = moments.map((moment, at) => engine.live(moment, at, at === moments.length - 1));
  return { panes: engine.panes, dropped: engine.dropped, watermark };
}

class Reference {
  readonly panes: ReferencePane[] = [];
  readonly dropped: ReferenceDrop[] = [];
  readonly #strategy: WindowingStrategy;
  readonly #profile: Profile;
  readonly #outputs: readonly string[];
  readonly #lateness: number;
  readonly #merging: boolean;
  readonly #timed: boolean;
  #windows: OpenWindow[] = [];
  readonly #keys: (string | null)[] = [];
  #at = 0;
  #order = 0;
  #clock = -Infinity;
  #dueAtNow = false;
  #watermark = -Infinity;
  /** The watermark before it moved at this position. */
  #settled = -Infinity;
  #outputWatermark = -Infinity;

  constructor(strategy: WindowingStrategy, profile: Profile, outputs: readonly string[]) {
    this.#strategy = inWordsOf(profile, strategy);
    this.#profile = profile;
    this.#outputs = outputs;
    this.#lateness = profile.knobs === "two" || profile.streamTime ? strategy.allowedLateness : 0;
    this.#merging = merges(strategy.window);
    this.#timed = triggers.followsTime(triggers.plant(this.#strategy.trigger));
  }

  /** Lives through a moment and returns the output watermark after it. */
  live(moment: Moment, at: number, last: boolean): number {
    this.#at = at;
    for (const row of moment.rows) if (!this.#keys.includes(row.key)) this.#keys.push(row.key);
    this.#moveClock(moment.clock);
    if (this.#profile.evaluate === "bundle") this.#addBundle(moment.rows);
    else for (const row of moment.rows) this.#addRow(row);
    this.#moveWatermark(moment.watermark);
    const holds = this.#windows.flatMap(w => [w.hold ?? Infinity, w.expiryHold ?? Infinity]);
    this.#outputWatermark = Math.max(this.#outputWatermark, Math.min(this.#watermark, ...holds));
    if (last && this.#profile.processingTimer === "at") this.#fireDeadlines(deadline => deadline <= this.#clock);
    return this.#outputWatermark;
  }

  // Processing time.

  #moveClock(to: number): void {
    const { processingTimer } = this.#profile;
    if (processingTimer === "after") {
      // All deadlines that have passed are seen together, afterwards.
      if (to <= this.#clock) return;
      this.#clock = to;
      const due = this.#inOrder(this.#waiting(deadline => deadline < to));
      for (const window of due) this.#fireIfReady(window);
      return;
    }
    this.#fireDeadlines(deadline => deadline < to || (processingTimer === "at-once" && deadline === to));
    this.#clock = Math.max(this.#clock, to);
    this.#dueAtNow = processingTimer === "at-once";
  }

  /** Fires one deadline after the other, each at its own time. */
  #fireDeadlines(isDue: (deadline: number) => boolean): void {
    for (;;) {
      const next = Math.min(...this.#windows.flatMap(w => w.timers.filter(isDue)));
      if (next === Infinity) break;
      this.#clock = Math.max(this.#clock, next);
      this.#dueAtNow = true;
      for (const window of this.#inOrder(this.#waiting(timer => timer === next))) this.#fireIfReady(window);
    }
    this.#dueAtNow = false;
  }

  /** Takes the timers that are due, and returns the windows whose triggers still wait for one of them. */
  #waiting(isDue: (deadline: number) => boolean): OpenWindow[] {
    return this.#windows.filter(window => {
      const due = window.timers.filter(isDue);
      window.timers = window.timers.filter(timer => !isDue(timer));
      const still = triggers.deadlines(window.trigger).some(deadline => due.includes(deadline));
      // A window that has expired belongs to the watermark alone.
      return still && !window.finished && !this.#isExpired(window.end);
    });
  }

  /** Sets a timer for everything still to come that a window waits for and did not wait for before. */
  #setTimers(window: OpenWindow, before: readonly number[]): void {
    for (const deadline of triggers.deadlines(window.trigger))
      if (deadline >= this.#clock && !before.includes(deadline) && !window.timers.includes(deadline))
        window.timers.push(deadline);
  }

  // Rows.

  #addRow(row: InputRow): void {
    const order = this.#order++;
    if (this.#profile.streamTime) this.#moveWatermark(row.time);
    for (const bounds of this.#windowsOf(row.time)) {
      const window = this.#merging ? this.#mergedWindow(row.key, bounds) : this.#openWindow(row.key, bounds);
      if ("reason" in window) {
        this.#drop(row, window);
        continue;
      }
      this.#put(window, row, order);
      this.#fireIfReady(window);
    }
  }

  /** Beam's way with a bundle: leave out what has expired, merge all windows, add all rows, then ask each window once. */
  #addBundle(rows: readonly InputRow[]): void {
    const assigned: { row: InputRow; order: number; bounds: Bounds }[] = [];
    for (const row of rows) {
      const order = this.#order++;
      for (const bounds of this.#windowsOf(row.time))
        if (this.#isExpired(bounds.end)) this.#drop(row, { ...bounds, reason: "expired" });
        else assigned.push({ row, order, bounds });
    }
    const mergedInto = new Map<Bounds, Bounds>();
    if (this.#merging)
      for (const key of this.#keys) {
        const own = assigned.filter(a => a.row.key === key).map(a => a.bounds);
        for (const [group, all] of this.#groups(key, own)) {
          this.#merge(
            key,
            this.#open(key)
              .filter(w => inside(w, all))
              .sort(byStart),
            all.start,
            all.end,
          );
          for (const bounds of group) mergedInto.set(bounds, all);
        }
      }
    const touched = new Set<OpenWindow>();
    for (const { row, order, bounds } of assigned) {
      const window = this.#openWindow(row.key, mergedInto.get(bounds) ?? bounds);
      if ("reason" in window) this.#drop(row, window);
      else {
        this.#put(window, row, order);
        touched.add(window);
      }
    }
    for (const window of this.#inOrder([...touched])) this.#fireIfReady(window);
  }

  /** Stretches covered by several different windows that meet, with the new windows in each. */
  #groups(key: string | null, fresh: readonly Bounds[]): [Bounds[], Bounds][] {
    const all = [...this.#open(key), ...fresh].sort(byStart);
    const out: [Bounds[], Bounds][] = [];
    for (let i = 0; i < all.length; ) {
      const { start } = all[i];
      let { end } = all[i];
      let to = i + 1;
      while (to < all.length && this.#meet(all[to].start, end)) end = Math.max(end, all[to++].end);
      const members = all.slice(i, to);
      const different = new Set(members.map(m => `${m.start} ${m.end}`)).size;
      if (different > 1) out.push([members.filter(m => fresh.includes(m)), { start, end }]);
      i = to;
    }
    return out;
  }

  #windowsOf(time: number): Bounds[] {
    const { window } = this.#strategy;
    const windows = windowsOf(window, time);
    return this.#profile.fromEpoch && window.kind !== "global" ? windows.filter(w => w.start >= 0) : windows;
  }

  #put(window: OpenWindow, row: InputRow, order: number): void {
    window.rows.push({ value: row.v, time: row.time, weight: row.weight, order });
    window.fresh++;
    if (!this.#hold(window, row.time)) this.#holdUntilExpiry(window, false);
    const before = triggers.deadlines(window.trigger);
    if (triggers.onRow(window.trigger, this.#now(window))) window.awaitsEnd = true;
    this.#setTimers(window, before);
  }

  #drop(row: InputRow, { start, end, reason }: Refusal): void {
    const shown = end - this.#afterLastRow;
    this.dropped.push({ at: this.#at, ...row, start, end: shown, watermark: this.#watermark, reason });
  }

  // Windows.

  #open(key: string | null): OpenWindow[] {
    return this.#windows.filter(w => w.key === key && !w.finished);
  }

  /** How much of a session comes after its end as it is shown: the gap, where sessions end with their last row (Kafka). */
  get #afterLastRow(): number {
    const { window } = this.#strategy;
    return window.kind === "sessions" && this.#profile.sessionEnd === "last-row" ? window.gap : 0;
  }

  #isExpired(end: number): boolean {
    const limit = end + this.#lateness;
    return this.#profile.dropAt === "<" || this.#afterLastRow > 0 ? limit < this.#watermark : limit <= this.#watermark;
  }

  #meet(start: number, end: number): boolean {
    const { window } = this.#strategy;
    const touching = window.kind === "sessions" && (window.inclusive ?? this.#profile.inclusiveSessions);
    return touching ? start <= end : start < end;
  }

  #openWindow(key: string | null, { start, end }: Bounds): OpenWindow | Refusal {
    if (this.#isExpired(end)) return { start, end, reason: "expired" };
    const found = this.#windows.find(w => w.key === key && w.start === start && w.end === end);
    if (found?.finished) return { start, end, reason: "finished" };
    return found ?? this.#newWindow(key, start, end);
  }

  #newWindow(key: string | null, start: number, end: number): OpenWindow {
    const window: OpenWindow = {
      key,
      start,
      end,
      rows: [],
      fresh: 0,
      trigger: triggers.plant(this.#strategy.trigger),
      awaitsEnd: false,
      timers: [],
      finished: false,
      panes: 0,
      nonSpeculative: 0,
      lastTiming: null,
      hold: null,
      expiryHold: null,
      shown: null,
      replaced: [],
    };
    this.#windows.push(window);
    return window;
  }

  #mergedWindow(key: string | null, own: Bounds): OpenWindow | Refusal {
    if (this.#profile.sessionLateness === "before-merge" && this.#isExpired(own.end))
      return { ...own, reason: "expired" };
    const met = this.#open(key).filter(w => this.#meet(w.start, own.end) && this.#meet(own.start, w.end));
    const start = Math.min(own.start, ...met.map(w => w.start));
    const end = Math.max(own.end, ...met.map(w => w.end));
    if (this.#isExpired(end)) return { start, end, reason: "expired" };
    if (met.length === 0) return this.#openWindow(key, own);
    if (met.length === 1 && met[0].start === own.start && met[0].end === own.end) return met[0];
    const window = this.#merge(key, met.sort(byEnd), start, end);
    // Kafka sends a tombstone for a session before each row that moves its bounds or joins it to others.
    if (this.#afterLastRow > 0 && window.shown !== null) {
      window.replaced.push(window.shown);
      window.shown = null;
    }
    return window.finished ? { start, end, reason: "finished" } : window;
  }

  /** Makes one window of several. One that keeps its bounds keeps its panes' numbers; others start afresh. */
  #merge(key: string | null, met: readonly OpenWindow[], start: number, end: number): OpenWindow {
    const remains = this.#windows.find(w => w.key === key && w.start === start && w.end === end && w.finished);
    const same = met.find(w => w.start === start && w.end === end);
    this.#windows = this.#windows.filter(w => !met.includes(w) && w !== remains);
    const window = this.#newWindow(key, start, end);
    const heir = same ?? (this.#profile.revives ? undefined : remains);
    if (heir !== undefined) window.trigger = triggers.withFinished(heir.trigger);
    if (same !== undefined) {
      window.panes = same.panes;
      window.nonSpeculative = same.nonSpeculative;
      window.lastTiming = same.lastTiming;
      window.shown = same.shown;
      window.awaitsEnd = same.awaitsEnd;
    }
    const ordered = same === undefined ? met : [same, ...met.filter(w => w !== same)];
    for (const other of ordered) {
      window.rows.push(...other.rows);
      window.fresh += other.fresh;
      window.replaced.push(...other.replaced);
      if (other !== same && other.shown !== null) window.replaced.push(other.shown);
    }
    this.#mergeHolds(window, ordered);
    triggers.merge(
      window.trigger,
      met.map(w => w.trigger),
      this.#now(window),
    );
    if (triggers.waitsForEnd(window.trigger)) window.awaitsEnd = true;
    this.#setTimers(window, []);
    if (window.trigger.finished) this.#finish(window);
    return window;
  }

  #mergeHolds(window: OpenWindow, met: readonly OpenWindow[]): void {
    if (met.length === 0) return;
    const holds = met.flatMap(w => (w.hold === null ? [] : [w.hold]));
    const combiner = this.#strategy.timestampCombiner;
    if (combiner === "endOfWindow") this.#hold(window, 0);
    else if (holds.length > 0) window.hold = combiner === "latest" ? Math.max(...holds) : Math.min(...holds);
    this.#holdUntilExpiry(window, false);
  }

  // Holds and timestamps.

  /** Lets a row count for the timestamp of the coming pane, if it is in time for that. */
  #hold(window: OpenWindow, time: number): boolean {
    const combiner = this.#strategy.timestampCombiner;
    const at = combiner === "endOfWindow" ? this.#lastMoment(window) : time;
    const known = this.#profile.outputWatermark === "operator" ? this.#outputWatermark : this.#watermark;
    if (at < known || window.end <= this.#watermark) return false;
    if (window.hold === null || combiner === "endOfWindow") window.hold = at;
    else window.hold = combiner === "latest" ? Math.max(window.hold, at) : Math.min(window.hold, at);
    return true;
  }

  #lastMoment(window: OpenWindow): number {
    return this.#afterLastRow > 0 ? window.end - this.#afterLastRow : window.end - 1;
  }

  #holdUntilExpiry(window: OpenWindow, empty: boolean): void {
    const at = window.end - 1 + this.#lateness;
    if (at < this.#watermark || at === Infinity) return;
    if (empty && this.#closing !== "always") return;
    window.expiryHold = at;
  }

  get #closing(): "always" | "ifNonEmpty" | "never" {
    return this.#strategy.closing ?? this.#profile.closing;
  }

  // Firing.

  #now(window: OpenWindow): triggers.Circumstances {
    return {
      complete: window.end <= this.#watermark,
      clock: this.#clock,
      dueAtNow: this.#dueAtNow,
      merging: this.#merging,
    };
  }

  #fireIfReady(window: OpenWindow): void {
    if (window.finished || !this.#windows.includes(window)) return;
    if (!triggers.isReady(window.trigger, this.#now(window))) return;
    triggers.onFire(window.trigger, this.#now(window));
    const { finished } = window.trigger;
    this.#emit(window, finished || (this.#profile.lastPane === "expiry" && this.#isExpired(window.end)));
    window.fresh = 0;
    if (finished) this.#finish(window);
    else if (this.#strategy.accumulation === "discarding") window.rows = [];
  }

  #finish(window: OpenWindow): void {
    triggers.forget(window.trigger);
    window.finished = true;
    window.rows = [];
    window.fresh = 0;
    window.hold = null;
    window.expiryHold = null;
    window.shown = null;
    window.replaced = [];
  }

  #moveWatermark(to: number): void {
    if (to > this.#watermark) {
      const before = this.#watermark;
      this.#watermark = to;
      const asks = (w: OpenWindow): boolean => w.awaitsEnd || this.#profile.asksAtEnd === "always";
      const due = this.#windows.filter(w => (w.end > before && w.end <= to && asks(w)) || this.#isExpired(w.end));
      // Where lateness is checked after merging, a row in time may reach back to a session that would not be by itself.
      const linger = this.#closing === "never" ? this.#afterLastRow : 0;
      for (const window of this.#inOrder(due)) {
        const isCrossed = window.end > before && asks(window);
        if (!this.#isExpired(window.end + linger)) {
          if (isCrossed) this.#fireIfReady(window);
        } else {
          if (this.#closing === "never") this.#fireIfReady(window);
          else if (!window.finished) this.#emit(window, true);
          this.#windows = this.#windows.filter(w => w !== window);
        }
      }
    }
    this.#settled = this.#watermark;
  }

  #emit(window: OpenWindow, last: boolean): void {
    const timing = this.#timing(window);
    const hold = window.hold;
    const time = hold === null || hold >= window.end ? this.#lastMoment(window) : hold;
    window.hold = null;
    window.expiryHold = null;
    if (!last) this.#holdUntilExpiry(window, true);
    const weight = window.rows.reduce((n, r) => n + r.weight, 0);
    const { accumulation } = this.#strategy;
    const replaces = window.shown !== null || window.replaced.length > 0;
    // Rows that were all taken back before anybody saw them are as good as none.
    const neverShown = weight === 0 && window.lastTiming === null && accumulation !== "discarding" && !replaces;
    const empty = window.fresh === 0 || neverShown;
    const onTime = this.#strategy.onTime ?? this.#profile.onTime;
    const wanted =
      !empty || (timing === "on-time" && onTime === "always" && this.#timed) || (last && this.#closing === "always");
    if (!wanted) return;
    const pane = {
      at: this.#at,
      clock: this.#clock,
      key: window.key,
      timing,
      index: window.panes++,
      nonSpeculativeIndex: timing === "early" ? -1 : window.nonSpeculative++,
      isFirst: window.lastTiming === null,
      isLast: last,
    };
    window.lastTiming = timing;
    const taken = accumulation === "retracting" && window.shown !== null ? [window.shown] : [];
    for (const old of [...window.replaced, ...taken]) this.panes.push({ ...pane, ...old, weight: -1 });
    window.replaced = [];
    if (accumulation === "retracting") window.shown = null;
    if (accumulation === "retracting" && weight === 0 && window.fresh > 0) return;
    const values = Object.fromEntries(this.#outputs.map(name => [name, AGGREGATES[name](window.rows)]));
    const shown: Shown = { values, start: window.start, end: window.end - this.#afterLastRow, time };
    this.panes.push({ ...pane, ...shown, weight: 1 });
    if (accumulation === "retracting" || this.#afterLastRow > 0) window.shown = shown;
  }

  #timing(window: OpenWindow): Timing {
    const [early, onTime, late] = TIMINGS;
    const toldAlready =
      this.#profile.outputWatermark === "operator"
        ? window.end - 1 < this.#outputWatermark
        : window.hold === null && window.end <= this.#settled;
    if (toldAlready || (window.lastTiming !== null && window.lastTiming !== early)) return late;
    return window.end <= this.#watermark ? onTime : early;
  }

  /** Windows speak in the order of their ends, then starts, then of the first appearance of their keys. */
  #inOrder(windows: OpenWindow[]): OpenWindow[] {
    return windows.sort((a, b) => byEnd(a, b) || this.#keys.indexOf(a.key) - this.#keys.indexOf(b.key));
  }
}

interface Refusal extends Bounds {
  readonly reason: "expired" | "finished";
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
const byEnd = (a: Bounds, b: Bounds): number => compare(a.end, b.end) || compare(a.start, b.start);
const byStart = (a: Bounds, b: Bounds): number => compare(a.start, b.start) || compare(a.end, b.end);
const inside = (a: Bounds, b: Bounds): boolean => b.start <= a.start && a.end <= b.end;

/** Says a strategy in the words of an engine that has fewer of them. */
function inWordsOf(profile: Profile, strategy: WindowingStrategy): WindowingStrategy {
  if (profile.streamTime) return kafkaStrategy(strategy);
  if (profile.repeats === "whole") return { ...strategy, trigger: repeatingWhole(strategy.trigger) };
  return profile.latePanes === "each-row" ? flinkStrategy(strategy) : strategy;
}

/** In Beam's Python, `AfterWatermark` wraps its early and its late trigger in `Repeatedly`. */
function repeatingWhole(trigger: Trigger): Trigger {
  const inside = JSON.parse(JSON.stringify(trigger), (_key, part: Trigger | null) => {
    if (part?.kind !== "afterWatermark") return part;
    const wrap = (each: Trigger | null): Trigger | null => each && { kind: "repeatedly", trigger: each };
    return { ...part, early: wrap(part.early), late: wrap(part.late) };
  }) as Trigger;
  return inside;
}

/** Kafka emits at each update, or (EMIT FINAL) once when the window closes. */
function kafkaStrategy(strategy: WindowingStrategy): WindowingStrategy {
  const { trigger, closing } = strategy;
  if (trigger.kind === "default")
    return { ...strategy, trigger: { kind: "repeatedly", trigger: { kind: "afterCount", count: 1 } } };
  if (trigger.kind !== "afterWatermark" || trigger.early !== null || trigger.late !== null) return strategy;
  return { ...strategy, trigger: { kind: "never" }, closing: closing ?? "ifNonEmpty" };
}

/** Flink's triggers never finish, and after the end of its window each late row fires. */
function flinkStrategy(strategy: WindowingStrategy): WindowingStrategy {
  const { trigger } = strategy;
  const eachRow = { kind: "afterCount", count: 1 } as const;
  if (trigger.kind === "afterWatermark") return { ...strategy, trigger: { ...trigger, late: trigger.late ?? eachRow } };
  if (["default", "never", "repeatedly"].includes(trigger.kind)) return strategy;
  return { ...strategy, trigger: { kind: "repeatedly", trigger } };
}
