/**
 * The windows of a windowed aggregate: how they open, take rows, merge, fire, finish and expire. The life of a window
 * follows Apache Beam's `ReduceFnRunner`; where other engines answer differently, `WindowRules` says so.
 */
import { MANY_OBJECTS, type Slices } from "../../slices.ts";
import type { TriggerContext, TriggerState } from "../../triggers/machine.ts";
import type { RunningTrigger } from "../../triggers/registry.ts";
import { isExpired, type WindowRules } from "../../windowing/rules.ts";
import { TimeHeap, Timers } from "../../windowing/time-heap.ts";
import type { Accumulators } from "./accumulators.ts";
import { byWindow, Cell, Cells, type EmittedPane, sortedByWindow, takeOver } from "./cell.ts";
import { Emitter, type EmitterParts } from "./emitter.ts";
import type { Holds } from "./holds.ts";
import { type Assignment, type Bounds, mergingGroups } from "./merging.ts";
import type { Now } from "./now.ts";
import type { DropReason, SideOutput } from "./side-output.ts";

/** Why a window does not take a row, and which window that is after merging. */
export interface Refusal {
  readonly start: number;
  readonly end: number;
  readonly reason: DropReason;
}

/** A cell as plain data. */
export interface SavedCell {
  readonly key: number;
  readonly start: number;
  readonly end: number;
  readonly trigger: TriggerState;
  readonly rows: number;
  readonly weight: number;
  readonly hold: number;
  readonly expiryHold: number;
  readonly index: number;
  readonly nonSpeculative: number;
  readonly timing: number;
  readonly awaitsEnd: boolean;
  readonly finished: boolean;
  readonly emitted: EmittedPane | null;
  readonly replaced: readonly EmittedPane[] | null;
  /** State of the aggregates; null once the trigger has finished. */
  readonly state: unknown;
}

export class Windows {
  readonly #rules: WindowRules;
  readonly #now: Now;
  readonly #trigger: RunningTrigger;
  readonly #accumulators: Accumulators;
  readonly #holds: Holds;
  readonly #side: SideOutput;
  readonly #emitter: Emitter;
  /** Whether windows of one key have no time in common, and their bounds are exact. */
  readonly #disjoint: boolean;
  /** Whether a row may join a session without asking what its trigger remembers. */
  readonly #mergesQuickly: boolean;
  /** Windows by key, finished ones until they expire. */
  readonly #cells = new Cells();
  /** Ends of windows that the watermark has not reached, and times at which windows are forgotten. */
  readonly #ends = new TimeHeap<Cell>();
  readonly #expiries = new TimeHeap<Cell>();
  /** Deadlines in processing time. One that a window waits for no more means nothing. */
  readonly #timers = new Timers<Cell>();
  /** What triggers are told; `#cell` is the window it is about. */
  readonly #context: TriggerContext;
  #cell: Cell | null = null;

  constructor(parts: EmitterParts, trigger: RunningTrigger) {
    this.#rules = parts.rules;
    this.#now = parts.now;
    this.#accumulators = parts.accumulators;
    this.#holds = parts.holds;
    this.#side = parts.side;
    this.#trigger = trigger;
    this.#emitter = new Emitter(parts);
    const { window } = parts.rules.strategy;
    this.#disjoint =
      window.kind === "calendar" ||
      (window.kind === "fixed" && Number.isInteger(window.size) && Number.isInteger(window.offset));
    this.#mergesQuickly = window.kind === "sessions" && parts.rules.shownEnd === 0 && trigger.mergesAlone;
    this.#context = {
      state: trigger.fresh(),
      complete: false,
      now: -Infinity,
      dueAtNow: false,
      merging: parts.rules.merging,
      sources: [],
      wakeAt: deadline => this.#timers.push(deadline, this.#cell as Cell),
      wakeAtEnd: () => {
        (this.#cell as Cell).awaitsEnd = true;
      },
    };
  }

  /** Number of windows, finished ones included. */
  get count(): number {
    return this.#cells.count;
  }

  // Opening, and taking rows.

  /** Finds or opens a window, or says why it takes no more rows. One that is quiet takes them without being asked. */
  open(key: number, start: number, end: number): Cell | Refusal {
    const cell = this.#cells.find(key, start, end);
    if (cell !== null && cell.quiet > 0) return cell;
    if (this.isExpired(end)) return { start, end, reason: "expired" };
    if (cell?.finished) return { start, end, reason: "finished" };
    return cell ?? this.#create(key, start, end);
  }

  /** Finds the open window of a row that needs no more than to be counted and added; null where anything else may happen. */
  quickly(key: number, times: Float64Array, row: number): Cell | null {
    if (!this.#disjoint) return null;
    const cell = this.#cells.around(key, times, row);
    return cell !== null && cell.quiet > 0 ? cell : null;
  }

  /** Puts a row into a window whose trigger is quiet. */
  putQuickly(cell: Cell, row: number, times: Float64Array, weight: number): void {
    cell.quiet--;
    cell.untold++;
    cell.rows++;
    cell.weight += weight;
    this.#holds.add(cell, times, row);
    this.#accumulators.add(cell.slot, row, weight);
  }

  /** Lets a row's session join the only one that it meets; null where anything else may happen. */
  joinQuickly(key: number, start: number, end: number): Cell | null {
    if (!this.#mergesQuickly || this.#rules.profile.streamTime) return null;
    const list = this.#cells.of(key);
    let met: Cell | null = null;
    for (let i = this.#cells.firstEnding(key, start); i < list.length; i++) {
      const cell = list[i];
      if (!this.#meet(start, cell.end)) continue;
      if (cell.finished) return null;
      // Sessions that have not finished lie apart, so those that follow begin later still.
      if (!this.#meet(cell.start, end)) break;
      if (met !== null) return null;
      met = cell;
    }
    if (met === null || met.trigger.finished !== 0 || met.end <= this.#now.watermark) return null;
    if (met.start === start && met.end === end) return met;
    if (this.#rules.profile.sessionLateness === "before-merge" && this.isExpired(end)) return null;
    if (start < met.start || end > met.end) {
      if (this.#rules.tombstones) takeOver(met, []);
      const { awaitsEnd } = met;
      this.#resize(met, Math.min(start, met.start), Math.max(end, met.end));
      // Its trigger would ask for the same again with the row.
      met.awaitsEnd = awaitsEnd;
    }
    this.#holds.merged(met);
    return met;
  }

  /** Puts a row, which the accumulators are bound to, into a window. */
  put(cell: Cell, row: number, times: Float64Array, weight: number): void {
    cell.rows++;
    cell.weight += weight;
    cell.quiet = 0;
    this.#holds.add(cell, times, row);
    this.#accumulators.add(cell.slot, row, weight);
    this.#trigger.root.onElement(this.#about(cell));
  }

  /** Whether a window with this end takes no more rows. */
  isExpired(end: number): boolean {
    return isExpired(this.#rules, end, this.#now.watermark);
  }

  #create(key: number, start: number, end: number): Cell {
    const cell = new Cell(key, start, end, this.#accumulators.take(), this.#trigger.fresh());
    this.#cells.add(cell);
    this.#schedule(cell);
    this.#live(cell, "opened");
    if (end <= this.#now.watermark) this.#live(cell, "complete");
    return cell;
  }

  /** Sees to it that the watermark comes back to a window at its end, and then when it is to be forgotten. */
  #schedule(cell: Cell): void {
    if (cell.end > this.#now.watermark) {
      // An entry that comes up too early, because the session has grown, is put right then.
      if (cell.queuedEnd <= cell.end) return;
      cell.queuedEnd = cell.end;
      this.#ends.push(cell.end, cell);
    } else this.#expiries.push(this.#forgottenAt(cell), cell);
  }

  #forgottenAt(cell: Cell): number {
    return cell.end + this.#rules.linger + this.#rules.lateness;
  }

  #forget(cell: Cell): void {
    if (!cell.finished) this.#accumulators.release(cell.slot);
    this.#cells.remove(cell);
    cell.gone = true;
  }

  // Merging.

  /** Merges the window of a single row with the open ones it meets. */
  mergeOne(key: number, start: number, end: number): Cell | Refusal {
    if (this.#rules.profile.sessionLateness === "before-merge" && this.isExpired(end))
      return { start, end, reason: "expired" };
    const met: Cell[] = [];
    let from = start;
    let to = end;
    const list = this.#cells.of(key);
    for (let i = this.#cells.firstEnding(key, start); i < list.length; i++) {
      const cell = list[i];
      if (cell.finished || !this.#meet(start, cell.end)) continue;
      if (!this.#meet(cell.start, end)) break;
      met.push(cell);
      from = Math.min(from, cell.start);
      to = Math.max(to, cell.end);
    }
    if (this.isExpired(to)) return { start: from, end: to, reason: "expired" };
    if (met.length === 0) return this.open(key, start, end);
    if (met.length === 1 && met[0].start === start && met[0].end === end) return met[0];
    if (met.length > 1) met.sort(byWindow);
    const cell = this.#merge(key, met, from, to);
    // Where sessions end with their last row, one is replaced even if its bounds stay the same (Kafka).
    if (this.#rules.shownEnd > 0) takeOver(cell, []);
    return cell.finished ? { start: from, end: to, reason: "finished" } : cell;
  }

  /**
   * Merges the windows of all rows of a bundle with each other and with the open ones, before any row is added. Returns
   * what became of those that merged.
   */
  mergeAll<A extends Assignment>(assignments: readonly A[]): Map<A, Bounds> {
    const byKey = new Map<number, A[]>();
    for (const assignment of assignments) {
      const list = byKey.get(assignment.key);
      if (list === undefined) byKey.set(assignment.key, [assignment]);
      else list.push(assignment);
    }
    const results = new Map<A, Bounds>();
    for (const [key, fresh] of byKey)
      for (const group of mergingGroups(this.#openOf(key), fresh, (start, end) => this.#meet(start, end))) {
        this.#merge(key, group.cells, group.start, group.end);
        for (const assignment of group.fresh) results.set(assignment, group);
      }
    return results;
  }

  #openOf(key: number): Cell[] {
    return this.#cells.of(key).filter(cell => !cell.finished);
  }

  /** Whether a window that begins at `start` merges with an earlier one that ends at `end`. */
  #meet(start: number, end: number): boolean {
    return this.#rules.touching ? start <= end : start < end;
  }

  /**
   * Makes one window `[start, end)` of the open windows `met`, which may be none where only windows of new rows merge.
   * A window that keeps its bounds keeps its panes' numbers; any other result starts afresh.
   */
  #merge(key: number, met: readonly Cell[], start: number, end: number): Cell {
    const same = met.find(cell => cell.start === start && cell.end === end);
    const trigger = this.#trigger.fresh();
    trigger.finished = same?.trigger.finished ?? this.#finishedBefore(key, start, end);
    for (const cell of met) this.#tell(cell);
    const sources = met.map(cell => cell.trigger);
    const others = met.filter(cell => cell !== same);
    const cell = same ?? others.shift() ?? this.#create(key, start, end);
    if (this.#rules.tombstones) takeOver(cell, others, same === undefined);
    for (const other of others) {
      this.#accumulators.merge(cell.slot, other.slot);
      cell.rows += other.rows;
      cell.weight += other.weight;
      this.#holds.combine(cell, other);
      this.#live(other, "merged");
      this.#forget(other);
    }
    if (cell.start !== start || cell.end !== end) this.#resize(cell, start, end);
    if (met.length > 0) this.#holds.merged(cell);
    cell.trigger = trigger;
    cell.quiet = 0;
    const context = this.#about(cell);
    context.sources = sources;
    this.#trigger.root.onMerge(context);
    context.sources = [];
    if (this.#trigger.root.isFinished(trigger)) this.#finish(cell);
    return cell;
  }

  /** What had finished in a window of the same bounds that is no more. It makes room for the merged one. */
  #finishedBefore(key: number, start: number, end: number): number {
    const remains = this.#cells.find(key, start, end);
    if (remains === null) return 0;
    this.#forget(remains);
    return this.#rules.profile.revives ? 0 : remains.trigger.finished;
  }

  #resize(cell: Cell, start: number, end: number): void {
    const ended = cell.end !== end;
    this.#cells.resize(cell, start, end);
    cell.index = 0;
    cell.nonSpeculative = 0;
    cell.timing = -1;
    cell.awaitsEnd = false;
    if (ended) this.#schedule(cell);
  }

  // Firing.

  /** Emits a pane if the trigger is ready. */
  fireIfReady(cell: Cell): void {
    if (cell.finished || cell.gone) return;
    const { root } = this.#trigger;
    const context = this.#about(cell);
    cell.quiet = 0;
    if (!root.shouldFire(context)) return;
    root.onFire(context);
    const finished = root.isFinished(cell.trigger);
    const expiring = this.#rules.profile.lastPane === "expiry" && this.isExpired(cell.end);
    this.#emitter.emit(cell, finished || expiring);
    cell.rows = 0;
    if (finished) this.#finish(cell);
    else if (this.#rules.discarding) {
      this.#accumulators.clear(cell.slot);
      cell.weight = 0;
    }
  }

  /** Does what `fireIfReady` does after a row, and finds out for how many more rows that need not be asked. */
  fireAfterRow(cell: Cell): void {
    const { root } = this.#trigger;
    const context = this.#about(cell);
    if (root.shouldFire(context)) {
      this.fireIfReady(cell);
      if (cell.finished || !this.#trigger.steady) return;
      this.#about(cell);
      if (root.shouldFire(context)) return;
    }
    cell.quiet = Math.min(MOST_QUIET, root.quiet(context));
  }

  /** Ends a window whose trigger has finished. What is left of it says so to later rows, until it expires. */
  #finish(cell: Cell): void {
    this.#trigger.root.clear(this.#about(cell));
    this.#live(cell, "closed");
    this.#accumulators.release(cell.slot);
    cell.slot = -1;
    cell.finished = true;
    cell.emitted = null;
    cell.replaced = null;
    cell.hold = NaN;
    cell.expiryHold = NaN;
  }

  /** Tells triggers the processing time, and whether a deadline of this very moment is due. */
  setClock(clock: number, dueAtNow: boolean): void {
    this.#now.clock = clock;
    this.tellClock(dueAtNow);
  }

  /** Tells triggers that the clock has been moved. */
  tellClock(dueAtNow: boolean): void {
    this.#context.now = this.#now.clock;
    this.#context.dueAtNow = dueAtNow;
  }

  get dueAtNow(): boolean {
    return this.#context.dueAtNow;
  }

  /** The earliest deadline in processing time, or NaN, in an array of one. */
  get deadline(): Float64Array {
    return this.#timers.head;
  }

  /** The earliest deadline in processing time, or NaN. */
  get nextDeadline(): number {
    return this.#timers.first;
  }

  /** The earliest watermark at which a window ends or is to be forgotten; NaN when there is none. */
  get nextWatermark(): number {
    const end = this.#ends.first;
    const expiry = this.#expiries.first;
    return end <= expiry || expiry !== expiry ? end : expiry;
  }

  /**
   * Looks again at the windows whose deadlines are due. A deadline that its trigger does not wait for any more, because
   * the pane it belonged to is out, is no reason to look; nor is a window that has expired, as it is the watermark's.
   */
  fireTimers(isDue: (deadline: number) => boolean): void {
    const due: Cell[] = [];
    while (isDue(this.#timers.first))
      for (const cell of this.#timers.pop()) {
        cell.quiet = 0;
        if (!cell.gone && this.#trigger.awaits(cell.trigger, isDue)) list(due, cell);
      }
    for (const cell of inOrder(due)) if (!cell.gone && !this.isExpired(cell.end)) this.fireIfReady(cell);
  }

  /** Fires those of the cells that are ready, in the order in which windows speak. */
  fireAll(cells: Cell[]): void {
    for (const cell of inOrder(cells)) if (!cell.finished && !cell.gone) this.fireAfterRow(cell);
  }

  /** Moves the input watermark on to the one that stands at a place of an array: windows that it completes or expires speak. */
  moveWatermark(watermarks: Float64Array, at: number): void {
    const now = this.#now;
    const to = watermarks[at];
    if (to > now.watermark) {
      now.watermark = to;
      if (this.#ends.head[0] <= to || this.#expiries.head[0] <= to) this.#passWatermark(to);
    }
    now.settled = now.watermark;
  }

  #passWatermark(to: number): void {
    for (const cell of inOrder(this.#due(to)))
      if (this.isExpired(cell.end + this.#rules.linger)) this.#expire(cell);
      else this.fireIfReady(cell);
  }

  /** Takes out the windows that have ended or are to be forgotten at a watermark. */
  #due(watermark: number): Cell[] {
    const due: Cell[] = [];
    const complete: Cell[] = [];
    while (this.#ends.first <= watermark) {
      const end = this.#ends.first;
      const cell = this.#ends.pop();
      // An entry that another one has replaced means nothing; a session that grew gets a new one.
      if (cell.gone || cell.queuedEnd !== end) continue;
      cell.queuedEnd = NaN;
      if (cell.end !== end) {
        cell.queuedEnd = cell.end;
        this.#ends.push(cell.end, cell);
        continue;
      }
      cell.quiet = 0;
      if (this.#side.wantsLife && !cell.finished) complete.push(cell);
      this.#expiries.push(this.#forgottenAt(cell), cell);
      if (cell.awaitsEnd || this.#rules.profile.asksAtEnd === "always") list(due, cell);
    }
    if (complete.length > 0) for (const cell of sortedByWindow(complete)) this.#live(cell, "complete");
    const atLimit = !this.#rules.openAtLimit;
    while (this.#expiries.first < watermark || (atLimit && this.#expiries.first === watermark)) {
      const expiry = this.#expiries.first;
      const cell = this.#expiries.pop();
      if (!cell.gone && this.#forgottenAt(cell) === expiry) list(due, cell);
    }
    return due;
  }

  /** Emits what a window still holds, as its closing behaviour says, and forgets it. */
  #expire(cell: Cell): void {
    if (!cell.finished) {
      if (this.#rules.closing !== "never") this.#emitter.emit(cell, true);
      else this.fireIfReady(cell);
    }
    if (!cell.finished) this.#live(cell, "closed");
    this.#forget(cell);
  }

  /** Tells a trigger of the rows that came while it was quiet. */
  #tell(cell: Cell): void {
    if (cell.untold > 0) this.#about(cell);
  }

  /** Makes triggers speak of a cell. */
  #about(cell: Cell): TriggerContext {
    const context = this.#context;
    context.state = cell.trigger;
    context.complete = cell.end <= this.#now.watermark;
    this.#cell = cell;
    if (cell.untold > 0) {
      const rows = cell.untold;
      cell.untold = 0;
      this.#trigger.root.pass(context, rows);
    }
    return context;
  }

  #live(cell: Cell, what: string): void {
    this.#side.lived(cell, what, this.#now.at, this.#now.clock);
  }

  // State.

  /** Saves all windows, in slices between which none may change. */
  *saving(): Slices<SavedCell[]> {
    const saved: SavedCell[] = [];
    for (const cell of this.#cells.all()) {
      this.#tell(cell);
      saved.push(this.#save(cell));
      if (saved.length % MANY_OBJECTS === 0) yield;
    }
    return saved;
  }

  #save(cell: Cell): SavedCell {
    return {
      key: cell.key,
      start: cell.start,
      end: cell.end,
      trigger: { finished: cell.trigger.finished, data: cell.trigger.data.slice() },
      rows: cell.rows,
      weight: cell.weight,
      hold: cell.hold,
      expiryHold: cell.expiryHold,
      index: cell.index,
      nonSpeculative: cell.nonSpeculative,
      timing: cell.timing,
      awaitsEnd: cell.awaitsEnd,
      finished: cell.finished,
      emitted: cell.emitted,
      replaced: cell.replaced?.slice() ?? null,
      state: cell.finished ? null : this.#accumulators.save(cell.slot),
    };
  }

  /** Puts back what `saving` gave, in slices. Timers, holds and expiries follow from it, by the clock and the watermark in place. */
  *loading(saved: readonly SavedCell[]): Slices<void> {
    for (let i = 0; i < saved.length; i++) {
      this.#load(saved[i]);
      if (i % MANY_OBJECTS === 0) yield;
    }
  }

  #load({ state, trigger, replaced, ...rest }: SavedCell): void {
    const slot = rest.finished ? -1 : this.#accumulators.load(state);
    const cell = new Cell(rest.key, rest.start, rest.end, slot, {
      finished: trigger.finished,
      data: trigger.data.slice(),
    });
    Object.assign(cell, rest, { replaced: replaced?.slice() ?? null });
    this.#cells.add(cell);
    this.#schedule(cell);
    this.#holds.watch(cell);
    // A part that does not run yet may hold a deadline that has passed; its timer has come and gone.
    for (const deadline of this.#trigger.deadlines(cell.trigger))
      if (deadline >= this.#now.clock) this.#timers.push(deadline, cell);
  }
}

/** Rows after which a trigger is asked again in any case: a small integer, which a cell holds without a box of its own. */
const MOST_QUIET = 2 ** 30 - 1;

/** Puts a cell on a list unless it is there already. */
export function list(cells: Cell[], cell: Cell): void {
  if (cell.listed) return;
  cell.listed = true;
  cells.push(cell);
}

/** Takes cells off their list, in the order in which they speak. */
function inOrder(cells: Cell[]): Cell[] {
  for (const cell of cells) cell.listed = false;
  return cells.length > 1 ? sortedByWindow(cells) : cells;
}
