/** The stories of rows, word for word, on the samples. */
import { describe, expect, test } from "vitest";
import type { SessionMessage } from "../../src/protocol/session.ts";
import { code, Harness } from "./harness.ts";

type Explained = Extract<SessionMessage, { type: "explained" }>;

/** Shows cells, one per line of code, and replays their logs to a moment, or to the end. */
async function replayed(sources: readonly string[], to: string | null): Promise<Harness> {
  const harness = new Harness();
  harness.show(sources.map((source, i) => code(i + 1, source)));
  harness.watch(...sources.map((source, i) => `${i + 1}.${/const (\w+)/.exec(source)?.[1]}`));
  await harness.pass(300);
  expect([...harness.cells.values()].flatMap(c => c.error?.message ?? [])).toEqual([]);
  await goTo(harness, to);
  return harness;
}

async function goTo(harness: Harness, to: string | null): Promise<void> {
  const action = to === null ? ({ kind: "end" } as const) : ({ kind: "seek", to: Date.parse(to) } as const);
  harness.session.receive({ type: "transport", action });
  await harness.pass(400);
}

async function explained(harness: Harness, view: string, row: number): Promise<Explained> {
  harness.messages = [];
  harness.session.receive({ type: "explain", request: 1, view, row });
  await harness.pass(20);
  const found = harness.messages.find(m => m.type === "explained");
  if (found === undefined) throw new Error("The engine did not answer.");
  return found;
}

const SENSORS = (idle: string): string[] => [
  `const readings = source("sensors-silent.jsonl", {eventTime: "time", arrivalTime: "received_at", partition: "partition", watermark: bounded("10 s"${idle})});`,
  `const means = readings.window(fixed("1 min")).trigger(afterWatermark({early: afterCount(10), late: afterCount(1)})).allowedLateness("5 min").rollup({mean: d => op.mean(d.celsius), readings: op.count()});`,
];

describe("a window that has not fired", () => {
  test("is held by a silent partition, and says what would release it", async () => {
    const harness = await replayed(SENSORS(""), "2026-07-01T12:05:52Z");
    const { sentences, facts, lines } = await explained(harness, "2.means", 1);
    expect(sentences).toEqual([
      "The window 2026-07-01 12:01:00 UTC to 12:02:00 holds 56 rows: lines 61, 62, 63, 64, 65 and 51 more.",
      "Not on time yet: it needs a watermark of 12:02:00 or later; the watermark is at 12:01:30, 30 s short.",
      "Held by partition 3, silent for 4 min 8 s; the next row on 3 from 12:02:10 on would release it.",
      "All others have passed it; the earliest of them is at 12:05:38.",
      "No idle timeout is set; one of less than 4 min 9 s would have released it, at the price that what 3 brings then is late.",
      "It has fired early 5 times, last at 12:01:50.978.",
      "6 rows have come since, and are not in what is shown.",
      "It takes late rows until the watermark reaches 12:07:00.",
    ]);
    expect(facts["nowcast"]).toBeUndefined();
    expect(facts).toMatchObject({ rows: 56, held_by: "3", silent_for: 248_228, short_by: 30_000 });
    expect(lines).toHaveLength(56);
    expect(lines?.[0]).toEqual({ file: "sensors-silent.jsonl", line: 61 });
  });

  test("is held by a silent key, where each key has a watermark of its own", async () => {
    const perKey = SENSORS(`, {per: "key", key: "partition"}`).map(cell =>
      cell.replace('partition: "partition", ', ""),
    );
    const harness = await replayed(perKey, "2026-07-01T12:05:52Z");
    const { sentences, facts } = await explained(harness, "2.means", 1);
    expect(sentences[2]).toBe(
      "Held by key 3, silent for 4 min 8 s; the next row on 3 from 12:02:10 on would release it.",
    );
    expect(facts).toMatchObject({ held_by: "3", silent_for: 248_228 });
  });

  test("names the idle timeout where there is one, and fires when it is over", async () => {
    const harness = await replayed(SENSORS(`, {idle: "1 min"}`), "2026-07-01T12:02:30Z");
    expect((await explained(harness, "2.means", 1)).sentences[2]).toBe(
      "Held by partition 3, silent for 47 s; the next row on 3 from 12:02:10 on or the idle timeout (1 min, at 12:02:42.601) would release it.",
    );
    await goTo(harness, null);
    expect((await explained(harness, "2.means", 1)).sentences.slice(1)).toEqual([
      "It has fired early 5 times, last at 12:01:50.978.",
      "It fired on time at 12:02:42.601, when the watermark passed its end.",
      "It is closed: its input is complete.",
    ]);
  });
});

const SCORES = `const scores = source("streaming-101.jsonl", {eventTime: "event_time", arrivalTime: "processing_time", watermark: bounded("3 min")});`;
const SUMS = `const sums = scores.groupby("key").window(fixed("2 min")).rollup({score: d => op.sum(d.value)});`;

describe("the rows of Streaming 101", () => {
  test("the nine is dropped, and the smallest settings that would have kept it do keep it", async () => {
    const late = `const late = sums.late();`;
    const harness = await replayed([SCORES, SUMS, late], null);
    const { sentences, facts } = await explained(harness, "3.late", 0);
    expect(sentences).toEqual([
      "Line 7 of streaming-101.jsonl has the event time 2015-08-05 12:01:26 UTC and arrived at 12:08:19, 6 min 53 s later.",
      "It belongs to the window 12:00:00 to 12:02:00.",
      "The watermark it met was at 12:03:39, 1 min 39 s past the end of the window.",
      "An allowed lateness of at least 1 min 40 s (now none) would have kept it, or a watermark delay of at least 4 min 40 s (now 3 min).",
    ]);
    const least = facts["keeps_with_watermark_delay"] as number;
    const with_ = (delay: number, lateness: number): string[] => [
      SCORES.replace(`"3 min"`, String(delay)),
      SUMS.replace(".rollup", `.allowedLateness(${lateness}).rollup`),
      late,
    ];
    const droppedWith = async (delay: number, lateness: number): Promise<number> =>
      (await replayed(with_(delay, lateness), null)).table("3.late").total;
    expect(await droppedWith(least, 0)).toBe(0);
    expect(await droppedWith(least - 1, 0)).toBe(1);
    expect(await droppedWith(180_000, facts["keeps_with_lateness"] as number)).toBe(0);
    expect(await droppedWith(180_000, (facts["keeps_with_lateness"] as number) - 1)).toBe(1);
  });

  test("a window tells when it fired, what corrected it, and what came too late", async () => {
    const lenient = SUMS.replace("sums", "lenient").replace(".rollup", `.allowedLateness("unbounded").rollup`);
    const harness = await replayed([SCORES, SUMS, lenient], null);
    expect((await explained(harness, "2.sums", 0)).sentences).toEqual([
      "The window 2015-08-05 12:00:00 UTC to 12:02:00 of key team holds 1 row: line 1.",
      "It fired on time at 12:07:19, when the watermark passed its end.",
      "1 row came too late for it and was dropped: line 7.",
      "It is closed: its input is complete.",
    ]);
    expect((await explained(harness, "3.lenient", 0)).sentences).toEqual([
      "The window 2015-08-05 12:00:00 UTC to 12:02:00 of key team holds 2 rows: lines 1 and 7.",
      "It fired on time at 12:07:19, when the watermark passed its end.",
      "Since then it was corrected once, last at 12:08:19, by 1 late row (line 7).",
      "It takes late rows for ever.",
    ]);
    expect((await explained(harness, "1.scores", 6)).sentences).toEqual([
      "Line 7 of streaming-101.jsonl has the event time 2015-08-05 12:01:26 UTC and arrived at 12:08:19, 6 min 53 s later.",
      "An earlier row had the event time 12:06:39: it is out of order by 5 min 13 s.",
      "The watermark was at 12:03:39 when it arrived: it was late by 2 min 13 s.",
      "In sums: dropped from the window 12:00:00 to 12:02:00 of key team, too late by 1 min 39 s.",
      "In lenient: late, in a late pane of the window 12:00:00 to 12:02:00 of key team, at 12:08:19.",
    ]);
  });

  test.each([
    ["retracting", " Each of them had been put out and was withdrawn at 12:07:06."],
    ["accumulating", ` Each of them had been put out and stands beside it, since "accumulating" takes nothing back.`],
  ])("a session tells which row merged it from which, %s", async (accumulation, fate) => {
    const active = `const active = scores.groupby("key").window(sessions("1 min")).trigger(afterWatermark({early: afterCount(1)})).accumulation("${accumulation}").rollup({score: d => op.sum(d.value)}).panes();`;
    const harness = await replayed([SCORES, active], "2015-08-05T12:07:10Z");
    const page = harness.table("2.active").page;
    const column = (name: string) =>
      Array.from((page.columns.find(c => c.name === name)?.values ?? []) as Float64Array);
    const row = column("window_start").findIndex(
      (start, i) =>
        start === Date.parse("2015-08-05T12:02:26Z") && column("window_end")[i] === Date.parse("2015-08-05T12:05:19Z"),
    );
    const { sentences } = await explained(harness, "2.active", row);
    expect(sentences[0]).toBe(
      "The window 2015-08-05 12:02:26 UTC to 12:05:19 of key team holds 4 rows: lines 2, 3, 4 and 5.",
    );
    expect(sentences.find(s => s.includes("merged"))).toBe(
      `Line 5 (12:03:06, arrived at 12:07:06) merged 2 sessions: 12:02:26 to 12:03:26 and 12:03:39 to 12:05:19.${fate}`,
    );
  });
});

describe("the bank's payments", () => {
  test("are told on London's clock, with the lines that corrected a day", async () => {
    const harness = await replayed(
      [
        `const payments = source("bank-payments.jsonl", {eventTime: "booked_at", arrivalTime: "received_at", partition: "branch", watermark: bounded("30 s", {idle: "2 min", future: "5 min"})});`,
        `const daily = payments.groupby("branch").window(calendar("day", {timeZone: "Europe/London"})).trigger(afterWatermark({late: afterCount(1)})).allowedLateness("2 h").accumulation("retracting").rollup({total: d => op.sum(d.amount), n: op.count()});`,
        `const dropped = daily.late();`,
        `const future = payments.filter(d => d.id === "CDF-001434");`,
      ],
      null,
    );
    expect((await explained(harness, "3.dropped", 0)).sentences).toEqual([
      "Line 17,461 of bank-payments.jsonl has the event time 2026-03-28 20:46:21 Europe/London and arrived at 2026-03-29 03:41:47.781, 5 h 55 min later.",
      "It belongs to the window 2026-03-28 00:00:00 to 2026-03-29 00:00:00.",
      "The watermark it met was at 03:39:36, 2 h 39 min past the end of the window.",
      "The allowed lateness of 2 h was over by 39 min 36 s.",
      "An allowed lateness of at least 2 h 39 min 37 s (now 2 h) would have kept it, or a watermark delay of at least 40 min 7 s (now 30 s).",
    ]);
    expect((await explained(harness, "2.daily", 0)).sentences).toEqual([
      "The window 2026-03-28 00:00:00 Europe/London to 2026-03-29 00:00:00 of branch London holds 7,040 rows: lines 2, 3, 4, 6, 9 and 7,035 more.",
      "It fired on time at 00:02:00.739, when the watermark passed its end.",
      "Since then it was corrected twice, last at 00:11:49.611, by 2 late rows (lines 17,383 and 17,386).",
      "It is closed: its input is complete.",
    ]);
    const future = await explained(harness, "4.future", 0);
    expect(future.lines).toEqual([{ file: "bank-payments.jsonl", line: 10_308 }]);
    expect(future.sentences).toContain(
      "It claims to be from the future, by more than the guard allows (5 min), so it did not move the watermark.",
    );
  });
});

describe("rows of joins", () => {
  test("tell which rows met, or the closest counterpart and the bound that would have matched it", async () => {
    const harness = await replayed(
      [
        `const orders = source("orders.csv", {eventTime: {column: "ordered_at", timeZone: "Europe/Berlin"}, watermark: bounded("1 min")});`,
        `const payments = source("payments-api.jsonl", {eventTime: {column: "paid_at", unit: "ms"}, arrivalTime: {column: "fetched_at", unit: "ms"}, watermark: bounded("2 min")});`,
        `const unpaid = orders.intervalJoin(payments, "order_id", {lower: 0, upper: "2 min", kind: "anti"});`,
        `const full = orders.joinFull(payments, "order_id");`,
        `const near = payments.asofJoin(orders, "order_id", {tolerance: "1 min"});`,
      ],
      null,
    );
    expect((await explained(harness, "3.unpaid", 0)).sentences).toEqual([
      "Line 4 of orders.csv is of 2026-04-14 06:03:17 UTC.",
      "The one row of order_id 5003 on the right is line 6 of payments-api.jsonl, of 06:05:51.814, 2 min 35 s after it.",
      "The bounds are 0 ms to 2 min: an upper bound of at least 2 min 35 s would have matched it.",
    ]);
    expect((await explained(harness, "3.unpaid", 2)).sentences).toEqual([
      "Line 11 of orders.csv is of 2026-04-14 06:06:06 UTC.",
      "No row of order_id 5010 has come on the right so far.",
    ]);
    const pair = await explained(harness, "4.full", 0);
    expect(pair.sentences).toEqual([
      "It joins line 2 of orders.csv (2026-04-14 06:00:38 UTC) and line 1 of payments-api.jsonl (06:01:38.495), 1 min after it.",
      "Both were there at 06:02:00.203.",
    ]);
    expect(pair.lines).toEqual([
      { file: "orders.csv", line: 2 },
      { file: "payments-api.jsonl", line: 1 },
    ]);
    expect((await explained(harness, "5.near", 0)).sentences[2]).toBe(
      "The tolerance is 1 min; one of at least 1 min 1 s would have matched it.",
    );
  });
});

test("an incomplete window says what it is expected to come to, and is right about it", async () => {
  const harness = await replayed(
    [
      `const payments = source("bank-payments.jsonl", {eventTime: "booked_at", arrivalTime: "received_at", partition: "branch", watermark: bounded("30 s", {idle: "2 min", future: "5 min"})});`,
      `const minutes = payments.window(fixed("10 min")).trigger(afterWatermark({early: afterCount(10)})).allowedLateness("1 h").rollup({n: op.count(), total: d => op.sum(d.amount), mean: d => op.mean(d.amount)});`,
    ],
    "2026-03-28T12:04:00Z",
  );
  const page = harness.table("2.minutes");
  const { sentences, facts } = await explained(harness, "2.minutes", page.total - 1);
  const said = facts["nowcast"] as { share: number; rows: number; windows: number; values: Record<string, number> };
  expect(said.windows).toBeGreaterThan(30);
  expect(Object.keys(said.values)).toEqual(["n", "total"]);
  expect(sentences.find(s => s.startsWith("At this age"))).toBe(
    "At this age (3 min 56 s) windows had 37 % of their rows (66 closed windows): about 273 rows are to be expected (246 to 313 in four of five cases), and so n 273 and total 21,100.",
  );
  // The guess against the truth that the rest of the log brings.
  await goTo(harness, null);
  const after = await explained(harness, "2.minutes", page.total - 1);
  const final = after.facts["rows"] as number;
  expect(after.facts["window_start"]).toBe(facts["window_start"]);
  expect(Math.abs(said.rows / final - 1)).toBeLessThan(0.25);
  expect(Math.abs((said.values["n"] as number) / final - 1)).toBeLessThan(0.25);
});

describe("a story", () => {
  test("is a value for cells, told anew as the replay moves on", async () => {
    const harness = await replayed(
      [
        SCORES,
        SUMS,
        `const story = explain(sums, {key: "team", window_start: Date.parse("2015-08-05T12:00Z"), window_end: Date.parse("2015-08-05T12:02Z")});`,
        `const said = story.sentences.slice(1, 2).join("");`,
      ],
      "2015-08-05T12:07:10Z",
    );
    const said = () => harness.cells.get(4)?.outputs[0];
    expect(said()).toMatchObject({
      value: {
        text: "Not on time yet: it needs a watermark of 12:02:00 or later; the watermark is at 12:01:19, 41 s short.",
      },
    });
    await goTo(harness, null);
    expect(said()).toMatchObject({
      value: { text: "It fired on time at 12:07:19, when the watermark passed its end." },
    });
  });

  test("is there for a window that a chart's mark names", async () => {
    const harness = await replayed([SCORES, SUMS, `const lanes = windowLanes(sums);`], null);
    const values = {
      key: "team",
      window_start: Date.parse("2015-08-05T12:06Z"),
      window_end: Date.parse("2015-08-05T12:08Z"),
    };
    harness.messages = [];
    harness.session.receive({ type: "explain", request: 7, view: "3.lanes", row: 0, values });
    await harness.pass(20);
    const found = harness.messages.find(m => m.type === "explained");
    expect(found).toMatchObject({ request: 7 });
    expect((found as Explained).sentences[0]).toBe(
      "The window 2015-08-05 12:06:00 UTC to 12:08:00 of key team holds 3 rows: lines 6, 8 and 9.",
    );
  });
});

test("a count of pairs that are not made is told as one of pairs that are", async () => {
  const count = `readings.window(fixed("1 min")).join(readings, "partition").window(fixed("1 min")).rollup({pairs: op.count()})`;
  const [readings] = SENSORS("");
  const counted = await replayed([readings, `const pairs = ${count};`], "2026-07-01T12:05:52Z");
  const made = await replayed(
    [
      readings,
      `const joined = readings.window(fixed("1 min")).join(readings, "partition");`,
      `const pairs = ${count};`,
    ],
    "2026-07-01T12:05:52Z",
  );
  const told = await explained(counted, "2.pairs", 0);
  expect(told.sentences).toEqual((await explained(made, "3.pairs", 0)).sentences);
  expect(told.sentences[0]).toContain("holds");
});

describe("what a mark of a chart stands for", () => {
  async function asked(harness: Harness, view: string, values: Readonly<Record<string, unknown>>): Promise<Explained> {
    harness.messages = [];
    harness.session.receive({ type: "explain", request: 1, view, row: 0, values });
    await harness.pass(20);
    const found = harness.messages.find(m => m.type === "explained");
    if (found === undefined) throw new Error("The engine did not answer.");
    return found;
  }
  const at = (clock: string): number => Date.parse(`2026-07-01T${clock}Z`);

  test("is a row by its times, or the first of a cell's rows of one fate", async () => {
    const harness = await replayed(SENSORS(""), "2026-07-01T12:05:52Z");
    const cell = { event_time: at("12:00:00"), event_time_until: at("12:01:00"), fate: "on-time" };
    const first = await asked(harness, "2.means", cell);
    expect(first.sentences[0]).toMatch(/^The first of \d+ rows at this place:$/);
    expect(first.sentences[1]).toMatch(/^Line 1 of sensors-silent\.jsonl has the event time 2026-07-01 12:00:00/);
    const { event_time: event, arrived_at: arrived } = {
      event_time: first.facts["time"],
      arrived_at: first.facts["received_at"],
    };
    const alone = await asked(harness, "2.means", { event_time: event, arrived_at: arrived, fate: "on-time" });
    expect(alone.lines).toEqual([{ file: "sensors-silent.jsonl", line: 1 }]);
    const none = await asked(harness, "2.means", { event_time: at("11:00:00"), arrived_at: at("11:00:01") });
    expect(none.sentences).toEqual(["No row at this place can be traced back to its log."]);
  });

  test("is a window of all keys: how many rows each has, and the story of the fullest", async () => {
    const keyed = `const each = readings.groupby("partition").window(fixed("1 min")).rollup({n: op.count()});`;
    const harness = await replayed([SENSORS("")[0], keyed], "2026-07-01T12:05:52Z");
    const window = { window_start: at("12:02:00"), window_end: at("12:03:00") };
    const { sentences } = await asked(harness, "2.each", window);
    expect(sentences[0]).toMatch(
      /^partition has 3 values in this window: \w+ \(15 rows\), \w+ \(15 rows\) and \w+ \(15 rows\)\. This is the story of the first\.$/,
    );
    expect(sentences[1]).toMatch(/^The window 2026-07-01 12:02:00 UTC to 12:03:00 of partition \w+ holds 15 rows/);
    const own = await asked(harness, "2.each", { partition: 2, ...window });
    expect(own.sentences[0]).toMatch(/of partition 2 holds 15 rows/);
  });
});
