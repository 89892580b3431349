/** A table's changes in SQLite: after each batch the mirror holds what the table holds, and only what changed was brought. */
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { batchOf } from "../../src/columns/builder.ts";
import type { Schema, Value } from "../../src/columns/column.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { Table, type TableKind } from "../../src/engine/table.ts";
import { bounded } from "../../src/model/watermarks.ts";
import type { SqliteDatabase } from "../../src/session/sql/sqlite.ts";
import { openSqlite } from "../../src/session/sql/sqlite-node.ts";
import { ask, SqlTable } from "../../src/session/sql/tables.ts";
import { rowsOf } from "../../src/session/static-tables.ts";
import { wirePage } from "../../src/session/wire.ts";
import { logSource } from "../engine/logs.ts";
import { runs } from "../properties/arbitrary.ts";
import { code, Harness, sql } from "./harness.ts";

const SCHEMA: Schema = [
  { name: "key", type: "string", nullable: true },
  { name: "rowid", type: "number", nullable: true },
];
const { node } = logSource("log", bounded(0));

let database: SqliteDatabase;
beforeAll(async () => {
  database = await openSqlite();
});

interface Change {
  readonly row: Readonly<Record<string, Value>>;
  readonly weight: number;
}

function flowOf(changes: readonly Change[]): Flow {
  return {
    batch: batchOf(
      SCHEMA,
      changes.map(c => c.row),
    ),
    selection: null,
    count: changes.length,
    at: null,
    time: new Float64Array(changes.length),
    clock: null,
    weight: Int32Array.from(changes, c => c.weight),
    pane: null,
    watermark: new Float64Array(changes.length),
  };
}

/** Brings a table's state into the mirror as a session does, and returns how many rows that took. */
function bring(table: Table, mirror: SqlTable, known: number): { version: number; rows: number } {
  const slots = table.changedSince(known);
  const { version, length } = table;
  const { page } = wirePage(table, 0, slots?.length ?? length, slots);
  if (slots === null) mirror.load(page);
  else mirror.change(slots, page, length);
  return { version, rows: page.length };
}

const text = (rows: readonly unknown[]): string[] => rows.map(r => JSON.stringify(r));
const held = (): string[] => text(rowsOf(ask(database, { text: ["SELECT * FROM t"], values: [] }, new Set())));

const change = fc.record({
  row: fc.record({
    key: fc.constantFrom<Value>("a", "b", "c", null),
    rowid: fc.constantFrom<Value>(0, 1, 2.5, null),
  }),
  weight: fc.constantFrom(1, 1, 1, -1, 2, -2),
});
const acts = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.array(change, { maxLength: 12 }) },
    { weight: 1, arbitrary: fc.constantFrom("keep" as const, "back" as const, "reset" as const) },
  ),
  { maxLength: 20 },
);

test.for<TableKind>([{ kind: "z-set" }, { kind: "upsert", columns: [0] }])(
  "a mirror of changes holds what the table holds: $kind",
  kind => {
    fc.assert(
      fc.property(acts, given => {
        const table = new Table(node, SCHEMA, kind);
        const mirror = new SqlTable(database, "t");
        let { version } = bring(table, mirror, -1);
        let kept = table.snapshot();
        for (const act of given) {
          if (act === "keep") kept = table.snapshot();
          else if (act === "back") table.restore(kept);
          else if (act === "reset") table.reset();
          else table.apply(flowOf(act));
          if (act === "reset") kept = table.snapshot();
          ({ version } = bring(table, mirror, version));
          expect(held()).toEqual(text(table.rows()));
        }
        mirror.drop();
      }),
      runs(100),
    );
  },
);

test("one row more costs one row, however many there are", () => {
  const table = new Table(node, SCHEMA, { kind: "upsert", columns: [0] });
  const mirror = new SqlTable(database, "t");
  const rows = Array.from({ length: 5_000 }, (_, i) => ({ row: { key: `k${i}`, rowid: i }, weight: 1 }));
  table.apply(flowOf(rows));
  let { version, rows: brought } = bring(table, mirror, -1);
  expect(brought).toBe(5_000);
  for (const changes of [
    [{ row: { key: "k4000", rowid: -1 }, weight: 1 }],
    [{ row: { key: "new", rowid: 7 }, weight: 1 }],
    [{ row: { key: "k17", rowid: 17 }, weight: -1 }],
  ]) {
    table.apply(flowOf(changes));
    ({ version, rows: brought } = bring(table, mirror, version));
    expect(brought).toBe(1);
    expect(held()).toEqual(text(table.rows()));
  }
  // Another reader's version, or none: all rows.
  expect(bring(table, mirror, version - 1).rows).toBe(table.length);
  mirror.drop();
});

test("a session brings the changes of panes, and all rows where it has lost them", async () => {
  const harness = new Harness();
  const payments = code(
    1,
    `const payments = source("bank-payments.jsonl", {eventTime: "booked_at", arrivalTime: "received_at", watermark: bounded("30 s")});`,
  );
  const each = code(
    2,
    `const each = payments.groupby("account").rollup({total: d => op.sum(d.amount), n: op.count()});`,
  );
  const updates: { whole: boolean; rows: number; total: number }[] = [];
  const receive = harness.session.fromEngine.bind(harness.session);
  harness.session.fromEngine = message => {
    if (message.type === "views")
      for (const update of message.updates)
        if (update.kind === "table" && update.view === "sql:each")
          updates.push({ whole: update.state?.slots == null, rows: update.page.length, total: update.total });
    receive(message);
  };
  harness.show([payments, each, sql(3, "SELECT count(*) AS keys, sum(n) AS n FROM each", "all")]);
  await harness.pass(400);
  const value = async (): Promise<unknown> => {
    const found = harness.session.value("all");
    await harness.pass(20);
    return ((await found) as unknown[])[0];
  };
  for (const part of [0.4, 0.41, 0.42]) {
    const at = Date.parse("2026-03-28T00:00:00Z") + part * 86_400_000;
    harness.session.receive({ type: "transport", action: { kind: "seek", to: at } });
    for (let i = 0; i < 40; i++) await harness.pass(50, 0.05);
    expect(await value()).toMatchObject({ n: harness.transport?.rows });
  }
  // Back again: nothing of what was there before may be left.
  harness.session.receive({ type: "transport", action: { kind: "seek", to: Date.parse("2026-03-28T05:00:00Z") } });
  for (let i = 0; i < 40; i++) await harness.pass(50, 0.05);
  expect(await value()).toMatchObject({ n: harness.transport?.rows });
  const changes = updates.filter(u => !u.whole && u.rows > 0);
  expect(changes.length).toBeGreaterThan(0);
  for (const { rows, total } of changes) expect(rows).toBeLessThanOrEqual(total / 2);
});

test("rows of a log that is shown in another order are brought once each", async () => {
  const harness = new Harness();
  harness.show([
    code(
      1,
      `const payments = source("bank-payments.jsonl", {eventTime: "booked_at", arrivalTime: "received_at", watermark: bounded("30 s")});`,
    ),
    code(2, `const sorted = payments.orderby(desc("amount"));`),
    sql(3, "SELECT (SELECT sum(amount) FROM payments) - (SELECT sum(amount) FROM sorted) AS gap", "gap"),
  ]);
  await harness.pass(400);
  for (const hour of [9, 12, 15]) {
    harness.session.receive({ type: "transport", action: { kind: "seek", to: Date.UTC(2026, 2, 28, hour) } });
    for (let i = 0; i < 40; i++) await harness.pass(50, 0.05);
    const found = harness.session.value("gap");
    await harness.pass(20);
    expect(((await found) as { gap: number }[])[0].gap).toBeCloseTo(0, 3);
  }
});
