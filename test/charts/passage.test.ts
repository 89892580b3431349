/** What stories and pictures both count: partitions behind filters, state held, what was known at an age. Against plain loops. */
import { expect, test } from "vitest";
import { heldOnAverage } from "../../src/charts/delay-vs-lateness/settings.ts";
import * as charts from "../../src/charts/plans.ts";
import { filtersOf, passages } from "../../src/charts/watermark-hold/passage.ts";
import { CHARTS } from "../../src/charts/index.ts";
import { stretchesOf } from "../../src/charts/knowledge-triangle/draw.ts";
import type { MarkStory } from "../../src/charts/stories.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { fixed } from "../../src/model/windows.ts";
import { rows } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { runChart } from "./engine.ts";
import { randomLog } from "./naive.ts";
import { page } from "./page.ts";

const log = randomLog(17, 600, { partitions: ["a", "b", "c"] });
const source = rows(
  log.map(r => ({ event: r.event, arrival: r.arrival, value: r.value, partition: r.partition ?? "" })),
  {
    eventTime: { column: "event", unit: "ms" },
    arrivalTime: { column: "arrival", unit: "ms" },
    partition: "partition",
    watermark: bounded("10 s"),
  },
);
const windows = (stream: Stream): Stream => stream.window(fixed("1 min")).rollup({ n: "d => op.count()" });

async function counted(stream: Stream): Promise<Record<string, readonly [number, number]>> {
  const { tables } = await runChart(charts.watermarkHold(stream));
  const read = (name: string): Map<unknown, unknown> => {
    const columns = Object.fromEntries(
      tables[name].columns.map(c => [c.name, Array.from(c.values as ArrayLike<unknown>)]),
    );
    return new Map(columns["partition"].map((p, i) => [p, columns["rows"][i]]));
  };
  const [before, after] = [read("before"), read("after")];
  return Object.fromEntries([...before].map(([p, n]) => [p, [n, after.get(p) ?? 0] as [number, number]]));
}

test("rows of each partition are counted before and behind filters, also where a select drops the partition's column", async () => {
  const filtered = source
    .derive({ double: "d => d.value * 2" })
    .filter('d => d.partition != "b"')
    .select("event", "arrival", "double")
    .filter("d => d.double > 6");
  const expected = Object.fromEntries(
    ["a", "b", "c"].map(p => [
      p,
      [
        log.filter(r => r.partition === p).length,
        log.filter(r => r.partition === p && p !== "b" && r.value * 2 > 6).length,
      ],
    ]),
  );
  expect(await counted(windows(filtered))).toEqual(expected);
  expect(expected["a"][1]).toBeGreaterThan(0);
  expect(expected["a"][1]).toBeLessThan(expected["a"][0]);
  expect(filtersOf(windows(filtered))).toEqual(['filter d => d.partition != "b"', "filter d => d.double > 6"]);
  const { tables, options } = await runChart(charts.watermarkHold(windows(filtered), { expected: ["a", "d"] }));
  const { summary, draw } = CHARTS.watermarkHold;
  expect(summary(tables, options as never)).toContain(
    `B is filtered empty: none of its ${expected["b"][0]} rows passes filter d => d.partition != "b", filter d => d.double > 6.`,
  );
  expect(summary(tables, options as never)).toContain("Never seen: d;");
  const drawn = draw(tables, { ...options, document: page } as never).textContent;
  expect(drawn).toContain(`✕ filtered empty (${expected["b"][0]} → 0)`);
  expect(drawn).toContain("never seen");
});

test("nothing is said of partitions where nothing is filtered, or where rows are made anew on the way", () => {
  expect(passages(windows(source.derive({ double: "d => d.value * 2" })))).toBe(null);
  const made = source.filter("d => d.value > 3").flatMap("d => [{at: d.event}]" as never, {
    columns: { at: "timestamp" },
  });
  expect(passages(windows(made))).toBe(null);
});

test("state held is what a plain loop over the windows counts, whatever the patience", () => {
  const course = { at: [0, 100, 200, 300, 400], watermark: [-50, 40, 160, 250, 380], step: 0 };
  const opened = [
    { end: 60, keys: 2, opened: 10 + 30 },
    { end: 120, keys: 1, opened: 90 },
    { end: 360, keys: 3, opened: 3 * 290 },
  ];
  for (const patience of [0, 40, 100, 1_000]) {
    let held = 0;
    for (const w of opened) {
      const passed = course.at.find((_, i) => course.watermark[i] >= w.end + patience) ?? Infinity;
      held += Math.min(passed, 400) * w.keys - w.opened;
    }
    expect(heldOnAverage(course, opened, patience, { start: 0, end: 400 })).toBeCloseTo(held / 400, 12);
  }
  expect(heldOnAverage(course, [], 0, { start: 0, end: 400 })).toBe(0);
  expect(heldOnAverage(course, opened, 0, { start: 400, end: 400 })).toBeNaN();
  // Of very many windows every so many stand for the others.
  const many = Array.from({ length: 9_000 }, (_, i) => ({ end: (i % 300) + 1, keys: 1, opened: i % 300 }));
  let sum = 0;
  for (const w of many) sum += (course.at.find((_, i) => course.watermark[i] >= w.end) ?? 400) - w.opened;
  const told = heldOnAverage(course, many, 0, { start: 0, end: 400 });
  expect(Math.abs(told / (sum / 400) - 1)).toBeLessThan(0.02);
});

test("what had come by an age of the knowledge triangle is counted, not estimated", async () => {
  const step = 5 * 60_000;
  const { tables, options } = await runChart(charts.knowledgeTriangle(windows(source), { step }));
  const drawn = CHARTS.knowledgeTriangle.draw(tables, {
    ...options,
    document: page,
    width: 900,
  } as never) as HTMLElement;
  const cells = [...drawn.querySelectorAll("rect[data-explain]")].map(
    rect => (JSON.parse(rect.getAttribute("data-explain")!) as MarkStory).values as Record<string, number>,
  );
  expect(cells.length).toBeGreaterThan(12);
  const stretches = stretchesOf(tables, step);
  let late = 0;
  for (const { event_time: start, event_time_until: end, age } of cells) {
    const own = log.filter(r => r.event >= start && r.event < end);
    const by = own.filter(r => r.arrival <= end + age).length;
    expect(stretches.find(s => s.start === start)?.by(age), `${start} ${age}`).toBe(by);
    late += own.length - by;
  }
  expect(late).toBeGreaterThan(0);
});
