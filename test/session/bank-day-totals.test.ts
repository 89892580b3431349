/**
 * The first notebook, headless, against an independent computation: the sample is read with `JSON.parse`, days are taken
 * from `Intl`, and the totals come from DuckDB over the same file.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { schemaOf } from "../../src/pipeline/node.ts";
import { openStream, runOf } from "../../src/session/headless.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const SAMPLE = resolve(ROOT, "samples/bank-payments.jsonl");

async function open(name: string, parameters: Record<string, unknown> = {}) {
  const text = await readFile(resolve(ROOT, "notebooks/bank-day-totals.html"), "utf8");
  return openStream(text, name, {
    file: "bank-day-totals.html",
    read: async file => readFile(resolve(ROOT, "samples", file)),
    parameters,
    now: () => 0,
    defer: work => void setImmediate(work),
  });
}

interface Total {
  branch: string;
  day: string;
  total: number;
  payments: number;
}

/** Totals per branch and London day of the rows that DuckDB reads from the file, without those in `except`. */
async function totalsBySql(except: ReadonlySet<string>): Promise<Total[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(`
    SELECT branch, strftime(CAST(timezone('Europe/London', CAST(booked_at AS TIMESTAMPTZ)) AS DATE), '%Y-%m-%d') AS day,
           id, received_at, CAST(amount AS DOUBLE) AS amount
    FROM read_json('${SAMPLE}', format = 'newline_delimited', ignore_errors = true,
                   columns = {id: 'VARCHAR', booked_at: 'VARCHAR', received_at: 'VARCHAR', branch: 'VARCHAR', amount: 'VARCHAR'})
    WHERE TRY_CAST(booked_at AS TIMESTAMPTZ) IS NOT NULL AND TRY_CAST(amount AS DOUBLE) IS NOT NULL`);
  const totals = new Map<string, Total>();
  for (const [branch, day, id, received, amount] of reader.getRows() as [string, string, string, string, number][]) {
    if (except.has(`${id} ${received}`)) continue;
    const key = `${branch} ${day}`;
    const total = totals.get(key) ?? { branch, day, total: 0, payments: 0 };
    total.total += amount;
    total.payments++;
    totals.set(key, total);
  }
  connection.closeSync();
  return [...totals.values()].sort(order);
}

const order = (a: Total, b: Total): number => (`${a.day} ${a.branch}` < `${b.day} ${b.branch}` ? -1 : 1);

/** London day that begins at a window's start. */
const dayOf = (start: number): string => new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/London" }).format(start);

function rounded(totals: readonly Total[]): Total[] {
  return totals.map(t => ({ ...t, total: Math.round(t.total * 100) / 100 }));
}

test("final totals are those of SQL over the same file, without exactly the dropped rows", async () => {
  const daily = await open("daily");
  const { run, table } = runOf(daily);
  run.finish();
  const dropped = await open("dropped");
  const late = runOf(dropped);
  late.run.finish();
  const droppedRows = late.table.rows();
  const ours = table.rows().map(row => ({
    branch: row["branch"] as string,
    day: dayOf(row["window_start"] as number),
    total: row["total"] as number,
    payments: row["payments"] as number,
  }));
  const except = new Set(
    droppedRows.map(row => `${row["id"]} ${new Date(row["received_at"] as number).toISOString()}`),
  );
  expect(except.size).toBe(droppedRows.length);
  expect(rounded(ours.sort(order))).toEqual(rounded(await totalsBySql(except)));
});

interface Payment {
  key: string;
  time: number;
  arrival: number;
  branch: string;
}

/** The file's readable payments in order of arrival, by `JSON.parse`. */
async function payments(): Promise<Payment[]> {
  return (await readFile(SAMPLE, "utf8")).split("\n").flatMap(line => {
    try {
      const row = JSON.parse(line) as {
        id: string;
        booked_at: string;
        received_at: string;
        branch: string;
        amount: unknown;
      };
      const time = Date.parse(row.booked_at);
      if (Number.isNaN(time) || typeof row.amount !== "number") return [];
      return [{ key: `${row.id} ${row.received_at}`, time, arrival: Date.parse(row.received_at), branch: row.branch }];
    } catch {
      return [];
    }
  });
}

/**
 * Follows the watermark by the plainest possible simulation. A row is dropped when the watermark met on arrival has passed
 * the end of its London day by the allowed lateness; it misses the on-time value when it has passed the end itself.
 */
async function followByHand(delay: number, lateness: number): Promise<{ dropped: number; notOnTime: Set<string> }> {
  const idle = 120_000;
  const future = 300_000;
  const branches = new Map<string, { max: number; seen: number }>();
  const notOnTime = new Set<string>();
  let watermark = -Infinity;
  let dropped = 0;
  const settle = (now: number): void => {
    const all = [...branches.values()].filter(b => b.max > -Infinity);
    const awake = all.filter(b => now - b.seen < idle);
    const next = awake.length > 0 ? Math.min(...awake.map(b => b.max)) : Math.max(...all.map(b => b.max));
    watermark = Math.max(watermark, next - delay);
  };
  for (const { key, time, arrival, branch } of await payments()) {
    // Partitions turn idle one after the other before this arrival, each at its own moment.
    const deadlines = [...branches.values()]
      .map(b => b.seen + idle)
      .filter(d => d < arrival)
      .sort((a, b) => a - b);
    for (const deadline of deadlines) settle(deadline);
    const end = endOfLondonDay(time);
    if (end + lateness <= watermark) dropped++;
    if (end <= watermark) notOnTime.add(key);
    const known = branches.get(branch) ?? { max: -Infinity, seen: -Infinity };
    known.seen = arrival;
    if (time <= arrival + future) known.max = Math.max(known.max, time);
    branches.set(branch, known);
    if ([...branches.values()].some(b => b.max > -Infinity)) settle(arrival);
  }
  return { dropped, notOnTime };
}

const ENDS = [
  "2026-03-27T00:00Z",
  "2026-03-28T00:00Z",
  "2026-03-29T00:00Z",
  "2026-03-29T23:00Z",
  "2026-03-30T23:00Z",
  "2026-03-31T23:00Z",
  "2026-04-01T23:00Z",
].map(t => Date.parse(t));
const endOfLondonDay = (time: number): number => ENDS.find(end => end > time) as number;

test.each([
  { delay: 30_000, lateness: 7_200_000 },
  { delay: 0, lateness: 0 },
  { delay: 600_000, lateness: 0 },
  { delay: 5_000, lateness: 900_000 },
])(
  "the number of dropped rows is exact with $delay ms of delay and $lateness ms of lateness",
  async ({ delay, lateness }) => {
    const { run, table } = runOf(await open("dropped", { delay, allowed: lateness }));
    run.finish();
    expect(table.length).toBe((await followByHand(delay, lateness)).dropped);
  },
);

test("on-time totals are those of SQL over the rows that arrived before the watermark had passed their day", async () => {
  const daily = await open("daily");
  const stream = daily.stream.panes();
  const schema = schemaOf(stream.node, source => daily.sources.log(source).batch.schema);
  const { run, table } = runOf({ ...daily, stream, schema });
  run.finish();
  // What stood when the watermark passed the end of the day: the last pane that is not late. Where nothing had come since an
  // early pane there is no on-time pane of its own.
  const standing = new Map<string, Total>();
  for (const row of table.rows()) {
    if (row["timing"] === "late") continue;
    const total = {
      branch: row["branch"] as string,
      day: dayOf(row["window_start"] as number),
      total: row["total"] as number,
      payments: row["payments"] as number,
    };
    standing.set(`${total.branch} ${total.day}`, total);
  }
  const onTime = [...standing.values()];
  const { notOnTime } = await followByHand(30_000, 7_200_000);
  expect(notOnTime.size).toBeGreaterThan(0);
  expect(rounded(onTime.sort(order))).toEqual(rounded(await totalsBySql(notOnTime)));
});

test("batches of 1, 7 and all give the same output, row for row", async () => {
  const daily = await open("daily");
  const digests = [1, 7, 8_192].map(positions => {
    const hash = new OutputHash();
    const { run } = runOf(daily, { onChanges: (flow, step) => hash.apply(flow, step) });
    while (run.advance({ positions }));
    return `${hash.rows} ${hash.digest()}`;
  });
  expect(new Set(digests).size).toBe(1);
});
