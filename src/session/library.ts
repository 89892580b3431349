/** The names that are there in every cell without being imported: one readable list. */
import * as charts from "../charts/plans.ts";
import { captured } from "../expressions/captured.ts";
import { op } from "../expressions/op.ts";
import { duration, formatDuration } from "../model/time.ts";
import * as triggers from "../model/triggers.ts";
import * as watermarks from "../model/watermarks.ts";
import * as windows from "../model/windows.ts";
import { difference } from "../pipeline/difference.ts";
import { custom, punctuated } from "../pipeline/functions.ts";
import { desc } from "../pipeline/orders.ts";
import { rows, source } from "../pipeline/sources.ts";
import { Stream } from "../pipeline/stream.ts";
import { durationSlider, Inputs, number, select, slider, text, toggle } from "./inputs.ts";

/** The builder of each chart, by the chart's name. */
const chartBuilders = Object.fromEntries(
  Object.keys(charts.PLANS).map(name => [name, (charts as Readonly<Record<string, unknown>>)[name]]),
);

/** Makes the runtime library. `latest` needs the session, so the session adds it. */
export function library(): Record<string, unknown> {
  return {
    source,
    rows,
    Stream,
    difference,
    desc,
    op,
    fixed: windows.fixed,
    sliding: windows.sliding,
    sessions: windows.sessions,
    cumulating: windows.cumulating,
    calendar: windows.calendar,
    global: windows.global,
    custom,
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
    punctuated,
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
