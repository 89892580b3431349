/**
 * Chooses a fast operator for an aggregate where one fits. The general operator means the same; it is what these are
 * tested against, and what everything else runs on.
 */
import { PROFILES, type Profile } from "../../../model/profiles.ts";
import type { Trigger } from "../../../model/triggers.ts";
import { periodStart, type WindowFunction } from "../../../model/windows.ts";
import { inputsOf, type Node } from "../../../pipeline/node.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import type { Operator, OperatorContext } from "../../operator.ts";
import { windowRules } from "../../windowing/rules.ts";
import { DenseFixed } from "./dense-fixed.ts";
import { keyCodes } from "./dense-keys.ts";
import { densePlan } from "./dense-plan.ts";
import { DenseSessions } from "./dense-sessions.ts";
import { type Cover, DenseSliding } from "./dense-sliding.ts";
import { calendarGrid, fixedGrid, type Grid } from "./grid.ts";

/** Cells of 28 bytes and more that the dense operators lay out before they pack what is closed. */
const MOST_CELLS = 1 << 22;

/** Returns a specialised operator for a node, or null where only the general one will do. */
export function specializedAggregate(
  node: AggregateNode,
  context: OperatorContext,
  mostCells = MOST_CELLS,
): Operator | null {
  const { strategy } = node;
  if (!context.specialize || strategy === null || !isPlain(context.profile)) return null;
  // Side outputs about each row and each window are the general operator's.
  if (["kept", "fates", "life"].some(port => context.reads(port))) return null;
  const rules = windowRules(strategy, context.profile);
  if (strategy.timestampCombiner !== "endOfWindow" || rules.onTime === "always" || rules.closing !== "ifNonEmpty")
    return null;
  const finishing = finishes(rules.trigger);
  if (finishing === null) return null;
  const { allowedLateness, accumulation } = strategy;
  if (!Number.isInteger(allowedLateness) && allowedLateness !== Infinity) return null;
  if (!insertsOnly(node.input)) return null;
  const plan = densePlan(node, context.inputs[0]);
  if (plan === null) return null;
  const settings = { allowedLateness, accumulation, finishing, mostCells };
  const grid = gridOf(strategy.window);
  if (grid !== null) return new DenseFixed(node, context, plan, keyCodes(node, context), grid, settings);
  if (strategy.window.kind === "sessions") {
    const { gap } = strategy.window;
    if (finishing || !Number.isInteger(gap)) return null;
    const { touching, profile } = rules;
    const sessions = { ...settings, gap, touching, lateness: profile.sessionLateness };
    return new DenseSessions(node, context, plan, keyCodes(node, context), sessions);
  }
  const cover = coverOf(strategy.window);
  if (cover !== null) return new DenseSliding(node, context, plan, keyCodes(node, context), cover, settings);
  return null;
}

/**
 * Rules that specialised operators ask about, or that make no difference to them: what sources do, timers of processing time,
 * and triggers that finish or do not wait for the end of a window.
 */
const ASKED: ReadonlySet<string> = new Set<keyof Profile>([
  "name",
  "watermark",
  "watermarkPeriod",
  "completeness",
  "inclusiveSessions",
  "sessionLateness",
  "onTime",
  "closing",
  "processingTimer",
  "asksAtEnd",
  "revives",
]);

/** Whether a profile answers as Tidemark's own in everything that the specialised operators do not ask about. */
export function isPlain(profile: Profile): boolean {
  return Object.entries(PROFILES.tidemark).every(
    ([rule, own]) => ASKED.has(rule) || profile[rule as keyof Profile] === own,
  );
}

/**
 * Tells of a trigger that fires at the watermark whether it then finishes (true) or fires again for each late row
 * (false); null for any other trigger.
 */
export function finishes(trigger: Trigger): boolean | null {
  if (trigger.kind === "default") return false;
  if (trigger.kind !== "afterWatermark" || trigger.early !== null) return null;
  const late = trigger.late?.kind === "repeatedly" ? trigger.late.trigger : trigger.late;
  if (late === null) return true;
  return late.kind === "afterCount" && late.count === 1 ? false : null;
}

/** Verbs that hand rows on without ever taking one back. */
const INSERTING: ReadonlySet<string> = new Set(["source", "filter", "derive", "select"]);

/** Whether no row with a negative weight can come out of a node. */
export function insertsOnly(node: Node): boolean {
  return INSERTING.has(node.verb) && inputsOf(node).every(insertsOnly);
}

/** Finds the grid of windows that do not overlap. Bounds are computed exactly as long as sizes are whole milliseconds. */
export function gridOf(window: WindowFunction): Grid | null {
  if (window.kind === "calendar") return calendarGrid(window);
  return window.kind === "fixed" && Number.isInteger(window.size) && Number.isInteger(window.offset)
    ? fixedGrid(window.size, window.offset)
    : null;
}

/** Slices there may be in a window: more, and merging them would cost more than they save. */
const MOST_SLICES = 1_000;

/** Finds the slices of windows that overlap, where one window ends at the end of each. */
function coverOf(window: WindowFunction): Cover | null {
  if (window.kind !== "sliding" && window.kind !== "cumulating") return null;
  const { size, offset } = window;
  const slice = window.kind === "sliding" ? window.period : window.step;
  if (![size, slice, offset].every(Number.isInteger) || size % slice !== 0 || size / slice > MOST_SLICES) return null;
  if (window.kind === "sliding") return { slice, offset, startOf: end => end - size, lastEnd: start => start + size };
  return {
    slice,
    offset,
    startOf: end => periodStart(end - slice, size, offset),
    lastEnd: start => periodStart(start, size, offset) + size,
  };
}
