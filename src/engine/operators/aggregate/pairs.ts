/**
 * The pairs of a windowed join, counted without being made: for each window and key how many rows each side has. What
 * a join would put out grows with the product of both sides; this grows with their rows.
 *
 * ```
 * key    left  right   pairs
 * k1        3      4      12
 * k2        1      0       0
 * window              =   12     a late right row of k2 restates it: 12 is taken back, 13 comes out
 * ```
 *
 * It gives the panes that the aggregate over the join gives: one on time for each window with a pair, and for each late
 * row that makes pairs one more.
 */
import { LATE, ON_TIME } from "../../../model/panes.ts";
import type { Profile } from "../../../model/profiles.ts";
import type { Accumulation } from "../../../model/strategy.ts";
import { canonical } from "../../../pipeline/identity.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import type { JoinNode } from "../../../pipeline/verbs/join.ts";
import type { Port } from "../../../pipeline/verb.ts";
import type { Flow } from "../../flow.ts";
import type { Operator, OperatorContext, Outputs, Snapshot, StateSize } from "../../operator.ts";
import type { Step } from "../../step.ts";
import { windowRules } from "../../windowing/rules.ts";
import { SideKeys } from "../join/sides.ts";
import { nextTick } from "./dense-fixed.ts";
import { GroupKeys } from "./group-keys.ts";
import type { Grid } from "./grid.ts";
import { type PairSides, pairSides } from "./pair-sides.ts";
import { type Counted, PairWindows, type SavedWindows } from "./pair-windows.ts";
import { type PaneOf, PaneOutput } from "./pane-output.ts";
import { planAggregate } from "./plan.ts";
import { finishes, gridOf, insertsOnly, isPlain } from "./specialize.ts";

/**
 * Returns the join whose pairs an aggregate counts and does nothing else with, or null. `reads` are the aggregate's ports
 * that somebody reads.
 */
export function countedJoin(node: AggregateNode, profile: Profile, reads: ReadonlySet<Port>): JoinNode | null {
  const { input, strategy } = node;
  if (input.verb !== "join" || input.kind !== "inner" || input.keys.residual !== null) return null;
  if (strategy === null || input.strategy === null || input.keys.left.length === 0 || node.keys.length > 0) return null;
  if (node.aggregates.some(call => call.aggregate !== "count" || call.arguments.length > 0)) return null;
  if ([...reads].some(port => port !== "main") || !isPlain(profile)) return null;
  const { window, allowedLateness } = strategy;
  if (canonical(window) !== canonical(input.strategy.window)) return null;
  if (allowedLateness !== input.strategy.allowedLateness) return null;
  if (!Number.isInteger(allowedLateness) && allowedLateness !== Infinity) return null;
  const rules = windowRules(strategy, profile);
  if (strategy.timestampCombiner !== "endOfWindow" || rules.onTime === "always" || rules.closing !== "ifNonEmpty")
    return null;
  if (finishes(rules.trigger) !== false || (gridOf(window)?.regular ?? null) === null) return null;
  return insertsOnly(input.left) && insertsOnly(input.right) ? input : null;
}

/** Makes the operator of an aggregate that reads the inputs of `join` in its place. */
export function pairCounts(
  node: AggregateNode,
  join: JoinNode,
  joined: OperatorContext,
  sides: OperatorContext,
): Operator {
  return new PairCounts(node, join, joined, sides);
}

interface Saved {
  readonly watermark: number;
  readonly keys: unknown;
  readonly windows: SavedWindows;
}

/** In place of a watermark that the sides lend. */
const NONE = new Float64Array(0);

class PairCounts implements Operator {
  readonly lasting = true;
  readonly lazy = true;
  readonly #keys: SideKeys;
  readonly #grid: Grid;
  readonly #allowedLateness: number;
  readonly #accumulation: Accumulation;
  readonly #aggregates: number;
  readonly #windows: PairWindows;
  readonly #panes: PaneOutput;
  #watermark = -Infinity;
  /** The keys of the step's rows. */
  #ids: readonly Int32Array[] = [];
  readonly #pane: PaneOf = { timing: ON_TIME, index: 0, nonSpeculative: 0, first: true, last: false };
  readonly #results: number[];

  constructor(node: AggregateNode, join: JoinNode, joined: OperatorContext, sides: OperatorContext) {
    const { strategy } = node;
    const grid = strategy === null ? null : gridOf(strategy.window);
    if (strategy === null || grid?.regular == null) throw new Error("Pairs are counted in fixed windows alone.");
    this.#grid = grid;
    this.#allowedLateness = strategy.allowedLateness;
    this.#accumulation = strategy.accumulation;
    this.#aggregates = node.aggregates.length;
    this.#results = node.aggregates.map(() => 0);
    this.#keys = new SideKeys(join.keys, sides);
    this.#windows = new PairWindows(grid.regular.size, grid.regular.offset);
    this.#panes = new PaneOutput(planAggregate(node, joined), new GroupKeys([]));
  }

  step(step: Step, inputs: readonly Flow[]): Outputs {
    const sides = pairSides(step, inputs);
    this.#ids = this.#keys.of(sides.flows);
    const from: [number, number] = [0, 0];
    for (;;) {
      const more = sides.cut(nextTick(this.#grid, this.#watermark, this.#allowedLateness));
      this.#add(sides, from);
      if (!more) break;
      this.#advance(sides.watermark, sides.position, sides.clock);
      from[0] = sides.through[0];
      from[1] = sides.through[1];
    }
    return { main: sides.flow(this.#panes.take(null, NONE)) };
  }

  /** Takes the rows of both sides up to a cut: those of open windows at once, the others one by one in their order. */
  #add(sides: PairSides, from: readonly [number, number]): void {
    const windows = this.#windows;
    const { flows, through } = sides;
    windows.begin();
    for (const side of [0, 1] as const)
      windows.count(side, this.#ids[side], flows[side].time, from[side], through[side], this.#watermark);
    const { rows, count, ofLeft } = windows.aside;
    // Each side's rows are in order. A stream that is joined with itself has a row on both sides at one position.
    let left = 0;
    let right = ofLeft;
    while (left < ofLeft || right < count) {
      const order = right === count ? -1 : left === ofLeft ? 1 : sides.compare(rows[left], rows[right]);
      const side = order <= 0 ? 0 : 1;
      const row = side === 0 ? rows[left] : rows[right];
      const window = this.#find(flows[side].time[row]);
      let more = 0;
      if (order <= 0) more += this.#take(window, 0, rows[left++]);
      if (order >= 0) more += this.#take(window, 1, rows[right++]);
      if (window !== null && more > 0)
        this.#restate(window, more, sides.positionOf(side, row), sides.clockOf(side, row));
    }
  }

  /** Finds the complete window of a time, or makes it; null where it is gone. */
  #find(time: number): Counted | null {
    const start = this.#grid.startOf(time);
    const found = this.#windows.find(start);
    if (found !== undefined) return found;
    const end = this.#grid.endOf(time);
    return end + this.#allowedLateness <= this.#watermark ? null : this.#windows.create(start, end, false);
  }

  /** Counts a row in a window and returns the pairs that it makes. */
  #take(window: Counted | null, side: 0 | 1, row: number): number {
    return window === null ? 0 : this.#windows.add(window, side, this.#ids[side][row]);
  }

  /** Says that a complete window has more pairs. */
  #restate(window: Counted, more: number, at: number, clock: number): void {
    const before = window.pairs;
    window.pairs += more;
    if (window.panes > 0 && this.#accumulation === "retracting") this.#emit(window, before, -1, LATE, at, clock, false);
    this.#emit(window, this.#accumulation === "discarding" ? more : window.pairs, 1, LATE, at, clock, false);
    window.panes++;
  }

  /** Moves the watermark: windows that are complete fire, windows past their lateness go. */
  #advance(watermark: number, at: number, clock: number): void {
    this.#watermark = watermark;
    const { list } = this.#windows;
    let gone = 0;
    for (const window of list) {
      if (window.end > watermark) break;
      const expired = window.end + this.#allowedLateness <= watermark;
      if (window.open) {
        window.pairs = this.#windows.close(window);
        if (window.pairs > 0) {
          this.#emit(window, window.pairs, 1, ON_TIME, at, clock, expired);
          window.panes = 1;
        }
      }
      if (expired) gone++;
    }
    this.#windows.drop(gone);
  }

  #emit(
    window: Counted,
    pairs: number,
    weight: 1 | -1,
    timing: number,
    at: number,
    clock: number,
    last: boolean,
  ): void {
    const pane = this.#pane;
    pane.timing = timing;
    pane.index = window.panes;
    pane.nonSpeculative = window.panes;
    pane.first = window.panes === 0;
    pane.last = last;
    this.#panes.begin(0, window.start, window.end, at, clock, window.end - 1, weight, pane);
    if (this.#aggregates > 0) this.#panes.append(this.#results.fill(pairs));
  }

  size(): StateSize {
    const { list } = this.#windows;
    const open = list.find(w => w.open);
    return {
      keys: this.#windows.keys,
      windows: list.length,
      entries: list.reduce((sum, window) => sum + this.#windows.used(window), 0),
      hold: open === undefined ? null : open.end - 1,
    };
  }

  snapshot(): Snapshot {
    const saved: Saved = {
      watermark: this.#watermark,
      keys: this.#keys.snapshot(),
      windows: this.#windows.snapshot(),
    };
    return saved;
  }

  restore(snapshot: Snapshot): void {
    const from = snapshot as Saved;
    this.#watermark = from.watermark;
    this.#keys.restore(from.keys);
    this.#windows.restore(from.windows);
  }
}
