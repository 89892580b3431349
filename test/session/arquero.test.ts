/** Arquero in cells: loaded with the first cell that uses it, over rows of streams and of queries, shown as tables. */
import { expect, test } from "vitest";
import { code, Harness, sql } from "./harness.ts";

const bid = code(
  1,
  `const bid = source("nexmark-bid.jsonl", {eventTime: "dateTime", arrivalTime: "received_at", watermark: bounded("4 s")});`,
);

const column = (harness: Harness, view: string, name: string): unknown[] =>
  Array.from(harness.table(view).page.columns.find(c => c.name === name)?.values ?? []);

test("rows of a stream and of a query are grouped, ordered and shown", async () => {
  const harness = new Harness();
  harness.show([
    bid,
    code(
      2,
      `const sums = bid.derive({part: d => d.auction % 7}).groupby("part").rollup({spent: d => op.sum(d.price), n: op.count()});`,
    ),
    code(3, `const rows = latest(sums);`),
    code(
      4,
      `const ranked = rows.length === 0 ? null : aq.from(rows).orderby(aq.desc("n")).derive({mean: d => d.spent / d.n});`,
    ),
    sql(5, "SELECT channel, count(*) AS n FROM bid GROUP BY channel", "counted"),
    code(6, `const total = counted.length === 0 ? 0 : toArquero(counted).rollup({n: d => aq.op.sum(d.n)}).get("n", 0)`),
    code(
      7,
      `display(aq.table({a: [3, 1, 2], b: [true, null, false], c: [new Date(0), null, null]}).filter(d => d.a > 1).orderby("a"))`,
    ),
  ]);
  await harness.pass(400);
  expect([...harness.cells.values()].filter(c => c.error !== null)).toEqual([]);
  harness.watch("4.ranked", "7#0");
  harness.session.receive({ type: "transport", action: { kind: "end" } });
  await harness.pass(1_000);
  expect([...harness.cells.values()].filter(c => c.error !== null)).toEqual([]);
  expect(harness.cells.get(4)?.outputs).toEqual([{ kind: "table", view: "4.ranked", name: "ranked" }]);
  const n = column(harness, "4.ranked", "n") as number[];
  expect(n.length).toBeGreaterThan(2);
  expect(n).toEqual(n.toSorted((a, b) => b - a));
  expect(n.reduce((sum, each) => sum + each, 0)).toBe(1840);
  expect(column(harness, "4.ranked", "mean")).toEqual(
    column(harness, "4.ranked", "spent").map((s, i) => (s as number) / n[i]),
  );
  expect(harness.cells.get(6)?.outputs).toMatchObject([{ value: { text: "1840" } }]);
  // Filters and orders of an Arquero table are heeded; its columns have the types of their values.
  const { page } = harness.table("7#0");
  expect(page.columns.map(c => c.type)).toEqual(["number", "boolean", "timestamp"]);
  expect(page.columns.map(c => Array.from(c.values as ArrayLike<unknown>))).toEqual([
    [2, 3],
    [false, true],
    [NaN, 0],
  ]);
});

test("a table that a cell computed is cut into pages and sorted as any other", async () => {
  const harness = new Harness();
  harness.show([code(1, `aq.table({x: [3, null, 1, 2], y: ["c", "n", "a", "b"]})`)]);
  await harness.pass(300);
  const watch = (from: number, count: number, sort: { column: string; descending: boolean } | null) =>
    harness.session.receive({ type: "watch", views: [{ view: "1#0", from, count, sort }] });
  watch(1, 2, null);
  expect([harness.table("1#0").total, column(harness, "1#0", "y")]).toEqual([4, ["n", "a"]]);
  watch(0, 4, { column: "x", descending: true });
  expect(column(harness, "1#0", "y")).toEqual(["c", "b", "a", "n"]);
  harness.session.receive({ type: "explain", request: 9, view: "1#0", row: 1 });
  expect(harness.messages.at(-1)).toMatchObject({ type: "explained", request: 9, facts: { x: 2, y: "b" } });
});

test("a name that is loaded late gives way to a cell's own", async () => {
  const harness = new Harness();
  harness.show([code(1, `const aq = 7;`), code(2, `aq + 1`)]);
  await harness.pass(300);
  expect(harness.cells.get(2)?.outputs).toMatchObject([{ value: { text: "8" } }]);
});
