/** Prints windowing words: windows, triggers, watermarks and strategies as the calls that make them. */
import type { WindowingStrategy } from "../../model/strategy.ts";
import { DEFAULT_STRATEGY } from "../../model/strategy.ts";
import type { Trigger } from "../../model/triggers.ts";
import type { WatermarkStrategy } from "../../model/watermarks.ts";
import type { WindowFunction } from "../../model/windows.ts";
import { literal, object } from "./literal.ts";
import { type Imports, same } from "./script.ts";

/** Writes a length of time so that it reads back exactly: `"30 s"` where that is exact, else milliseconds. */
export function printDuration(milliseconds: number): string {
  if (milliseconds === Infinity) return '"unbounded"';
  const units: [number, string][] = [
    [86_400_000, "day"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
  ];
  for (const [size, unit] of units)
    if (milliseconds !== 0 && milliseconds % size === 0) return `"${milliseconds / size} ${unit}"`;
  return String(milliseconds);
}

export function printWindow(window: WindowFunction, imports: Imports): string {
  const offset = (ms: number): string => (ms === 0 ? "" : `, { offset: ${printDuration(ms)} }`);
  switch (window.kind) {
    case "global":
      return `${imports.use("global")}()`;
    case "fixed":
      return `${imports.use("fixed")}(${printDuration(window.size)}${offset(window.offset)})`;
    case "sliding":
      return `${imports.use("sliding")}(${printDuration(window.size)}, ${printDuration(window.period)}${offset(window.offset)})`;
    case "sessions":
      return `${imports.use("sessions")}(${printDuration(window.gap)}${window.inclusive === null ? "" : `, { inclusive: ${window.inclusive} }`})`;
    case "cumulating":
      return `${imports.use("cumulating")}(${printDuration(window.size)}, ${printDuration(window.step)}${offset(window.offset)})`;
    case "calendar": {
      const week = window.weekStart !== "monday" ? `, weekStart: "${window.weekStart}"` : "";
      return `${imports.use("calendar")}("${window.unit}", { timeZone: ${JSON.stringify(window.timeZone)}${week} })`;
    }
    case "custom":
      // There is no word for it: plain data is what the library takes as well.
      return literal(window);
  }
}

export function printTrigger(trigger: Trigger, imports: Imports): string {
  const list = (triggers: readonly Trigger[]): string => triggers.map(t => printTrigger(t, imports)).join(", ");
  switch (trigger.kind) {
    case "default":
      return imports.use("DEFAULT_TRIGGER");
    case "never":
      return `${imports.use("never")}()`;
    case "afterWatermark": {
      const parts = [
        ...(trigger.early === null ? [] : [`early: ${printTrigger(trigger.early, imports)}`]),
        ...(trigger.late === null ? [] : [`late: ${printTrigger(trigger.late, imports)}`]),
      ];
      return `${imports.use("afterWatermark")}(${parts.length === 0 ? "" : object(parts)})`;
    }
    case "afterCount":
      return `${imports.use("afterCount")}(${trigger.count})`;
    case "afterProcessingTime":
      return `${imports.use("afterProcessingTime")}(${printDuration(trigger.delay)}${trigger.aligned ? ", { aligned: true }" : ""})`;
    case "repeatedly":
      return `${imports.use("repeatedly")}(${printTrigger(trigger.trigger, imports)})`;
    case "orFinally":
      return `${imports.use("orFinally")}(${list([trigger.trigger, trigger.until])})`;
    case "afterEach":
    case "afterAny":
    case "afterAll":
      return `${imports.use(trigger.kind)}(${list(trigger.triggers)})`;
  }
}

/** Writes a watermark strategy with the options that differ from its defaults. */
export function printWatermark(strategy: WatermarkStrategy, imports: Imports): string {
  const options = [
    ...(strategy.idle === null ? [] : [`idle: ${printDuration(strategy.idle)}`]),
    ...(strategy.future === null ? [] : [`future: ${printDuration(strategy.future)}`]),
    ...(strategy.per === "partition" ? [] : [`per: "${strategy.per}"`]),
    ...(strategy.keyColumn === null ? [] : [`key: ${literal(strategy.keyColumn)}`]),
    ...(strategy.every === null ? [] : [`every: ${printDuration(strategy.every)}`]),
    ...(strategy.microBatch === null ? [] : [`microBatch: ${printDuration(strategy.microBatch)}`]),
  ];
  const { basis } = strategy;
  const args: string[] = [];
  if (basis.kind === "bounded") args.push(printDuration(basis.delay));
  if (basis.kind === "percentile") args.push(String(basis.quantile), String(basis.window));
  if (basis.kind === "adaptive") args.push(String(basis.quantile), String(basis.sensitivity));
  if (basis.kind === "punctuated") args.push(literal(basis.predicate));
  if (options.length > 0) args.push(object(options));
  return `${imports.use(basis.kind)}(${args.join(", ")})`;
}

/** Writes the windowing words of a strategy, those that differ from the defaults. */
export function printStrategy(strategy: WindowingStrategy, imports: Imports): string[] {
  const out = [`.window(${printWindow(strategy.window, imports)})`];
  if (!same(strategy.trigger, DEFAULT_STRATEGY.trigger))
    out.push(`.trigger(${printTrigger(strategy.trigger, imports)})`);
  if (strategy.allowedLateness !== 0) out.push(`.allowedLateness(${printDuration(strategy.allowedLateness)})`);
  if (strategy.accumulation !== DEFAULT_STRATEGY.accumulation) out.push(`.accumulation("${strategy.accumulation}")`);
  if (strategy.timestampCombiner !== DEFAULT_STRATEGY.timestampCombiner)
    out.push(`.timestamp("${strategy.timestampCombiner}")`);
  if (strategy.onTime !== null || strategy.closing !== null) {
    const parts = [
      strategy.onTime === null ? "" : `onTime: "${strategy.onTime}"`,
      strategy.closing === null ? "" : `closing: "${strategy.closing}"`,
    ];
    out.push(`.emptyPanes(${object(parts.filter(p => p !== ""))})`);
  }
  return out;
}
