/** How printed expressions read. What they mean is checked by running them, in `printers.property.test.ts`. */
import { expect, test } from "vitest";
import type { Schema } from "../../src/columns/column.ts";
import { parseExpression } from "../../src/expressions/parse.ts";
import { printJavaCondition } from "../../src/expressions/printers/java.ts";
import { printPython, printPythonCondition } from "../../src/expressions/printers/python.ts";
import { printSql, printSqlCondition, SQL_DIALECTS, type SqlDialectName } from "../../src/expressions/printers/sql.ts";
import { printTypeScript } from "../../src/expressions/printers/typescript.ts";

const schemas: Schema[] = [
  [
    { name: "amount", type: "number", nullable: true },
    { name: "fee", type: "number", nullable: false },
    { name: "kind", type: "string", nullable: false },
    { name: "at", type: "timestamp", nullable: false },
    { name: 'odd `"name', type: "string", nullable: true },
    { name: "extra", type: "json", nullable: true },
  ],
];
const parameters = { threshold: 500, word: "it's" };
const read = (text: string) => parseExpression({ toString: () => text }, { parameters });

test("conditions read as a person would write them", () => {
  const expression = read("d => d.amount * 2 - d.fee > threshold && d.kind === word");
  expect(printPythonCondition(expression, { schemas }).text).toBe(
    'row["amount"] is not None and row["amount"] * 2 - row["fee"] > 500 and row["kind"] == "it\'s"',
  );
  expect(printJavaCondition(expression, { schemas }).text).toBe(
    'row.amount != null && row.amount * 2.0 - row.fee > 500.0 && Objects.equals(row.kind, "it\'s")',
  );
  expect(printSqlCondition(expression, SQL_DIALECTS.flink, { schemas }).text).toBe(
    "`amount` * 2 - `fee` > 500 AND `kind` = 'it''s'",
  );
});

test("in SQL, unknown becomes false where the difference shows", () => {
  const sql = (text: string): string => printSqlCondition(read(text), SQL_DIALECTS.postgres, { schemas }).text;
  expect(sql("d => !(d.amount > 1)")).toBe('NOT COALESCE("amount" > 1, FALSE)');
  expect(sql("d => d.amount !== 1")).toBe('NOT ("amount" IS NOT DISTINCT FROM 1)');
  expect(sql("d => d.amount === null || d.fee > 1")).toBe('"amount" IS NULL OR "fee" > 1');
});

test.each<[SqlDialectName, string]>([
  ["duckdb", `"odd \`""name" || 'back\\slash it''s'`],
  ["spark", "`odd ``\"name` || 'back\\\\slash it\\'s'"],
])("%s quotes names and text so that nothing can end them", (dialect, expected) => {
  expect(
    printSql(read("d => d['odd `\"name'] + 'back\\\\slash it\\'s'"), SQL_DIALECTS[dialect], { schemas }).text,
  ).toBe(expected);
});

test("columns and parameters are written as the exporter says", () => {
  const options = {
    schemas,
    column: (name: string) => `element.${name}`,
    parameter: (name: string) => name.toUpperCase(),
  };
  expect(printPython(read("d => d.fee > threshold"), options).text).toBe("element.fee > THRESHOLD");
  expect(printTypeScript(read("d => d.fee > threshold"), { rows: ["row"], parameter: () => "500" })).toBe(
    "row => row.fee > 500",
  );
});

test("every obstacle is collected, with the construct and the reason", () => {
  const { text, obstacles } = printSql(
    read("d => (d.fee & 1) + (d.extra?.a > 1 ? op.keys(d.extra) : 1)"),
    SQL_DIALECTS.duckdb,
    { schemas },
  );
  expect(obstacles.map(o => o.construct)).toStrictEqual(["&", ">", "op.keys", "?:"]);
  expect(text).toContain("⟨&⟩");
  const opaque = read("d => { let n = 0; for (const t of d.extra) n++; return n; }");
  expect(printPython(opaque, { schemas }).obstacles).toMatchObject([
    { reason: expect.stringContaining("for of statement") as string },
  ]);
  expect(printTypeScript(opaque)).toBe(opaque.source);
});

test("helpers are printed along, each once and what it needs before it", () => {
  const { text, helpers } = printPython(read("d => d.fee / d.amount + d.fee / d.fee"), { schemas });
  expect(text).toContain('divide(row["fee"], row["amount"])');
  expect(helpers.map(h => h.split("\n")[0])).toStrictEqual(["import math", "def divide(a, b):"]);
});
