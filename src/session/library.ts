/** The names that are there in every cell without being imported: one readable list. */
import * as charts from "../charts/plans.ts";
import { captured } from "../expressions/captured.ts";
import { duration, formatDuration } from "../model/time.ts";
import * as triggers from "../model/triggers.ts";
import * as watermarks from "../model/watermarks.ts";
import * as windows from "../model/windows.ts";
import { rows, source, Stream } from "../pipeline/stream.ts";
import { durationSlider, Inputs, number, select, slider, text, toggle } from "./inputs.ts";

const { PLANS: _plans, planChart: _planChart, isChart: _isChart, ...chartBuilders } = charts;

/**
 * `op` stands in expressions such as `d => op.sum(d.amount)`, which are read as text and never called. Called outside of
 * one, as in `{n: op.count()}` or `op.sum("amount")`, it writes that expression: its arguments are names of columns.
 */
const op = new Proxy(Object.freeze({}), {
  get:
    (_target, name) =>
    (...columns: readonly unknown[]) => {
      const wrong = columns.find(c => typeof c !== "string" && typeof c !== "number");
      if (wrong !== undefined)
        throw new Error(
          `op.${String(name)} takes names of columns here. Compute inside a row expression: d => op.${String(name)}(d.a * d.b).`,
        );
      return `d => op.${String(name)}(${columns.map(c => (typeof c === "string" ? `d[${JSON.stringify(c)}]` : String(c))).join(", ")})`;
    },
});

/** Makes the runtime library. `latest` needs the session, so the session adds it. */
export function library(): Record<string, unknown> {
  return {
    source,
    rows,
    Stream,
    op,
    fixed: windows.fixed,
    sliding: windows.sliding,
    sessions: windows.sessions,
    cumulating: windows.cumulating,
    calendar: windows.calendar,
    global: windows.global,
    afterWatermark: triggers.afterWatermark,
    afterCount: triggers.afterCount,
    afterProcessingTime: triggers.afterProcessingTime,
    repeatedly: triggers.repeatedly,
    afterEach: triggers.afterEach,
    afterAny: triggers.afterAny,
    afterAll: triggers.afterAll,
    orFinally: triggers.orFinally,
    never: triggers.never,
    bounded: watermarks.bounded,
    perfect: watermarks.perfect,
    percentile: watermarks.percentile,
    punctuated: watermarks.punctuated,
    adaptive: watermarks.adaptive,
    manual: watermarks.manual,
    duration,
    formatDuration,
    slider,
    durationSlider,
    select,
    toggle,
    text,
    number,
    Inputs,
    ...chartBuilders,
    __captured: (parameters: Parameters<typeof captured>[0], fn: (...args: never[]) => unknown) =>
      captured(parameters, fn),
  };
}
