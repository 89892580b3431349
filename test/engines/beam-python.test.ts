/**
 * Holds exported scripts on Apache Beam's own Python runner against what the notebook predicts under the profile
 * `beam-python`: same rows, same panes.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { assigned, assigner } from "../../src/engine/windowing/assign.ts";
import type { ExportResult } from "../../src/exporters/exporter.ts";
import { zone } from "../../src/model/zones.ts";
import { plainRow } from "../../src/session/plain-rows.ts";
import { runOf } from "../../src/session/headless.ts";
import type { Accumulation, TimestampCombiner } from "../../src/model/strategy.ts";
import { op as operations } from "../../src/expressions/op.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  DEFAULT_TRIGGER,
  orFinally,
  repeatedly,
  type Trigger,
} from "../../src/model/triggers.ts";
import { bounded } from "../../src/model/watermarks.ts";
import {
  calendar,
  cumulating,
  fixed,
  global,
  sessions,
  sliding,
  type WindowFunction,
} from "../../src/model/windows.ts";
import { rows } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { SAID } from "../exporters/beam-pipelines.ts";
import { exported, opened, openedCell, predicted, ROOT, SAMPLES } from "../exporters/scripts.ts";
import { comparable, onBeam, pythonOnBeam } from "./beam.ts";

const op = operations;

/** Numbers from 0 to 1, the same in every run (a linear congruential generator, Numerical Recipes). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * A disorderly log: three keys in two partitions, most rows seconds late, some minutes, one from the future. Rows are seen at
 * multiples of `bundle` milliseconds.
 */
function log(seed: number, bundle: number, count = 60) {
  const next = random(seed);
  let now = Date.UTC(2026, 2, 29, 0, 40);
  return Array.from({ length: count }, (_, i) => {
    now +=
      Math.floor(next() * 20) * 1_000 + (next() < 0.2 ? 90_000 : 0) + (next() < 0.3 ? Math.floor(next() * 1000) : 0);
    const seen = Math.ceil(now / bundle) * bundle;
    const delay = next() < 0.15 ? next() * 240_000 : next() * 8_000;
    const time = i === 20 ? now + 86_400_000 : Math.floor(now - delay);
    const key = ["a", "b", "c"][Math.floor(next() * 3)];
    return {
      key,
      half: key === "a" ? "left" : "right",
      value: Math.round(next() * 1000) / 10,
      note: next() < 0.2 ? null : `n${Math.floor(next() * 4)}`,
      time: new Date(time).toISOString(),
      seen: new Date(seen).toISOString(),
    };
  });
}

const events = (seed: number, bundle = 1): Stream =>
  rows(log(seed, bundle), {
    eventTime: "time",
    arrivalTime: "seen",
    partition: "half",
    watermark: bounded("10 s", { idle: "30 s", future: "1 min" }),
  });

function panes(
  window: WindowFunction,
  trigger: Trigger,
  mode: Accumulation = "accumulating",
  seed = 1,
  bundle = 1,
): Stream {
  return events(seed, bundle)
    .groupby("key")
    .window(window)
    .trigger(trigger)
    .allowedLateness("2 min")
    .accumulation(mode)
    .rollup({ total: d => op.sum(d.value), n: op.count() });
}

const plain = afterWatermark({ late: afterCount(1) });

const stamped = (combiner: TimestampCombiner, window: WindowFunction): Stream =>
  events(1).groupby("key").window(window).trigger(plain).allowedLateness("2 min").timestamp(combiner).count();

/** Whether panes have timestamps of their own, which scripts then print. */
function isStamped({ node }: Stream): boolean {
  return node.verb === "aggregate" && node.strategy !== null && node.strategy.timestampCombiner !== "endOfWindow";
}

const CASES: Readonly<Record<string, Stream>> = {
  "fixed windows": panes(fixed("1 min"), plain),
  "fixed windows, discarding": panes(fixed("1 min"), plain, "discarding"),
  "fixed windows with an offset": panes(fixed("90 s", { offset: "20 s" }), plain),
  "sliding windows": panes(sliding("2 min", "30 s"), plain),
  "sliding windows, discarding": panes(sliding("1 min", "45 s", { offset: "10 s" }), plain, "discarding"),
  sessions: panes(sessions("20 s"), plain),
  "sessions, discarding": panes(sessions("20 s"), plain, "discarding"),
  "sessions, default trigger": panes(sessions("20 s"), DEFAULT_TRIGGER),
  "the global window": panes(global(), DEFAULT_TRIGGER),
  "calendar hours across a change of the clock": panes(calendar("hour", { timeZone: "Europe/London" }), plain),
  "calendar weeks": panes(calendar("week", { timeZone: "America/New_York", weekStart: "sunday" }), plain),
  "cumulating windows": panes(cumulating("3 min", "1 min"), plain),
  "default trigger": panes(fixed("1 min"), DEFAULT_TRIGGER),
  "default trigger, discarding": panes(fixed("1 min"), DEFAULT_TRIGGER, "discarding"),
  "on time only": panes(fixed("1 min"), afterWatermark()),
  "early counts": panes(fixed("2 min"), afterWatermark({ early: afterCount(2), late: afterCount(2) })),
  "early counts, discarding": panes(
    fixed("2 min"),
    afterWatermark({ early: afterCount(2), late: afterCount(1) }),
    "discarding",
  ),
  "early by processing time": panes(
    fixed("2 min"),
    afterWatermark({ early: afterProcessingTime("15 s"), late: afterCount(1) }),
  ),
  "early by processing time, discarding": panes(
    fixed("2 min"),
    afterWatermark({ early: afterProcessingTime("15 s"), late: afterCount(1) }),
    "discarding",
  ),
  "early by processing time in sessions": panes(
    sessions("20 s"),
    afterWatermark({ early: afterProcessingTime("15 s"), late: afterCount(1) }),
  ),
  "early counts in sessions": panes(sessions("20 s"), afterWatermark({ early: afterCount(2), late: afterCount(1) })),
  "once after a count": panes(fixed("2 min"), afterCount(3)),
  "repeatedly after a count": panes(fixed("2 min"), repeatedly(afterCount(3)), "discarding"),
  "one after the other": panes(fixed("2 min"), afterEach(afterCount(2), afterCount(1), repeatedly(afterCount(3)))),
  "early by any of two counts": panes(
    fixed("2 min"),
    afterWatermark({ early: afterAny(afterCount(2), afterCount(3)), late: afterAll(afterCount(1), afterCount(2)) }),
  ),
  "early one after the other, by processing time": panes(
    fixed("2 min"),
    afterWatermark({ early: afterEach(afterCount(2), afterProcessingTime("10 s")), late: afterCount(1) }),
  ),
  any: panes(fixed("2 min"), repeatedly(afterAny(afterCount(4), afterWatermark()))),
  "any, once": panes(fixed("2 min"), afterAny(afterCount(4), afterWatermark())),
  all: panes(fixed("2 min"), repeatedly(afterAll(afterCount(2), afterWatermark()))),
  until: panes(fixed("2 min"), orFinally(repeatedly(afterCount(2)), afterCount(5))),
  "until the watermark": panes(fixed("2 min"), orFinally(repeatedly(afterCount(2)), afterWatermark())),
  "late panes by processing time": panes(fixed("1 min"), afterWatermark({ late: afterProcessingTime("10 s") })),
  "timestamps of the earliest rows": stamped("earliest", fixed("1 min")),
  "timestamps of the latest rows": stamped("latest", fixed("1 min")),
  "timestamps of the latest rows in sessions": stamped("latest", sessions("20 s")),
  "rows that arrive together": panes(fixed("1 min"), plain, "accumulating", 3, 20_000),
  "rows that arrive together, in sessions": panes(sessions("20 s"), plain, "discarding", 3, 20_000),
  "rows that arrive together, counted": panes(
    fixed("1 min"),
    afterWatermark({ early: afterCount(2), late: afterCount(2) }),
    "discarding",
    4,
    20_000,
  ),
  "processing time in bundles": panes(
    fixed("2 min"),
    afterWatermark({ early: afterProcessingTime("20 s"), late: afterCount(1) }),
    "accumulating",
    5,
    20_000,
  ),
  "another log": panes(fixed("1 min"), plain, "accumulating", 2),
};

describe("Beam's Python runner gives the predicted panes", { concurrent: true }, () => {
  test.each(Object.entries(CASES))("%s", async (name, stream) => {
    const headless = await opened(stream, name.replace(/\W+/g, "_"));
    const expected = predicted(headless, "beam-python", isStamped(headless.stream));
    const result = exported(headless, "beam-python");
    expect(expected.length).toBeGreaterThan(2);
    const actual = await onBeam(result);
    // Where the export says that labels differ they are left out; everything else has to be the same.
    const labels = labelsDiffer(result)
      ? (line: string) => line.replace(/,\s*"timing":\s*"[a-z-]+"/, "")
      : (line: string) => line;
    expect(comparable(actual.map(labels))).toEqual(comparable(expected.map(labels)));
  });
});

function labelsDiffer({ obstacles }: ExportResult): boolean {
  return obstacles.some(o => o.reason.includes("labelled EARLY"));
}

/** The samples' first lines: enough to show every expression, aggregate and format, in seconds. */
async function prefix(lines: number): Promise<string> {
  const folder = join(ROOT, "test/output/samples-prefix");
  await mkdir(folder, { recursive: true });
  for (const name of ["bank-payments.jsonl", "ledger-snapshots.csv", "orders.csv"]) {
    const text = await readFile(join(SAMPLES, name), "utf8");
    await writeFile(join(folder, name), text.split("\n").slice(0, lines).join("\n"));
  }
  return folder;
}

const samples = prefix(400);

/** Lists in no order of their own: Beam promises none of values within a pane. */
function unordered(lines: readonly string[]): string[] {
  const sorted = (_key: string, value: unknown): unknown =>
    Array.isArray(value) ? value.map(v => JSON.stringify(v)).sort() : value;
  return lines.map(line => JSON.stringify(JSON.parse(line), sorted));
}

describe("Beam's Python runner computes what the notebook computes", { concurrent: true }, () => {
  test.each(Object.entries(SAID))("%s", async (name, stream) => {
    const folder = await samples;
    const headless = await opened(stream, `said_${name}`, folder);
    const result = exported(headless, "beam-python");
    const actual = unordered(await onBeam(result, folder));
    const { node } = stream;
    if (node.verb === "aggregate" && node.strategy === null) {
      // The notebook's changes sum to what Beam says at the end.
      const { run, table } = runOf(headless, { profile: "beam-python" });
      run.finish();
      const rows = table.rows().map(row => JSON.stringify(plainRow(headless.schema, row)));
      const plain = actual.map(line => line.replace(/, ?"timing".*\}/, "}"));
      expect(comparable(plain)).toEqual(comparable(rows));
      return;
    }
    const expected = unordered(predicted(headless, "beam-python", isStamped(headless.stream)));
    expect(expected.length).toBeGreaterThan(0);
    const views = (line: string): string =>
      JSON.stringify({
        ...JSON.parse(line),
        ...HIDDEN,
        ...(labelsDiffer(result) ? { timing: undefined, timestamp: undefined } : {}),
      });
    expect(comparable(actual.map(views))).toEqual(comparable(expected.map(views)));
  });
});

/** What the notebook's \`panes\` show beyond Beam's own description of a pane. */
const HIDDEN = {
  emitted_at: undefined,
  non_speculative: undefined,
  is_first: undefined,
  is_last: undefined,
  weight: undefined,
};

test("calendar windows are the notebook's own, to the microsecond, on days of every length", async () => {
  const zones = [
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Africa/Cairo",
  ];
  const next = random(7);
  const script = exported(await opened(SAID["calendar"]), "beam-python").files[0].text;
  const definition = /class CalendarWindows[\s\S]*?IntervalWindowCoder\(\)/.exec(script)?.[0] ?? "";
  const cases: [string, string, number, number, number][] = [];
  for (const timeZone of zones)
    for (const unit of ["hour", "day", "week", "month", "quarter", "year"] as const)
      for (let i = 0; i < 300; i++) {
        // Half of the moments lie near a change of the clock, which is where windows go wrong.
        const changes = zone(timeZone);
        let at = Math.floor(Date.UTC(2005, 0, 1) + next() * 20 * 365 * 86_400_000);
        if (i % 2 === 0)
          at = Math.min(changes.nextTransition(at), Date.UTC(2030, 0, 1)) + Math.floor((next() - 0.5) * 172_800_000);
        const out = assigned();
        assigner(calendar(unit, { timeZone }))(at, out);
        cases.push([unit, timeZone, at, out.start[0], out.end[0]]);
      }
  const python = `
import datetime, json, sys, types, zoneinfo
from apache_beam.coders import coders
from apache_beam.transforms import window
from apache_beam.utils.timestamp import Timestamp
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
${definition}
wrong = []
for unit, zone, at, start, end in json.load(sys.stdin):
    [found] = CalendarWindows(unit, zone).assign(types.SimpleNamespace(timestamp=Timestamp(micros=1000 * at)))
    if (found.start.micros, found.end.micros) != (1000 * start, 1000 * end):
        wrong.append([unit, zone, at, start, end, found.start.micros / 1000, found.end.micros / 1000])
print(json.dumps(wrong[:10]))
`;
  expect(JSON.parse(await pythonOnBeam(python, JSON.stringify(cases)))).toEqual([]);
});

test("Bank day totals, over all of the sample's 52,053 payments", { timeout: 3_600_000 }, async () => {
  const notebook = await readFile(join(ROOT, "notebooks/bank-day-totals.html"), "utf8");
  const headless = await openedCell(notebook, "settled");
  const actual = await onBeam(exported(headless, "beam-python"), SAMPLES, 3_600_000);
  expect(actual.length).toBeGreaterThan(15);
  expect(comparable(actual)).toEqual(comparable(predicted(headless, "beam-python", isStamped(headless.stream))));
});
