/** Reads traces for `conform`: lenient about how times and durations are written, strict about everything else. */
import type { Value } from "../columns/column.ts";
import { toTime } from "../expressions/dateparts.ts";
import { type Profile, PROFILES, type ProfileName } from "../model/profiles.ts";
import {
  type Accumulation,
  DEFAULT_STRATEGY,
  type EmptyPanes,
  type TimestampCombiner,
  type WindowingStrategy,
} from "../model/strategy.ts";
import { duration } from "../model/time.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  never,
  orFinally,
  repeatedly,
  type Trigger,
} from "../model/triggers.ts";
import {
  calendar,
  type CalendarUnit,
  cumulating,
  fixed,
  global,
  sessions,
  sliding,
  type WindowFunction,
} from "../model/windows.ts";
import { isZone } from "../model/zones.ts";

export type TraceAggregate = "sum" | "count" | "list";

export interface TraceRow {
  readonly key: Value;
  readonly value: Value;
  /** Event time, ms. */
  readonly ts: number;
}

export type TraceEvent =
  | { readonly kind: "input"; readonly rows: readonly TraceRow[] }
  | { readonly kind: "watermark"; readonly time: number }
  | { readonly kind: "processingTime"; readonly time: number }
  | { readonly kind: "snapshot" };

export interface Trace {
  readonly profile: Profile;
  readonly strategy: WindowingStrategy;
  readonly aggregate: TraceAggregate;
  readonly events: readonly TraceEvent[];
}

/** Something in a trace that cannot be read; `where` is its path, such as `events[3].input.ts`. */
export class TraceError extends Error {
  readonly where: string;
  constructor(where: string, message: string) {
    super(`${where}: ${message}`);
    this.where = where;
  }
}

type Json = Readonly<Record<string, unknown>>;

/** Reads a trace from parsed JSON. Throws a `TraceError` for the first thing that is wrong. */
export function readTrace(json: unknown): Trace {
  const trace = objectAt(json, "trace");
  const aggregate = oneOf(
    pipelineOf(trace).aggregate ?? "sum",
    ["sum", "count", "list"] as const,
    "pipeline.aggregate",
  );
  return {
    profile: profileAt(trace.profile ?? "tidemark", "profile"),
    strategy: strategyAt(pipelineOf(trace)),
    aggregate,
    events: arrayAt(trace.events, "events").map((event, i) => eventAt(event, aggregate, `events[${i}]`)),
  };
}

function pipelineOf(trace: Json): Json {
  return objectAt(trace.pipeline ?? {}, "pipeline");
}

function profileAt(name: unknown, where: string): Profile {
  return PROFILES[oneOf(name, Object.keys(PROFILES) as ProfileName[], where)];
}

const PIPELINE_FIELDS = [
  "window",
  "trigger",
  "mode",
  "allowedLateness",
  "timestampCombiner",
  "onTime",
  "closing",
  "aggregate",
];

function strategyAt(pipeline: Json): WindowingStrategy {
  knownFields(pipeline, PIPELINE_FIELDS, "pipeline");
  const optional = <T>(value: unknown, read: (value: unknown) => T): T | null => (value == null ? null : read(value));
  const emptyPanes = (name: string) => (value: unknown) =>
    oneOf(value, ["always", "ifNonEmpty"] as const satisfies EmptyPanes[], `pipeline.${name}`);
  return {
    window: windowAt(pipeline.window ?? "global", "pipeline.window"),
    trigger: triggerAt(pipeline.trigger ?? "default", "pipeline.trigger"),
    accumulation: oneOf(
      pipeline.mode ?? "accumulating",
      ["discarding", "accumulating", "retracting"] as const satisfies Accumulation[],
      "pipeline.mode",
    ),
    allowedLateness: latenessAt(pipeline),
    timestampCombiner: oneOf(
      pipeline.timestampCombiner ?? DEFAULT_STRATEGY.timestampCombiner,
      ["earliest", "latest", "endOfWindow"] as const satisfies TimestampCombiner[],
      "pipeline.timestampCombiner",
    ),
    onTime: optional(pipeline.onTime, emptyPanes("onTime")),
    closing: optional(pipeline.closing, emptyPanes("closing")),
  };
}

/** Zero when it is not said; without bound when it is said to be null. */
function latenessAt(pipeline: Json): number {
  const where = "pipeline.allowedLateness";
  if (!("allowedLateness" in pipeline) || pipeline.allowedLateness === undefined) return 0;
  const spec = pipeline.allowedLateness;
  if (spec === null || spec === "MAX" || spec === "Infinity") return Infinity;
  const lateness = durationAt(spec, where);
  if (lateness < 0) throw new TraceError(where, `${String(spec)} is negative; the least is 0`);
  return lateness;
}

const UNITS = ["minute", "hour", "day", "week", "month", "quarter", "year"] as const satisfies readonly CalendarUnit[];

type Reader<T> = (json: Json, where: string) => T;

const WINDOWS: Readonly<Record<string, Reader<WindowFunction>>> = {
  fixed: (json, where) => {
    const offset = durationAt(json.offset ?? 0, `${where}.offset`);
    return fixed(positiveAt(json.fixed, `${where}.fixed`), { offset });
  },
  sliding: (json, where) => {
    const offset = durationAt(json.offset ?? 0, `${where}.offset`);
    const size = positiveAt(json.sliding, `${where}.sliding`);
    return sliding(size, positiveAt(json.period, `${where}.period`), { offset });
  },
  sessions: (json, where) => {
    const gap = positiveAt(json.sessions, `${where}.sessions`);
    if (json.inclusive === undefined || json.inclusive === null) return sessions(gap);
    return sessions(gap, { inclusive: oneOf(json.inclusive, [true, false], `${where}.inclusive`) });
  },
  cumulating: (json, where) => {
    const size = positiveAt(json.cumulating, `${where}.cumulating`);
    const step = positiveAt(json.step, `${where}.step`);
    const offset = durationAt(json.offset ?? 0, `${where}.offset`);
    return located(where, () => cumulating(size, step, { offset }));
  },
  calendar: (json, where) => {
    const timeZone = stringAt(json.timeZone ?? "UTC", `${where}.timeZone`);
    if (!isZone(timeZone))
      throw new TraceError(
        `${where}.timeZone`,
        `there is no time zone ${JSON.stringify(timeZone)}; write for example "Europe/London"`,
      );
    const weekStart = oneOf(json.weekStart ?? "monday", ["monday", "sunday"] as const, `${where}.weekStart`);
    return calendar(oneOf(json.calendar, UNITS, `${where}.calendar`), { timeZone, weekStart });
  },
};

function windowAt(json: unknown, where: string): WindowFunction {
  if (json === "global") return global();
  return chooseAt(json, WINDOWS, ["global"], "window", where);
}

const TRIGGERS: Readonly<Record<string, Reader<Trigger>>> = {
  afterWatermark: (json, where) => {
    const options = objectAt(json.afterWatermark ?? {}, `${where}.afterWatermark`);
    knownFields(options, ["early", "late"], `${where}.afterWatermark`);
    const part = (name: string): Trigger | undefined =>
      options[name] == null ? undefined : triggerAt(options[name], `${where}.afterWatermark.${name}`);
    return afterWatermark({ early: part("early"), late: part("late") });
  },
  afterCount: (json, where) => {
    const { afterCount: count } = json;
    if (typeof count !== "number" || !Number.isInteger(count) || count < 1)
      throw new TraceError(`${where}.afterCount`, `${JSON.stringify(count)} is not a whole number of rows from 1`);
    return afterCount(count);
  },
  afterProcessingTime: (json, where) => {
    const aligned = oneOf(json.aligned ?? false, [true, false], `${where}.aligned`);
    const delay = durationAt(json.afterProcessingTime, `${where}.afterProcessingTime`);
    if (delay < 0 || (aligned && delay === 0))
      throw new TraceError(`${where}.afterProcessingTime`, `${delay} ms is too short for a delay`);
    return afterProcessingTime(delay, { aligned });
  },
  repeatedly: (json, where) => repeatedly(triggerAt(json.repeatedly, `${where}.repeatedly`)),
  afterEach: (json, where) => afterEach(...triggersAt(json.afterEach, `${where}.afterEach`)),
  afterAny: (json, where) => afterAny(...triggersAt(json.afterAny, `${where}.afterAny`)),
  afterAll: (json, where) => afterAll(...triggersAt(json.afterAll, `${where}.afterAll`)),
  orFinally: (json, where) => {
    const parts = triggersAt(json.orFinally, `${where}.orFinally`);
    if (parts.length !== 2)
      throw new TraceError(`${where}.orFinally`, `has ${parts.length} triggers; it takes two, [trigger, until]`);
    return orFinally(parts[0], parts[1]);
  },
};

function triggerAt(json: unknown, where: string): Trigger {
  if (json === "default") return { kind: "default" };
  if (json === "never") return never();
  if (json === "afterWatermark") return afterWatermark();
  return chooseAt(json, TRIGGERS, ["default", "never", "afterWatermark"], "trigger", where);
}

function triggersAt(json: unknown, where: string): Trigger[] {
  const triggers = arrayAt(json, where);
  if (triggers.length === 0) throw new TraceError(where, "is empty; it needs at least one trigger");
  return triggers.map((trigger, i) => triggerAt(trigger, `${where}[${i}]`));
}

const EVENTS = ["input", "watermark", "processingTime", "snapshot"];

function eventAt(json: unknown, aggregate: TraceAggregate, where: string): TraceEvent {
  const event = objectAt(json, where);
  const kinds = EVENTS.filter(kind => kind in event);
  if (kinds.length !== 1)
    throw new TraceError(where, `has ${kinds.join(" and ") || "no event"}; it takes one of ${EVENTS.join(", ")}`);
  const [kind] = kinds;
  const at = `${where}.${kind}`;
  switch (kind) {
    case "input": {
      const { input } = event;
      const rows = Array.isArray(input)
        ? input.map((row, i) => rowAt(row, aggregate, `${at}[${i}]`))
        : [rowAt(input, aggregate, at)];
      return { kind: "input", rows };
    }
    case "watermark":
      if (event.watermark === "MAX") return { kind, time: Infinity };
      return { kind, time: timeAt(event.watermark, at) };
    case "processingTime":
      return { kind, time: timeAt(event.processingTime, at) };
    default:
      if (event.snapshot !== true) throw new TraceError(at, `${JSON.stringify(event.snapshot)} is not true`);
      return { kind: "snapshot" };
  }
}

function rowAt(json: unknown, aggregate: TraceAggregate, where: string): TraceRow {
  const row = objectAt(json, where);
  const value = (row.value ?? null) as Value;
  if (aggregate === "sum" && value !== null && typeof value !== "number")
    throw new TraceError(`${where}.value`, `${JSON.stringify(value)} is not a number, which a sum needs`);
  return { key: (row.key ?? null) as Value, value, ts: timeAt(row.ts, `${where}.ts`) };
}

function timeAt(json: unknown, where: string): number {
  const time = typeof json === "number" || typeof json === "string" ? toTime(json) : null;
  if (time === null || !Number.isFinite(time))
    throw new TraceError(
      where,
      `${JSON.stringify(json) ?? "nothing"} is not a time; write milliseconds since 1970 or ISO 8601`,
    );
  return time;
}

function durationAt(json: unknown, where: string): number {
  if (typeof json !== "number" && typeof json !== "string")
    throw new TraceError(
      where,
      `${JSON.stringify(json) ?? "nothing"} is not a length of time; write milliseconds or "30 s"`,
    );
  return located(where, () => duration(json));
}

function positiveAt(json: unknown, where: string): number {
  const value = durationAt(json, where);
  if (!(value > 0 && value < Infinity))
    throw new TraceError(where, `${String(json)} is not longer than nothing and finite`);
  return value;
}

/** Reads an object whose kind is the name of one of its fields. */
function chooseAt<T>(
  json: unknown,
  readers: Readonly<Record<string, Reader<T>>>,
  words: readonly string[],
  what: string,
  where: string,
): T {
  const fields = typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Json) : {};
  const kinds = Object.keys(readers).filter(kind => kind in fields);
  if (kinds.length !== 1)
    throw new TraceError(
      where,
      `${JSON.stringify(json)} is no ${what}; there are ${[...words.map(w => `"${w}"`), ...Object.keys(readers).map(k => `{${k}}`)].join(", ")}`,
    );
  return readers[kinds[0]](fields, where);
}

function knownFields(json: Json, names: readonly string[], where: string): void {
  const unknown = Object.keys(json).find(name => !names.includes(name));
  if (unknown !== undefined) throw new TraceError(where, `has no field "${unknown}"; there are ${names.join(", ")}`);
}

function located<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new TraceError(where, (error as Error).message);
  }
}

function oneOf<const T>(value: unknown, choices: readonly T[], where: string): T {
  if ((choices as readonly unknown[]).includes(value)) return value as T;
  throw new TraceError(
    where,
    `${JSON.stringify(value)} is not one of ${choices.map(choice => JSON.stringify(choice)).join(", ")}`,
  );
}

function objectAt(json: unknown, where: string): Json {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new TraceError(where, `${JSON.stringify(json) ?? "nothing"} is not an object`);
  return json as Json;
}

function arrayAt(json: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(json)) throw new TraceError(where, `${JSON.stringify(json) ?? "nothing"} is not an array`);
  return json;
}

function stringAt(json: unknown, where: string): string {
  if (typeof json !== "string") throw new TraceError(where, `${JSON.stringify(json)} is not text`);
  return json;
}
