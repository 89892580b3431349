/** SQL cells over live tables: what they answer while a log replays, when they are asked again, and what their errors say. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { readNotebook } from "../../src/notebook/read.ts";
import { openResult, runOfAll } from "../../src/session/headless.ts";
import { openSqlite } from "../../src/session/sql/sqlite-node.ts";
import { rowsOf } from "../../src/session/static-tables.ts";
import { code, Harness, sql } from "./harness.ts";

const FILE = "bank-payments.jsonl";
const payments = code(
  1,
  `const payments = source("${FILE}", {eventTime: "booked_at", arrivalTime: "received_at", watermark: bounded("30 s")});`,
);
const daily = code(
  2,
  `const daily = payments.groupby("branch").window(calendar("day", {timeZone: "UTC"})).allowedLateness("unbounded").rollup({total: d => op.sum(d.amount), n: op.count()});`,
);

interface Payment {
  readonly branch: string;
  readonly amount: number;
  readonly booked_at: string;
}

const LOG = readFileSync(resolve(import.meta.dirname, "../../samples", FILE), "utf8")
  .split("\n")
  .flatMap((line): Payment[] => {
    try {
      return [JSON.parse(line) as Payment];
    } catch {
      return [];
    }
  })
  .filter(p => typeof p.amount === "number" && !Number.isNaN(Date.parse(p.booked_at)));

async function finished(harness: Harness): Promise<void> {
  harness.session.receive({ type: "transport", action: { kind: "end" } });
  for (let i = 0; i < 200 && harness.transport?.finished !== true; i++) await harness.pass(50, 0.05);
  await harness.pass(400);
}

const column = (harness: Harness, view: string, name: string): unknown[] =>
  Array.from(harness.table(view).page.columns.find(c => c.name === name)?.values ?? []);

/** A cell's rows; time has to pass for the session to settle. */
async function value(harness: Harness, name: string): Promise<Record<string, unknown>[]> {
  const found = harness.session.value(name);
  await harness.pass(20);
  return (await found) as Record<string, unknown>[];
}

test("a query over a log and one over panes agree with the file", async () => {
  const harness = new Harness();
  const perBranch = sql(
    3,
    "SELECT branch, count(*) AS n, round(sum(amount), 2) AS total\nFROM payments GROUP BY 1 ORDER BY 1",
    "perBranch",
  );
  const perDay = sql(4, "SELECT branch, sum(n) AS n FROM daily GROUP BY branch ORDER BY branch", "perDay");
  harness.show([payments, daily, perBranch, perDay]);
  await harness.pass(400);
  expect(harness.cells.get(3)?.outputs).toEqual([{ kind: "table", view: "3#0", name: "perBranch" }]);
  harness.watch("3#0");
  await finished(harness);
  const branches = [...new Set(LOG.map(p => p.branch))].sort();
  const counts = branches.map(branch => LOG.filter(p => p.branch === branch).length);
  expect(column(harness, "3#0", "branch")).toEqual(branches);
  expect(column(harness, "3#0", "n")).toEqual(counts);
  expect(harness.table("3#0").figures).toMatchObject({ complete: true, rows: branches.length });
  expect((await value(harness, "perDay")).map(r => r["n"])).toEqual(counts);
  const totals = branches.map(
    b => Math.round(LOG.filter(p => p.branch === b).reduce((s, p) => s + p.amount, 0) * 100) / 100,
  );
  (await value(harness, "perBranch")).forEach((row, i) => expect(row["total"]).toBeCloseTo(totals[i], 1));
});

test("answers follow the replay, forwards and backwards, and are fewer than the rows", async () => {
  const harness = new Harness();
  harness.show([payments, sql(3, "SELECT count(*) AS n, max(received_at) AS received_at FROM payments", "seen")]);
  await harness.pass(400);
  harness.watch("3#0");
  const at = Date.parse("2026-03-28T12:00:00Z");
  for (const to of [at + 7_200_000, at]) {
    harness.session.receive({ type: "transport", action: { kind: "seek", to } });
    for (let i = 0; i < 40; i++) await harness.pass(50, 0.05);
    const [row] = await value(harness, "seen");
    expect(row["n"]).toBe(harness.transport?.rows);
    expect(row["received_at"]).toBeLessThanOrEqual(to);
  }
  harness.messages = [];
  await finished(harness);
  expect((await value(harness, "seen"))[0]["n"]).toBe(LOG.length);
  const answers = harness.messages.flatMap(m => (m.type === "views" ? m.updates.filter(u => u.view === "3#0") : []));
  expect(answers.length).toBeGreaterThan(0);
  expect(answers.length).toBeLessThan(LOG.length / 20);
  // A column that keeps the name of a column of times is shown as times.
  expect(harness.table("3#0").page.columns.map(c => c.type)).toEqual(["number", "timestamp"]);
});

test("values of other cells are parameters, and rows of other cells are tables", async () => {
  const harness = new Harness();
  harness.show([
    payments,
    code(5, `const least = view(slider([0, 1000], {value: 100}))`),
    sql(
      3,
      "SELECT branch, count(*) AS n FROM payments WHERE amount >= ${least} GROUP BY branch ORDER BY n DESC",
      "large",
    ),
    sql(4, "SELECT sum(n) AS n FROM large", "all"),
    code(6, `const known = [{branch: "Leeds", boss: "Ann"}]`),
    sql(7, "SELECT boss, l.n / 2 AS half FROM large AS l JOIN known USING (branch)", "bosses"),
    code(8, `all[0]?.n ?? 0`),
  ]);
  await harness.pass(400);
  await finished(harness);
  const over = (least: number) => LOG.filter(p => p.amount >= least);
  expect((await value(harness, "all"))[0]["n"]).toBe(over(100).length);
  expect(await value(harness, "bosses")).toEqual([
    { boss: "Ann", half: Math.trunc(over(100).filter(p => p.branch === "Leeds").length / 2) },
  ]);
  harness.session.receive({ type: "input", cell: 5, index: 0, value: 500 });
  await harness.pass(400);
  expect((await value(harness, "all"))[0]["n"]).toBe(over(500).length);
  expect(harness.cells.get(8)?.outputs).toMatchObject([{ kind: "value", value: { text: String(over(500).length) } }]);
});

test("errors stand at the cell, in SQLite's words, and say which tables there are", async () => {
  const harness = new Harness();
  harness.show([
    payments,
    daily,
    sql(3, "SELECT * FROM paiments"),
    sql(4, "SELECT amuont FROM payments"),
    sql(5, "SELECT * FORM payments"),
    sql(6, "SELECT * FROM ${payments}"),
  ]);
  await harness.pass(600);
  const message = (id: number) => harness.cells.get(id)?.error?.message;
  expect(message(3)).toBe("no such table: paiments. There are: payments, daily.");
  expect(message(4)).toContain("no such column: amuont");
  expect(message(5)).toContain("syntax error");
  expect(message(6)).toContain("Write the name of a table as it is");
  harness.show([payments, daily, sql(3, "SELECT count(*) AS n FROM payments", "fine")]);
  await harness.pass(400);
  expect(await value(harness, "fine")).toEqual([{ n: 0 }]);
});

test("what a query changes is undone, and the next answer is right", async () => {
  const harness = new Harness();
  harness.show([
    payments,
    sql(
      3,
      "CREATE TEMP TABLE t AS SELECT amount FROM payments; DELETE FROM payments; SELECT count(*) AS n FROM t",
      "first",
    ),
    sql(4, "SELECT count(*) AS n FROM payments", "second"),
  ]);
  await harness.pass(400);
  await finished(harness);
  expect(await value(harness, "first")).toEqual([{ n: LOG.length }]);
  expect(await value(harness, "second")).toEqual([{ n: LOG.length }]);
});

test("a query that is gone is no longer worked for", async () => {
  const harness = new Harness();
  harness.show([payments, daily, sql(3, "SELECT * FROM daily"), code(4, "latest(daily)")]);
  await harness.pass(400);
  harness.show([payments, code(5, "1 + 1")]);
  await harness.pass(400);
  const graphs = harness.messages.flatMap(m => (m.type === "graph" ? [m.nodes] : []));
  expect(graphs.at(-1)?.map(n => n.verb)).toEqual(["source"]);
});

test("without a replay on screen the answer is the one at its end", async () => {
  const folder = resolve(import.meta.dirname, "../..");
  const text = readFileSync(resolve(folder, "notebooks/nexmark.html"), "utf8");
  const found = await openResult(text, "sellers", {
    file: "nexmark.html",
    read: async name => readFileSync(resolve(folder, "samples", name)),
    now: () => 0,
    defer: work => void setImmediate(work),
  });
  if (!("query" in found)) throw new Error("sellers is no query");
  const streams = [...found.streams.values()];
  expect(streams.map(s => s.name)).toEqual(["auction", "person", "bid"]);
  const { run, tables } = runOfAll(streams);
  while (run.advance());
  const answer = await found.query.answer(new Map(streams.map(({ name }, i) => [name, tables[i]])), openSqlite);
  const harness = new Harness();
  harness.show(readNotebook(text).cells);
  await harness.pass(400);
  await finished(harness);
  const rows = await value(harness, "sellers");
  expect(rows).toHaveLength(10);
  expect(rowsOf(answer)).toEqual(rows);
});
