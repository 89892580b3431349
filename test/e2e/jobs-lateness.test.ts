/**
 * The questions about lateness, asked of the notebook *Bank day totals*: each is answered on the screen, and the answer is that
 * of a reader of the log who has no engine.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";
import { count, endOf, met, milliseconds, quantile, sample } from "./by-hand.ts";
import { Looker } from "./looker.ts";

interface Payment {
  readonly id: string;
  readonly booked_at: string;
  readonly received_at: string;
  readonly branch: string;
  readonly amount: number;
}

const HOUR = 3_600_000;
const payments = sample<Payment>("bank-payments.jsonl", row => {
  const time = Date.parse(row.booked_at);
  if (Number.isNaN(time) || typeof row.amount !== "number") return null;
  return { time, arrival: Date.parse(row.received_at), partition: row.branch };
});
/** As the notebook has it: 30 s of delay, idle after 2 min, a guard of 5 min. */
const patience = { delay: 30_000, idle: 120_000, future: 300_000 };
const watermarks = met(payments, patience);
/** London's midnights: its clock goes forward in the night to the 29th. */
const midnights = ["28T00:00", "29T00:00", "29T23:00", "30T23:00", "31T23:00"].map(t => Date.parse(`2026-03-${t}Z`));
const dayEnd = (time: number): number => midnights.find(m => m > time)!;
const fates = payments.map((row, i) => ({
  ...row,
  watermark: watermarks[i],
  late: row.time < watermarks[i],
  dropped: dayEnd(row.time) + 2 * HOUR <= watermarks[i],
}));
const droppedRows = fates.filter(f => f.dropped);

let app: RunningApp;
let look: Looker;

beforeAll(async () => {
  app = await openApp({ shipped: "bank-day-totals.html" });
  look = new Looker(app.page);
  await app.page.getByText(/^0 of 5\d,\d{3} rows/).waitFor();
  await look.toTheEnd();
});

afterAll(() => app?.close());

test("1, where is time: the time map has every row's fate, the watermark, the windows and their panes", async () => {
  const late = fates.filter(f => f.late && !f.dropped).length;
  await look.says(
    "timeMap",
    `${count(payments.length)} rows: ${count(late)} late but accepted, ${droppedRows.length} dropped`,
  );
  const map = look.chart("timeMap");
  // A cross is two strokes.
  const crosses = await map
    .locator(".tm-cells.tm-dropped path")
    .evaluateAll(paths => paths.reduce((n, path) => n + (path.getAttribute("d")?.match(/M/g)?.length ?? 0) / 2, 0));
  expect(crosses).toBe(droppedRows.length);
  // The whole source's watermark on its rim of paper, one of each branch, and the horizon of lateness.
  expect(await map.locator("path.tm-watermark").count()).toBeGreaterThanOrEqual(
    1 + new Set(payments.map(p => p.partition)).size,
  );
  for (const timing of ["early", "on-time", "late"])
    expect(await map.locator(`path.tm-panes.tm-${timing}`).getAttribute("d"), timing).not.toBe("");
  // The line on which nothing would have been delayed is dashed, and goes upwards from corner to corner.
  await look.shows("timeMap", "no delay at all");
  const ideal = map.locator("g[stroke-dasharray='5 4'] path");
  const [, x1, y1, x2, y2] = /^M([\d.-]+),([\d.-]+)L([\d.-]+),([\d.-]+)$/.exec(
    (await ideal.first().getAttribute("d"))!,
  )!;
  expect(Number(x2)).toBeGreaterThan(Number(x1) + 300);
  expect(Number(y2)).toBeLessThan(Number(y1) - 200);
  // Each day is a column, and each column is asked for its story.
  const columns = await map
    .locator("svg rect[data-explain]")
    .evaluateAll(rects =>
      rects.map(rect => JSON.parse(rect.getAttribute("data-explain")!).values.window_end as number),
    );
  const days = midnights.filter(m => payments.some(p => dayEnd(p.time) === m));
  expect(new Set(columns)).toEqual(new Set(days.filter(m => payments.filter(p => dayEnd(p.time) === m).length > 10)));
  expect(await map.locator("svg:has(.tm-brush)").count()).toBe(1);
  await look.says("delayMap", `${count(late)} came late, ${droppedRows.length} were dropped`);
});

test("1, and a dragged rectangle says what lies in it", async () => {
  const map = look.chart("timeMap");
  const drawing = map.locator("svg:has(.tm-brush)");
  await drawing.evaluate(svg => svg.scrollIntoView({ block: "center" }));
  const { mouse } = app.page;
  const drag = async (): Promise<string> => {
    const box = (await drawing.boundingBox())!;
    await mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.85);
    await mouse.down();
    await mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.2, { steps: 4 });
    await mouse.up();
    return map.locator(".tm-chart-selection").innerText();
  };
  await expect.poll(drag, { timeout: 10_000, interval: 500 }).toMatch(/[\d,]+ rows/);
  // The rectangle outlives its drawing: the same stretch stays selected, and what is said of it is what is there now.
  const said = (): Promise<string> => map.locator(".tm-chart-selection").innerText();
  const before = await said();
  const stretch = /^Happened .*?:(?= )/.exec(before)![0];
  await look.seek(0.6);
  await expect.poll(said).not.toBe(before);
  expect(await said()).toContain(stretch);
  expect(Number(await map.locator(".tm-brush").getAttribute("width"))).toBeGreaterThan(100);
  await look.toTheEnd();
  await expect.poll(said).toBe(before);
});

test("5, why was this event dropped: times, margin, and the smallest settings that would have kept it", async () => {
  for (const { row, line, arrival, time, watermark } of droppedRows) {
    const told = await look.story("dropped", row.id);
    expect(told).toContain(`Line ${count(line)} of bank-payments.jsonl`);
    const [, delay] = /(?:, |arrived at [\d: .-]+, )([^,]+) later\./.exec(told)!;
    expect(Math.abs(milliseconds(delay) - (arrival - time))).toBeLessThan(60_000);
    const over = watermark - dayEnd(time) - 2 * HOUR;
    // Hours are told to the minute.
    expect(Math.abs(milliseconds(/lateness of 2 h was over by ([^.]+)\./.exec(told)![1]) - over)).toBeLessThan(60_000);
    const [, lateness, longer] = /lateness of at least (.+?) \(now 2 h\).*delay of at least (.+?) \(now 30 s\)/.exec(
      told,
    )!;
    // One millisecond more than the margin, said in full seconds.
    expect(milliseconds(lateness)).toBe(2 * HOUR + over + 1_000);
    expect(milliseconds(longer)).toBe(30_000 + over + 1_000);
  }
});

test("6, what was dropped in total: rows and value by branch, as a stream", async () => {
  await look.foot("dropped", new RegExp(`^${droppedRows.length} rows`));
  const expected = droppedRows.map(f => ({ branch: f.row.branch, payments: "1", total: f.row.amount.toFixed(2) }));
  const seen = (await look.rows("lost")).map(({ branch, payments: n, total }) => ({ branch, payments: n, total }));
  expect(seen.sort((a, b) => (a.branch < b.branch ? -1 : 1))).toEqual(
    expected.sort((a, b) => (a.branch < b.branch ? -1 : 1)),
  );
});

test("6, and by day and in all; of the hours by branch and by hour", async () => {
  const value = (rows: readonly { readonly row: Payment }[]): string =>
    rows.reduce((n, f) => n + f.row.amount, 0).toLocaleString("en", { maximumFractionDigits: 2 });
  const told = (rows: Record<string, string>[]): string[][] =>
    rows.map(({ payments: n, total }) => [n, String(Number(total.replaceAll(",", "")))]);
  const expected = (rows: readonly { readonly row: Payment }[]): string[] => [
    String(rows.length),
    value(rows).replaceAll(",", ""),
  ];
  await look.foot("lostInAll", /^1 row/);
  expect(told(await look.rows("lostInAll"))).toEqual([expected(droppedRows)]);
  const byDay = Map.groupBy(droppedRows, f => dayEnd(f.time));
  await look.foot("lostByDay", new RegExp(`^${byDay.size} row`));
  expect(told(await look.rows("lostByDay")).sort()).toEqual([...byDay.values()].map(expected).sort());

  const lost = fates.filter(f => endOf(f.time, HOUR) <= f.watermark);
  await look.foot("lostOfHours", new RegExp(`^${count(lost.length)} rows`), 0);
  const byBranch = Map.groupBy(lost, f => f.partition);
  const rows = await look.rows("lostOfHours", 1);
  expect(rows.map(r => [r.branch, r.payments, String(Number(r.total.replaceAll(",", "")))]).sort()).toEqual(
    [...byBranch].map(([branch, list]) => [branch, ...expected(list)]).sort(),
  );
  const byHour = Map.groupBy(lost, f => endOf(f.time, HOUR));
  await look.foot("lostOfHours", new RegExp(`^${byHour.size} rows`), 2);
  const hours = await look.rows("lostOfHours", 2);
  expect(hours.length).toBeGreaterThan(5);
  for (const hour of hours) {
    const [, ending] = Object.entries(hour).find(([name]) => name.startsWith("window_end"))!;
    const own = byHour.get(Date.parse(`${ending.replace(" ", "T")}Z`))!;
    expect([hour.payments, String(Number(hour.total.replaceAll(",", "")))], ending).toEqual(expected(own));
  }
});

test("6, and the count under a table tells whose rows they were, and from which windows", async () => {
  const lost = fates.filter(f => endOf(f.time, HOUR) <= f.watermark);
  await look.foot("hourly", /dropped/);
  const foot = look.cell("hourly").locator(".grid-foot");
  await foot.getByRole("button", { name: `${count(lost.length)} dropped` }).click();
  const story = app.page.locator(".story");
  const total = lost.reduce((n, f) => n + f.row.amount, 0);
  await expect
    .poll(async () =>
      Number(/rows were dropped as too late, with total ([\d.]+) in all/.exec(await story.innerText())?.[1]),
    )
    .toBeCloseTo(total, 2);
  const told = (await story.innerText()).replace(/\s+/g, " ");
  const [branch, own] = [...Map.groupBy(lost, f => f.partition)].toSorted((a, b) => b[1].length - a[1].length)[0];
  expect(told).toContain(`By partition: ${branch} (${count(own.length)} rows), `);
  const worst = lost.toSorted((a, b) => b.watermark - endOf(b.time, HOUR) - (a.watermark - endOf(a.time, HOUR)))[0];
  expect(told).toContain(`The latest of them: Line ${count(worst.line)} of ${worst.partition}, `);
});

test("7, how late is my data: quantiles of delay and of out-of-orderness", async () => {
  const delays = payments.map(p => p.arrival - p.time);
  const eager = met(payments, { ...patience, delay: 0 });
  const disorder = payments.map((p, i) => Math.max(0, eager[i] - p.time));
  await look.says("lateness", `Of ${count(payments.length)} rows half arrive within`);
  const table = await look
    .chart("lateness")
    .locator("table tr")
    .evaluateAll(rows => rows.map(row => [...row.children].map(cell => cell.textContent ?? "")));
  for (const [name, values] of [
    ["delay", delays],
    ["out-of-order", disorder],
  ] as const) {
    const cells = table.find(([first]) => first.startsWith(name))!;
    const shares = [0.5, 0.9, 0.99, 0.999, 1];
    shares.forEach((share, i) => {
      const truth = quantile(values, share);
      // Bins of equal ratio, 16 to a doubling, and times written to two or three figures.
      expect(Math.abs(milliseconds(cells[i + 1]) - truth), `${name} ${share}`).toBeLessThanOrEqual(
        Math.max(truth * 0.06, 1),
      );
    });
  }
});

test("8, which delay should I choose: the suggested one keeps what it promises, and the curve goes through what was counted", async () => {
  const dropped = (delay: number): number =>
    met(payments, { ...patience, delay }).filter((w, i) => endOf(payments[i].time, HOUR) <= w).length;
  const now = dropped(30_000);
  const [, told, share, delay, low, high] = await look.says(
    "dropCurve",
    /A delay of 30 s drops ([\d,]+) rows \(([\d.]+) %\)\. To keep 99 %, a delay of (.+?) would have done \(between (.+?) and (.+?) with/,
  );
  expect(told).toBe(count(now));
  expect(Number(share)).toBeCloseTo((100 * now) / payments.length, 1);
  const suggested = milliseconds(delay);
  // Told to a second, and read from bins of 4 %.
  expect(dropped(suggested * 1.045) / payments.length).toBeLessThanOrEqual(0.01);
  expect(dropped(suggested * 0.955) / payments.length).toBeGreaterThan(0.01);
  expect(milliseconds(low)).toBeLessThanOrEqual(suggested);
  expect(milliseconds(high)).toBeGreaterThanOrEqual(suggested);
});

test("9, delay or allowed lateness: each pair's share of dropped rows", async () => {
  const dropped = (delay: number, lateness: number): number =>
    met(payments, { ...patience, delay }).filter((w, i) => endOf(payments[i].time, HOUR) + lateness <= w).length;
  await look.says(
    "delayVsLateness",
    /With a delay of 30 s and no allowed lateness, first results take .+ after the window's end/,
  );
  const words = await look.chart("delayVsLateness").locator("svg").first().textContent();
  // The row without allowed lateness comes last: its cells of 0 and 30 s of delay.
  for (const [delay, lateness] of [
    [30_000, 0],
    [0, HOUR],
  ]) {
    const percent = (100 * dropped(delay, lateness)) / payments.length;
    expect(words).toContain(String(Number(percent.toPrecision(2))));
  }
});

test("9, and how much state each pair holds: windows at a time, on the average", async () => {
  const first = payments[0].arrival;
  const end = payments[payments.length - 1].arrival;
  // A window is there from its first row on that is taken in, until the watermark has passed its end and the lateness.
  const opened = new Map<number, number>();
  fates.forEach(f => {
    const hour = endOf(f.time, HOUR);
    if (hour > f.watermark && !opened.has(hour)) opened.set(hour, f.arrival);
  });
  const held = (delay: number, lateness: number): number => {
    const course = met(payments, { ...patience, delay });
    let sum = 0;
    for (const [hour, from] of opened) {
      const closed = course.findIndex(w => w >= hour + lateness);
      sum += (closed < 0 ? end : payments[closed].arrival) - from;
    }
    return sum / (end - first);
  };
  const chart = look.chart("delayVsLateness");
  await chart.scrollIntoViewIfNeeded();
  await look.shows("delayVsLateness", "state held, windows at a time");
  for (const [delay, lateness] of [
    [30_000, 0],
    [30_000, HOUR],
    [0, 6 * HOUR],
  ]) {
    const cell = chart.locator(`svg [data-explain*='"delay":${delay},"lateness":${lateness}}']`).last();
    const { sentences } = JSON.parse((await cell.getAttribute("data-explain"))!) as { sentences: string[] };
    const [, told] = /([\d.]+) windows are held at a time/.exec(sentences[0])!;
    // Told to two figures.
    expect(Math.abs(Number(told) / held(delay, lateness) - 1), `${delay} ${lateness}`).toBeLessThan(0.06);
    expect(await chart.locator("svg", { hasText: "state held" }).textContent()).toContain(told);
  }
  await look.says("delayVsLateness", /; [\d.]+ windows are held at a time\./);

  // And how long the first result takes, for the present delay and for one that outweighs everything else.
  const waits = (delay: number): number => {
    const course = met(payments, { ...patience, delay });
    const all = [...opened.keys()].flatMap(hour => {
      const passed = course.findIndex(w => w >= hour);
      return passed < 0 ? [] : [payments[passed].arrival - hour];
    });
    return quantile(all, 0.5);
  };
  const map = chart.locator("svg", { hasText: "first result, after the window's end" });
  for (const delay of [30_000, 6 * HOUR]) {
    const cell = map.locator(`[data-explain*='"delay":${delay},"lateness":0}']`);
    const { sentences } = JSON.parse((await cell.getAttribute("data-explain"))!) as { sentences: string[] };
    const [, told] = /First results come (.+?) after the window's end/.exec(sentences[0])!;
    // The chart follows the watermark every ten minutes, and takes it to move steadily between.
    expect(Math.abs(milliseconds(told) - waits(delay)), `${delay}: ${told}`).toBeLessThan(90_000);
  }
});

test("11, how good was my watermark: for what share of the time it was too fast, and by how much", async () => {
  // Event times that are still to come, from each row on: the least of them is the perfect watermark.
  const still = [...payments.map(p => p.time), Infinity];
  for (let i = still.length - 2; i >= 0; i--) still[i] = Math.min(still[i], still[i + 1]);
  let [fast, area, all] = [0, 0, 0];
  for (let i = 0; i + 1 < payments.length; i++) {
    const wide = payments[i + 1].arrival - payments[i].arrival;
    const lead = watermarks[i + 1] - still[i + 1];
    all += wide;
    if (lead > 0) [fast, area] = [fast + wide, area + wide * lead];
  }
  const [, share, lead] = await look.says(
    "watermarkQuality",
    /the watermark was too fast for ([\d.]+) % of the time, by (.+?) on average while it was, and too slow for/,
  );
  // The chart compares every ten minutes or so.
  expect(Math.abs(Number(share) - (100 * fast) / all)).toBeLessThan(3);
  expect(Math.abs(milliseconds(lead) / (area / fast) - 1)).toBeLessThan(0.05);
  await look.shows("watermarkQuality", "perfect, in hindsight");
});

test("13 and 14, future timestamps and skewed clocks: who sends them, by how much, and what they would drop without the guard", async () => {
  const clocks = await look.rows("clocks");
  for (const branch of new Set(payments.map(p => p.partition))) {
    const seconds = payments.filter(p => p.partition === branch).map(p => (p.arrival - p.time) / 1000);
    const row = clocks.find(c => c.branch === branch)!;
    expect(Number(row.quickest.replaceAll(",", "").replace("−", "-"))).toBeCloseTo(Math.min(...seconds), 2);
    expect(Number(row.from_the_future)).toBe(seconds.filter(s => s < 0).length);
  }
  const future = fates.filter(f => f.time > f.arrival + patience.future);
  expect(future.map(f => f.partition)).toEqual(["Cardiff", "Cardiff", "Cardiff", "Cardiff"]);
  await look.shows("lateness", "4 rows say they happened after arriving, by up to 1 day: a clock is wrong.");
  const lost = met(payments, { ...patience, future: Infinity }).filter(
    (w, i) => dayEnd(payments[i].time) + 2 * HOUR <= w,
  );
  expect(lost.length).toBeGreaterThan(20 * droppedRows.length);
  const guard = app.page.getByRole("checkbox", { name: "Guard against times from the future" });
  await guard.click();
  await look.foot("dropped", new RegExp(`^${count(lost.length)} rows[^]*complete`));
  await guard.click();
  await look.foot("dropped", new RegExp(`^${droppedRows.length} rows[^]*complete`));
});

test("12, is lateness drifting: where nothing does, it says so", async () => {
  await look.shows("lateness", "The delay does not drift.");
});

test("15, what did late data change: on-time and final value of the most changed window", async () => {
  const groups = Map.groupBy(
    fates.filter(f => !f.dropped),
    f => `${f.partition} ${dayEnd(f.time)}`,
  );
  const changes = [...groups.values()].map(rows => {
    const sum = (list: typeof rows): number => list.reduce((n, f) => n + f.row.amount, 0);
    const onTime = sum(rows.filter(f => f.watermark < dayEnd(f.time)));
    return { branch: rows[0].partition, onTime, final: sum(rows), late: sum(rows) - onTime };
  });
  const worst = changes.toSorted((a, b) => Math.abs(b.late) - Math.abs(a.late))[0];
  const money = (n: number): string => n.toLocaleString("en", { maximumFractionDigits: 2 });
  await look.says(
    "corrections",
    `The most changed is ${worst.branch}, Sat 28 Mar: from ${money(worst.onTime)} to ${money(worst.final)} (+${money(worst.late)}).`,
  );
});

test("22, silence or zero: an incomplete window is told with what is to be expected of it", async () => {
  await look.seek(0.86);
  await look.foot("hourly", /so far/);
  const table = look.cell("hourly").locator(".grid-frame");
  await table.locator(".grid-scroll").evaluate(element => (element.scrollTop = element.scrollHeight));
  await table.locator("tbody tr[aria-rowindex]").last().click();
  const story = app.page.locator(".story");
  await expect.poll(() => story.innerText()).toContain("Not on time yet");
  const told = (await story.innerText()).replace(/\s+/g, " ");
  const [, here] = /holds ([\d,]+) rows/.exec(told)!;
  const [, share, about, least, most] =
    /windows had (\d+) % of their rows .*?: about ([\d,]+) rows are to be expected \(([\d,]+) to ([\d,]+) in four of five cases\)/.exec(
      told,
    )!;
  const [so, expected, low, high] = [here, about, least, most].map(n => Number(n.replaceAll(",", "")));
  expect(Number(share)).toBeGreaterThan(0);
  expect(low).toBeGreaterThanOrEqual(so);
  expect(expected).toBeGreaterThanOrEqual(low);
  expect(expected).toBeLessThanOrEqual(high);
  // Nothing but the hidden rest of the log says what it came to; the guess is nearer to that than what is there.
  const [, clock] = /The window 2026-03-(\S+ \S+) UTC to /.exec(told)!;
  const start = Date.parse(`2026-03-${clock.replace(" ", "T")}Z`);
  const truth = payments.filter(p => p.time >= start && p.time < start + HOUR).length;
  expect(Math.abs(expected - truth)).toBeLessThan(truth - so);
});
