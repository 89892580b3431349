/** The questions about answers: refined, counted twice, merged, missed, stable, of another zone, replayed, on other engines. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openApp } from "./app.ts";
import type { AppOptions, RunningApp } from "./app.ts";
import { count, endOf, met, milliseconds, sample } from "./by-hand.ts";
import { Looker } from "./looker.ts";

const MINUTE = 60_000;

let app: RunningApp | undefined;

/** Opens a notebook and lets its whole log arrive. */
async function played(shipped: string): Promise<Looker> {
  return playedIn({ shipped });
}

/** The same for a notebook made for a test alone. */
async function playedOwn(name: string): Promise<Looker> {
  return playedIn({ text: readFileSync(resolve(import.meta.dirname, "notebooks", name), "utf8") });
}

async function playedIn(options: AppOptions): Promise<Looker> {
  app = await openApp(options);
  const look = new Looker(app.page);
  await app.page.getByText(/^0 of [\d,]+ rows/).waitFor();
  await look.toTheEnd();
  return look;
}

afterEach(async () => {
  await app?.close();
  app = undefined;
});

interface Ride {
  readonly kind: string;
  readonly zone: string;
  readonly time: string;
  readonly received_at: string;
}

const rides = sample<Ride>("rides.jsonl", row => ({
  time: Date.parse(row.time),
  arrival: Date.parse(row.received_at),
}));

test("17, 18 and 19, the Dataflow paper: panes in three modes, counting twice, and sessions under the knife", async () => {
  const look = await played("dataflow-paper.html");
  // Window 12:02 to 12:04 holds 7, 3 and 8; its panes are 7, then 7 + 3, then 7 + 3 + 8.
  await look.says(
    "panes",
    `came out in 3 panes and ends at ${7 + 3 + 8}. Who adds panes up gets ${7 + 3 + 8} discarding, ` +
      `${7 + (7 + 3) + (7 + 3 + 8)} accumulating (+${7 + 7 + 3} too much) and ${7 - 7 + 10 - 10 + 18} retracting.`,
  );
  const inputs = 5 + 7 + 3 + 4 + 8 + 3 + 9 + 8 + 1;
  const sums = async (): Promise<[string, string]> => [
    (await look.rows("sink"))[0].sum,
    (await look.rows("sink", 1))[0].sum,
  ];
  await expect.poll(sums).toEqual([String(inputs), String(inputs)]);
  const mode = app!.page.getByLabel("Accumulation", { exact: true });
  await mode.selectOption("accumulating");
  // Every pane that is not its window's last is counted once too often: 7 and 10, 5, and 3.
  await expect.poll(sums, { timeout: 10_000 }).toEqual([String(inputs), String(inputs + 7 + 10 + 5 + 3)]);
  await mode.selectOption("discarding");
  await expect.poll(sums, { timeout: 10_000 }).toEqual([String(inputs), String(inputs)]);

  await look.says(
    "sessionSurgery",
    "The row of Wed 5 Aug 12:01:26, 6 min 53 s late, made one of 12:00:26–12:01:26 and 12:02:26–12:05:19.",
  );
  expect(await look.chart("sessionSurgery").getByText("2 → 1").count()).toBe(2);
  const told = await look.story("activity", "36");
  expect(told).toContain(
    "Line 7 (12:01:26, arrived at 12:08:19) merged 2 sessions: 12:00:26 to 12:01:26 and 12:02:26 to 12:05:19.",
  );
  expect(told).toContain("Each of them had been put out and was withdrawn at 12:08:19.");
});

test("20, join misses: unmatched orders with their closest payment and the bound that would have matched it", async () => {
  const look = await played("orders-payments-fraud.html");
  const orders = readFileSync(resolve(import.meta.dirname, "../../samples/orders.csv"), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map(line => line.split(","))
    // Berlin's clock is two hours ahead of UTC in April.
    .map(([id, , time]) => ({ id: Number(id), time: Date.parse(`${time.replace(" ", "T")}+02:00`) }));
  const paid = new Map(
    sample<{ order_id: number; paid_at: number; fetched_at: number }>("payments-api.jsonl", row => ({
      time: row.paid_at,
      arrival: row.fetched_at,
    })).map(p => [p.row.order_id, p.time]),
  );
  const waits = orders.map(o => ({ ...o, wait: (paid.get(o.id) ?? NaN) - o.time }));
  const missed = waits.filter(o => !(Math.abs(o.wait) <= 60 * MINUTE));
  const alone = missed.filter(o => Number.isNaN(o.wait));
  const near = missed.filter(o => o.wait > 0).sort((a, b) => a.wait - b.wait);
  const [, nearest, bound] = await look.says(
    "joinMisses",
    new RegExp(
      `^${missed.length} of ${count(orders.length)} rows .* find no match within 1 h; ${alone.length} of them have no counterpart at all\\. ` +
        `The nearest miss is (.+?) away; a bound of (.+?) would match all the others too`,
    ),
  );
  expect(Math.abs(milliseconds(nearest) - near[0].wait)).toBeLessThan(MINUTE);
  expect(Math.abs(milliseconds(bound) - near.at(-1)!.wait)).toBeLessThan(MINUTE);
  for (const order of near) await look.shows("joinMisses", String(order.id));
  await look.foot("unpaid", new RegExp(`^${missed.length} rows`));
  const heading = look.cell("unpaid").getByTitle("Sort by order_id");
  await heading.first().click();
  const first = missed.toSorted((a, b) => a.id - b.id)[0];
  const told = await look.story("unpaid", count(first.id));
  if (Number.isNaN(first.wait)) expect(told).toContain(`No row of order_id ${first.id} has come`);
  const late = near.toSorted((a, b) => a.id - b.id)[0];
  const other = await look.story("unpaid", count(late.id));
  expect(other).toContain(`The one row of order_id ${late.id} on the right is line `);
  const [, upper] = /an upper bound of at least (.+?) would have matched it/.exec(other)!;
  expect(Math.abs(milliseconds(upper) - late.wait)).toBeLessThan(MINUTE);
});

test("16, when is a number stable: from its window's end to its last change", async () => {
  const look = await played("surge-pricing.html");
  const tonight = rides.filter(r => r.time >= Date.UTC(2026, 5, 5));
  const windows = new Set(tonight.map(r => `${r.row.zone} ${endOf(r.time, 10 * MINUTE)}`));
  const watermarks = met(rides, { delay: 30_000 });
  const kept = rides.filter(
    (r, i) => r.time >= Date.UTC(2026, 5, 5) && endOf(r.time, 10 * MINUTE) + 5 * MINUTE > watermarks[i],
  );
  const latest = Math.max(...kept.map(r => r.arrival - endOf(r.time, 10 * MINUTE)));
  const [, half, most] = await look.says(
    "stability",
    new RegExp(`^Half of ${windows.size} results last changed within (.+?) of .*the last one to settle took (.+?)\\.`),
  );
  expect(Math.abs(milliseconds(most) - latest)).toBeLessThan(latest * 0.1);
  // Half of them have no late row: they settle when the watermark passes, its delay after the end or a little more.
  expect(milliseconds(half)).toBeGreaterThan(30_000);
  expect(milliseconds(half)).toBeLessThan(40_000);
});

test("23, whose day is it: the rows that change their date, and the day of 23 hours", async () => {
  const look = await played("whose-day.html");
  const rows = sample<{ booked_at: string; received_at: string; amount: number }>("bank-payments.jsonl", row =>
    Number.isNaN(Date.parse(row.booked_at)) || typeof row.amount !== "number"
      ? null
      : { time: Date.parse(row.booked_at), arrival: Date.parse(row.received_at) },
  );
  const london = new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/London" });
  const moved = rows.filter(r => london.format(r.time) !== new Date(r.time).toISOString().slice(0, 10));
  await look.says("wholeDay", `${moved.length} rows of ${count(rows.length)} (`);
  await look.says("wholeDay", "fall on another date in Europe/London than in UTC. Sun 29 Mar has 23 hours.");
  const [row] = await look.rows("moved");
  expect(row.payments).toBe(String(moved.length));
  expect(Number(row.total.replaceAll(",", ""))).toBeCloseTo(
    moved.reduce((n, r) => n + r.row.amount, 0),
    2,
  );
  const sunday = rows.filter(r => london.format(r.time) === "2026-03-29").reduce((n, r) => n + r.row.amount, 0);
  await look.shows("wholeDay", `Sun 29 Mar, 23 h: ${sunday.toLocaleString("en", { maximumFractionDigits: 2 })}`);
});

test("10, 24 and 25, batch and stream: latency against completeness, replay equal to live, and other engines' answers", async () => {
  const look = await played("batch-is-a-grouping.html");
  const drivers = rides.filter(r => r.row.kind === "driver");
  const windows = new Set(drivers.map(r => `${r.row.zone} ${endOf(r.time, 10 * MINUTE)}`));
  for (const place of [0, 1, 2]) await look.foot("batch", new RegExp(`^${windows.size} rows[^]*complete`), place);
  // Row by row, in micro-batches and once at the end: not one result differs.
  await look.foot("different", /^0 rows[^]*complete/);

  const watermarks = met(rides, { delay: MINUTE });
  const late = rides.filter((r, i) => r.row.kind === "driver" && endOf(r.time, 10 * MINUTE) <= watermarks[i]);
  const complete = 1 - late.length / drivers.length;
  const differing = new Set(late.map(r => `${r.row.zone} ${endOf(r.time, 10 * MINUTE)}`)).size;
  await look.says("profiles", `Of ${windows.size} results, ${differing} differ under flink-sql`);
  await look.shows("profiles", "Flink SQL has no allowed lateness: what comes after the watermark is dropped.");
  const [, share, wait] = await look.says(
    "pareto",
    /The present delay gives first results that are ([\d.]+) % complete, (.+?) after the window's end/,
  );
  expect(Number(share)).toBeCloseTo(100 * complete, 1);
  expect(milliseconds(wait)).toBeGreaterThanOrEqual(MINUTE);
  expect(milliseconds(wait)).toBeLessThan(1.5 * MINUTE);
  for (const strategy of ["perfect", "99th percentile", "adaptive", "present: 1 min"])
    await look.shows("pareto", strategy);
});

test("flows and balances: the missing flow and the doubled one are found, each with its shape and its size", async () => {
  const look = await played("balance-and-flow.html");
  await look.says(
    "balanceVsFlow",
    "46.86 is unexplained in the end; the residual is a step of 46.86 from Mon 4 May 11:00:00. A flow is missing, or was counted twice.",
  );
  await look.says("waterfall", "+46.86 is unexplained");
  const account = app!.page.getByLabel("Account", { exact: true });
  await account.selectOption("current");
  await look.says("balanceVsFlow", "the residual is a step of 72.21 from Mon 4 May 16:00:00");
  await look.says("waterfall", "−72.21 is unexplained");
  await account.selectOption("savings");
  await look.says("balanceVsFlow", "It agrees with all 25 snapshots.");
  await look.says("waterfall", "nothing is unexplained");
});

test("the shapes of what is left: each planted fault is named rightly", async () => {
  const look = await played("residual-shapes.html");
  for (const [fault, shape] of [
    ["a flow is late", "spike"],
    ["a wrong rate", "ramp"],
    ["days of another zone", "saw-tooth"],
    ["a flow is missing", "step"],
  ]) {
    await app!.page.getByLabel("What goes wrong", { exact: true }).selectOption(fault);
    await look.says("balanceVsFlow", `the residual is a ${shape} of`);
  }
  await app!.page.getByLabel("What goes wrong", { exact: true }).selectOption("nothing");
  await look.says("balanceVsFlow", "It agrees with all 121 snapshots.");
});

test("12, is lateness drifting: when it took another level, and which", async () => {
  const look = await playedOwn("drift.html");
  const [, from, before, after] = await look.shows(
    "lateness",
    /The delay grew about Wed 1 Jul (\d\d:\d\d):\d\d: its p90 went from (.+?) to (.+?)\./,
  );
  expect(["12:29", "12:30", "12:31"]).toContain(from);
  expect(Math.abs(milliseconds(before) - 2_360)).toBeLessThan(300);
  expect(Math.abs(milliseconds(after) - 20_360)).toBeLessThan(2_500);
  await look.shows("lateness", /p90 from 2[.\d]* s to \d+(\.\d)? s/);
});
