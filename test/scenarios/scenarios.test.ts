/**
 * Runs every scenario folder: a transcript of events with what each brings about. Each is run as it is written, restored
 * from a snapshot after every event, and, where its profile looks at every row by itself, with all bundles taken apart.
 *
 * An event without `expect` or `dropped` says that nothing comes out. Expectations name only the fields they are about;
 * where order matters, it is the order of the list.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { PROFILES, type ProfileName } from "../../src/model/profiles.ts";
import { type ConformResult, conformTrace } from "../../src/session/conform.ts";

type Row = readonly [key: string, value: unknown, ts: number | string];
interface Event {
  readonly input?: readonly Row[];
  readonly watermark?: number | string;
  readonly processingTime?: number | string;
  readonly expect?: readonly object[];
  readonly dropped?: readonly object[];
  readonly outputWatermark?: number | string;
}
interface Scenario {
  readonly source: string;
  readonly profile: ProfileName;
  readonly pipeline: object;
  readonly transcript: readonly Event[];
}

const folder = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(folder, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name);

const scenarios = names.flatMap(name => {
  const files = readdirSync(`${folder}/${name}`);
  if (!files.includes("transcript.yaml")) return [];
  return [{ name, scenario: parse(readFileSync(`${folder}/${name}/transcript.yaml`, "utf8")) as Scenario }];
});

function eventOf({ input, watermark, processingTime }: Event): object {
  if (input !== undefined) return { input: input.map(([key, value, ts]) => ({ key, value, ts: withTimes(ts) })) };
  return watermark !== undefined ? { watermark: withTimes(watermark) } : { processingTime: withTimes(processingTime) };
}

/** Written times are easier to read than milliseconds: dates, and times of one day such as `12:05:19`. */
function withTimes(value: unknown): unknown {
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return Date.parse(value);
  if (typeof value === "string" && /^\d\d:\d\d:\d\d$/.test(value)) return Date.parse(`1970-01-01T${value}Z`);
  if (Array.isArray(value)) return value.map(withTimes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withTimes(v)]));
}

function check(event: Event, results: readonly ConformResult[]): void {
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

/** Runs a transcript with each of its events made into several, and holds what they bring about together against it. */
function run({ profile, pipeline, transcript }: Scenario, parts: (event: Event) => object[]): void {
  const events = transcript.map(parts);
  const results = conformTrace({ profile, pipeline, events: events.flat() });
  let at = 0;
  transcript.forEach((event, i) => check(event, results.slice(at, (at += events[i].length))));
}

describe.each(scenarios)("$name", ({ scenario }) => {
  test("as written", () => run(scenario, event => [eventOf(event)]));

  test("restored after every event", () => run(scenario, event => [eventOf(event), { snapshot: true }]));

  if (PROFILES[scenario.profile].evaluate === "row")
    test("row by row", () =>
      run(scenario, event =>
        event.input === undefined ? [eventOf(event)] : event.input.map(row => eventOf({ input: [row] })),
      ));
});

test("there are scenarios", () => expect(scenarios.length).toBeGreaterThan(0));
