/**
 * Clicks and keys on the marks of charts, one chart after the other: each tells the story that a reader of the log without any
 * engine would tell.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Locator } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";
import { type Arrival, count, endOf, met, milliseconds, sample } from "./by-hand.ts";
import { Looker } from "./looker.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let app: RunningApp | undefined;

afterEach(async () => {
  expect(app?.complaints).toEqual([]);
  await app?.close();
  app = undefined;
});

/** Opens a notebook and lets its whole log arrive. */
async function played(shipped: string): Promise<Looker> {
  app = await openApp({ shipped });
  const look = new Looker(app.page);
  await app.page.getByText(/^0 of [\d,]+ rows/).waitFor();
  await look.toTheEnd();
  return look;
}

interface Asked {
  readonly title: string;
  readonly values: Readonly<Record<string, number | string | null>> | null;
  readonly sentences?: readonly string[];
}

/** What the marks of a chart ask about. */
async function asked(chart: Locator): Promise<Asked[]> {
  await chart.scrollIntoViewIfNeeded();
  const read = (): Promise<string[]> =>
    chart.locator("svg [data-explain]").evaluateAll(marks => marks.map(mark => mark.getAttribute("data-explain")!));
  // What is far from the screen is drawn when it comes near, at first from what it knew before.
  let last: readonly string[] = [];
  const still = async (): Promise<boolean> => {
    const before = last;
    last = await read();
    return last.length > 0 && last.join() === before.join();
  };
  await expect.poll(still, { interval: 300 }).toBe(true);
  return last.map(text => JSON.parse(text) as Asked);
}

/** Everything that the story says, once it says `expected`. */
async function told(expected: string | RegExp): Promise<string> {
  const story = app!.page.locator(".story");
  const text = async (): Promise<string> => (await story.innerText()).replace(/\s+/g, " ");
  if (typeof expected === "string") await expect.poll(text).toContain(expected);
  else await expect.poll(text).toMatch(expected);
  return text();
}

/** The first mark that asks just that: a chart that is drawn once more has others at other places. */
const markOf = (chart: Locator, mark: Asked): Locator =>
  chart.locator(`svg [data-explain=${JSON.stringify(JSON.stringify(mark))}]`).first();

/** Clicks a mark in its middle. */
async function click(chart: Locator, asks: Asked): Promise<void> {
  const mark = markOf(chart, asks);
  // A chart near the screen may be drawn once more, which takes the mark away from under the hand.
  const placed = async () => {
    await mark.scrollIntoViewIfNeeded().catch(() => {});
    return mark.boundingBox();
  };
  await expect.poll(placed).not.toBe(null);
  const box = (await placed())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await app!.page.mouse.move(x - 1, y);
  await app!.page.mouse.move(x, y);
  await app!.page.mouse.click(x, y);
}

/** Asks by keyboard. */
async function press(chart: Locator, asks: Asked): Promise<void> {
  await markOf(chart, asks).focus();
  await app!.page.keyboard.press("Enter");
}

test("watermarkHold: who held it, from when to when, for what silence, and which row released it", async () => {
  const look = await played("why-not-fired.html");
  const rows = sample<{ partition: number; time: string; received_at: string }>("sensors-silent.jsonl", row => ({
    time: Date.parse(row.time),
    arrival: Date.parse(row.received_at),
    partition: String(row.partition),
  }));
  const chart = look.chart("watermarkHold");
  const marks = await asked(chart);
  const length = ({ values }: Asked): number =>
    values?.["partition"] === "3" && typeof values["at"] === "number" && values["at"] > rows[0].arrival
      ? Number(values["until"]) - values["at"]
      : 0;
  const longest = marks.reduce((best, mark, i) => (length(mark) > length(marks[best]) ? i : best), 0);
  const back = rows.find(r => r.partition === "3" && r.arrival > Date.parse("2026-07-01T12:02:00Z"))!;
  const before = rows.findLast(r => r.partition === "3" && r.arrival < back.arrival)!;
  await click(chart, marks[longest]);
  const story = await told(/Partition 3 held the watermark from .+ to .+, for 4 min/);
  expect(story).toContain(`Its own watermark was at 12:01:30 by then; the next, that of partition`);
  expect(story).toContain(
    `It was silent for ${Math.floor((back.arrival - before.arrival) / MINUTE)} min ${Math.round(((back.arrival - before.arrival) % MINUTE) / 1000)} s: its last row before was line ${before.line} `,
  );
  expect(story).toContain(
    `Line ${back.line} (of 12:06:00, arrived at ${new Date(back.arrival).toISOString().slice(11, 23)}) released it.`,
  );
  expect(await app!.page.locator(".story .line-link").allInnerTexts()).toEqual([
    String(before.line),
    String(back.line),
  ]);

  // A lane's name asks for the whole of it, by keyboard.
  const lane = marks.find(({ values }) => values?.["partition"] === "2")!;
  await press(chart, lane);
  await told(/Partition 2 held the watermark from .* In all it held it for [\d.]+ % of the time so far/);
  expect(await markOf(chart, lane).evaluate(mark => getComputedStyle(mark).cursor)).toBe("pointer");
});

test("panes and sessionSurgery: why a pane came out and what it says in its mode, which row merged which sessions", async () => {
  const look = await played("dataflow-paper.html");
  const panes = look.chart("panes");
  const marks = await asked(panes);
  const place = (mode: string, weight: number, n: number): Asked =>
    marks.find(
      (mark, i) =>
        mark.values?.["mode"] === mode &&
        mark.values["weight"] === weight &&
        marks.slice(0, i).filter(m => m.values?.["mode"] === mode && m.values["weight"] === weight).length === n,
    )!;
  await click(panes, place("accumulating", 1, 1));
  // 7 came first, then 3, and 8 is still to come; the panes say 7 and 7 + 3.
  const second = await told(
    "Pane 2 of 3 of the window 2015-08-05 12:02:00 UTC to 12:04:00, accumulating: early, at 12:07:00, with sum 10.",
  );
  expect(second).toContain("The pane before said sum 7.");
  expect(second).toContain(
    `Who adds panes up has ${7 + (7 + 3)} by then, 7 more than the 10 of the 2 rows that had come.`,
  );
  await press(panes, place("retracting", -1, 0));
  expect(
    await told("This takes back what the window 2015-08-05 12:02:00 UTC to 12:04:00 had said at 12:06:00: sum 7."),
  ).toContain("together with the pane that takes its place");
  await press(panes, place("discarding", 1, 2));
  await told("Who adds panes up has 18 by then, which is right for the 3 rows that had come.");

  const surgery = look.chart("sessionSurgery");
  const rows = await asked(surgery);
  const nine = rows.find(({ values }) => values?.["event_time"] === Date.parse("2015-08-05T12:01:26Z"))!;
  await click(surgery, nine);
  const merged = await told("Line 7 happened at 2015-08-05 12:01:26 UTC and arrived at 12:08:19, 6 min 53 s later.");
  expect(merged).toContain(
    "merged 2 sessions: 12:00:26 to 12:01:26 and 12:02:26 to 12:05:19. Each of them had been put out and was withdrawn at 12:08:19.",
  );
  expect(merged).toContain("Since then they are one session: 12:00:26 to 12:05:19.");
});

test("joinMisses: an unmatched row, its closest counterpart, the bound that would have matched; and rows without any", async () => {
  const look = await played("orders-payments-fraud.html");
  const paid = sample<{ order_id: number; paid_at: number; fetched_at: number }>("payments-api.jsonl", row => ({
    time: row.paid_at,
    arrival: row.fetched_at,
  }));
  const chart = look.chart("joinMisses");
  const marks = await asked(chart);
  for (const [at, mark] of marks.entries()) {
    const { values } = mark;
    if (at % 4 !== 0) continue;
    const order = values!["key 0"] as number;
    const payment = paid.find(p => p.row.order_id === order);
    await (at === 0 ? click(chart, mark) : press(chart, mark));
    if (payment === undefined) {
      await told(`No row of order_id ${order} has come on the right so far.`);
      continue;
    }
    const story = await told(
      `The one row of order_id ${order} on the right is line ${payment.line} of payments-api.jsonl`,
    );
    const [, bound] = /an upper bound of at least (.+?) would have matched it/.exec(story)!;
    // Said in full seconds, rounded up.
    const wait = payment.time - Number(values!["event_time"]);
    expect(milliseconds(bound)).toBe(Math.ceil(wait / 1000) * 1000);
  }
  expect(marks.some(({ values }) => !paid.some(p => p.row.order_id === values!["key 0"]))).toBe(true);
});

test("knowledgeTriangle: how much of ten minutes was known at an age, and which rows came later", async () => {
  const look = await played("surge-pricing.html");
  const rides = sample<{ time: string; received_at: string }>("rides.jsonl", row => ({
    time: Date.parse(row.time),
    arrival: Date.parse(row.received_at),
  })).filter(r => r.time >= Date.UTC(2026, 5, 5));
  const chart = look.chart("knowledgeTriangle");
  const marks = await asked(chart);
  const later = (mark: Asked): Arrival<unknown>[] => {
    const [start, end, age] = ["event_time", "event_time_until", "age"].map(name => Number(mark.values![name]));
    return rides.filter(r => r.time >= start && r.time < end && r.arrival > end + age);
  };
  const most = marks.reduce((best, mark, i) => (later(mark).length > later(marks[best]).length ? i : best), 0);
  const rest = later(marks[most]);
  expect(rest.length).toBeGreaterThan(1);
  const { event_time: start, event_time_until: end } = marks[most].values as Record<string, number>;
  const all = rides.filter(r => r.time >= start && r.time < end);
  await click(chart, marks[most]);
  const story = await told(`${all.length} rows of 2026-06-05 `);
  expect(story).toContain(`${all.length - rest.length} of them (`);
  expect(story).toContain(`${count(rest.length)} rows came after that`);
  expect(story).toContain(`Line ${count(rest.toSorted((a, b) => b.arrival - a.arrival)[0].line)}, of `);
});

interface Payment {
  readonly booked_at: string;
  readonly received_at: string;
  readonly branch: string;
  readonly amount: number;
}

const payments = sample<Payment>("bank-payments.jsonl", row => {
  const time = Date.parse(row.booked_at);
  if (Number.isNaN(time) || typeof row.amount !== "number") return null;
  return { time, arrival: Date.parse(row.received_at), partition: row.branch };
});
const patience = { delay: 30_000, idle: 120_000, future: 300_000 };

test("lateness: whose rows a bar holds and the worst of them, with links; dropCurve, delayVsLateness and watermarkQuality", async () => {
  const look = await played("bank-day-totals.html");
  const chart = look.chart("lateness");
  const marks = await asked(chart);
  const bar = marks.find(({ values }) => values?.["measure"] === "delay" && Number(values["low"]) > 2 * MINUTE)!;
  const { low, high } = bar.values as Record<string, number>;
  const own = payments.filter(p => p.arrival - p.time >= low && p.arrival - p.time < high);
  await press(chart, bar);
  const story = await told(`${count(own.length)} rows of ${count(payments.length)} (`);
  const branches = Map.groupBy(own, p => p.partition);
  const [first] = [...branches].toSorted((a, b) => b[1].length - a[1].length);
  expect(story).toContain(`They came from ${first[0]} (${count(first[1].length)} row`);
  const worst = own.toSorted((a, b) => b.arrival - b.time - (a.arrival - a.time))[0];
  expect(story).toContain(`Line ${count(worst.line)} of ${worst.partition}: of `);
  expect(await app!.page.locator(".story .line-link").first().innerText()).toBe(String(worst.line));

  // A link leads to the row itself, and back.
  await app!.page.locator(".story .line-link").first().click();
  const row = await told(`Line ${count(worst.line)} of bank-payments.jsonl has the event time`);
  expect(row).toContain(`branch ${worst.partition}`);
  expect(row).toContain("In daily:");
  await app!.page.locator(".story-back").click();
  await told(`${count(own.length)} rows of ${count(payments.length)} (`);

  // The greatest value of the table stands for the latest row of all.
  await chart.locator("td [data-explain]").nth(4).click();
  const latest = payments.toSorted((a, b) => b.arrival - b.time - (a.arrival - a.time))[0];
  await told(`The latest of them: Line ${count(latest.line)} of ${latest.partition}`);

  const eager = met(payments, { ...patience, delay: 0 });
  const lost = (delay: number, lateness: number): number =>
    payments.filter((p, i) => eager[i] - endOf(p.time, HOUR) >= delay + lateness).length;
  for (const kind of ["dropCurve", "delayVsLateness"]) {
    const settings = await asked(look.chart(kind));
    const pair = settings.find(
      ({ values }) => Number(values!["delay"]) > 0 && lost(Number(values!["delay"]), Number(values!["lateness"])) > 50,
    )!;
    const { delay, lateness } = pair.values as Record<string, number>;
    await (kind === "dropCurve" ? press(look.chart(kind), pair) : click(look.chart(kind), pair));
    await told(new RegExp(` ${count(lost(delay, lateness))} \\([\\d.]+ %\\) are dropped\\.`));
  }

  const quality = look.chart("watermarkQuality");
  const moments = await asked(quality);
  const moment = moments.find(({ values }) => Number(values!["at"]) > Date.parse("2026-03-28T12:00:00Z"))!;
  const at = Number(moment.values!["at"]);
  const awaited = payments.filter(p => p.arrival > at).reduce((a, b) => (b.time < a.time ? b : a));
  await press(quality, moment);
  await told(`line ${count(awaited.line)} of that time was still to come`);

  // Two clicks one after the other, without moving away, ask twice about the same.
  const corrected = await asked(look.chart("corrections"));
  await click(look.chart("corrections"), corrected[0]);
  const once = await told(/The window .+ holds/);
  await click(look.chart("corrections"), corrected[1]);
  await expect.poll(async () => (await told(/The window .+ holds/)) === once).toBe(false);
});

test("pareto and profiles, stateCost and wholeDay: a strategy's promise, a rule, what was held, and whose day it is", async () => {
  const look = await played("batch-is-a-grouping.html");
  const pareto = look.chart("pareto");
  const choices = await asked(pareto);
  await press(pareto, choices.find(({ title }) => title === "perfect")!);
  await told("It knows in hindsight which rows are still to come");
  await press(pareto, choices.find(({ title }) => title === "99th percentile")!);
  await told(/(No other choice that anybody has is quicker|is as complete \([\d.]+ %\) and quicker)/);
  await press(pareto, choices.find(({ title }) => title === "present: 1 min")!);
  await told("These are the present settings: a watermark delay of 1 min");
  const profiles = look.chart("profiles");
  await click(profiles, (await asked(profiles))[0]);
  await told(/Here it is \d+; under [\w-]+ it would be .+\. .+ The window .+ holds/);
  await app!.close();

  const waiting = await played("why-not-fired.html");
  const state = waiting.chart("stateCost");
  const steps = await asked(state);
  const noon = steps.find(({ values }) => Number(values!["at"]) >= Date.parse("2026-07-01T12:04:30Z"))!;
  await press(state, noon);
  // The silent partition lets no window fire: all five are incomplete.
  await told("5 windows still incomplete, waiting for the watermark: 12:00:00 to 12:01:00");
  await app!.close();

  const days = await played("whose-day.html");
  const chart = days.chart("wholeDay");
  const marks = await asked(chart);
  const london = new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/London" });
  const moved = (mark: Asked): Arrival<Payment>[] =>
    payments.filter(
      p =>
        p.time >= Number(mark.values!["event_time"]) &&
        p.time < Number(mark.values!["event_time_until"]) &&
        london.format(p.time) !== new Date(p.time).toISOString().slice(0, 10),
    );
  const sunday = marks.find(
    ({ values }) =>
      values!["of"] === "Europe/London" &&
      Number(values!["event_time_until"]) - Number(values!["event_time"]) === 23 * HOUR,
  )!;
  await click(chart, sunday);
  await told("it has 23 hours, because the clocks change");
  const bar = marks.find(mark => mark.values!["of"] === undefined && moved(mark).length > 0)!;
  await press(chart, bar);
  const story = await told("in Europe/London and 2026-03-29 in UTC");
  expect(story).toContain(`2026-03-30 in Europe/London and 2026-03-29 in UTC (${moved(bar).length} row`);
  expect(story).toContain("Times in Europe/London.");
});

test("the inspector writes the values of a row in the zone of its story, and names it", async () => {
  const look = await played("bank-day-totals.html");
  // The second was dropped in the night in which London's clock went forward: 22:24 of one, 23:24 of the other would be an hour apart.
  const rows = await look.rows("dropped");
  const late = payments.find(p => JSON.stringify(p.row).includes(rows[0].id))!;
  await look.story("dropped", rows[0].id);
  const pane = app!.page.locator(".story");
  const clock = (zone: string, time: number): string =>
    new Date(time).toLocaleString("sv", { timeZone: zone, hour12: false }).slice(0, 19);
  await told(`has the event time ${clock("Europe/London", late.time)} Europe/London`);
  expect(await pane.locator("dd").allInnerTexts()).toContain(clock("Europe/London", late.arrival));
  expect(await pane.locator(".story-zone").innerText()).toBe("Times in Europe/London.");
});

test("the balance chart: the flows of a bar, and of the way from one snapshot to the next", async () => {
  const look = await played("balance-and-flow.html");
  interface Flow {
    readonly account: string;
    readonly amount: number;
  }
  const text = readFileSync(resolve(import.meta.dirname, "../../samples/ledger.jsonl"), "utf8");
  const [first] = text.split("\n");
  const [when, seen] = Object.entries(JSON.parse(first) as Record<string, unknown>)
    .filter(([, v]) => typeof v === "string" && !Number.isNaN(Date.parse(v)) && v.includes("T"))
    .map(([name]) => name);
  const flows = sample<Flow & Record<string, string>>("ledger.jsonl", row => ({
    time: Date.parse(row[when]),
    arrival: Date.parse(row[seen]),
  }));
  const chart = look.chart("balanceVsFlow");
  const marks = await asked(chart);
  const account = await app!.page
    .getByLabel("Account", { exact: true })
    .evaluate(select => (select as HTMLSelectElement).selectedOptions[0].textContent);
  const own = flows.filter(f => f.row.account === account);
  const inside = ({ values }: Asked): Arrival<Flow>[] =>
    own.filter(f => f.time >= Number(values!["event_time"]) && f.time < Number(values!["event_time_until"]));
  const bar = marks.find(mark => mark.values!["closed"] === "start" && inside(mark).length >= 3)!;
  await press(chart, bar);
  const largest = inside(bar).toSorted((a, b) => Math.abs(b.row.amount) - Math.abs(a.row.amount))[0];
  const story = await told(`${inside(bar).length} flows of `);
  expect(story).toContain(`The largest: Line ${largest.line}: ${String(largest.row.amount).replace("-", "−")}, of `);
});
