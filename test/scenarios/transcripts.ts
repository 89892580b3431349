/** Reads the scenario folders: transcripts of events with what each brings about. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { parse } from "yaml";
import type { ProfileName } from "../../src/model/profiles.ts";
import type { ConformResult } from "../../src/session/conform.ts";
import { readTrace, type Trace } from "../../src/session/trace.ts";

type Row = readonly [key: string, value: unknown, ts: number | string];
export interface Event {
  readonly input?: readonly Row[];
  readonly watermark?: number | string;
  readonly processingTime?: number | string;
  readonly expect?: readonly object[];
  readonly dropped?: readonly object[];
  readonly outputWatermark?: number | string;
}
export interface Scenario {
  readonly source: string;
  readonly profile: ProfileName;
  readonly pipeline: object;
  readonly transcript: readonly Event[];
}

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Every scenario, by the name of its folder. */
export const scenarios: readonly { name: string; scenario: Scenario }[] = readdirSync(folder, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .flatMap(({ name }) => {
    if (!readdirSync(`${folder}/${name}`).includes("transcript.yaml")) return [];
    return [{ name, scenario: parse(readFileSync(`${folder}/${name}/transcript.yaml`, "utf8")) as Scenario }];
  });

/** An event of a transcript as an event of a trace. */
export function eventOf({ input, watermark, processingTime }: Event): object {
  if (input !== undefined) return { input: input.map(([key, value, ts]) => ({ key, value, ts: withTimes(ts) })) };
  return watermark !== undefined ? { watermark: withTimes(watermark) } : { processingTime: withTimes(processingTime) };
}

/** A scenario as a trace: profile, strategy, aggregate and one event for each of the transcript. */
export function traceOf({ profile, pipeline, transcript }: Scenario): Trace {
  return readTrace({ profile, pipeline, events: transcript.map(eventOf) });
}

/** Written times are easier to read than milliseconds: dates, and times of one day such as `12:05:19`. */
function withTimes(value: unknown): unknown {
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return Date.parse(value);
  if (typeof value === "string" && /^\d\d:\d\d:\d\d$/.test(value)) return Date.parse(`1970-01-01T${value}Z`);
  if (Array.isArray(value)) return value.map(withTimes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withTimes(v)]));
}

/**
 * Holds what an event brought about against what its transcript says. An event without `expect` or `dropped` says that
 * nothing comes out. Expectations name only the fields they are about; where order matters, it is that of the list.
 */
export function check(event: Event, results: readonly Omit<ConformResult, "step">[]): void {
  const panes = results.flatMap(result => result.panes);
  const dropped = results.flatMap(result => result.dropped);
  const expected = (event.expect ?? []).map(withTimes);
  expect(panes, "panes").toEqual(expected.map(pane => expect.objectContaining(pane as object)));
  expect(dropped, "dropped rows").toEqual(
    (event.dropped ?? []).map(row => expect.objectContaining(withTimes(row) as object)),
  );
  if (event.outputWatermark !== undefined)
    expect(results[results.length - 1].outputWatermark, "output watermark").toBe(event.outputWatermark);
}
