/** Printed expressions, run by the targets themselves, give what the interpreter gives. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rowsOf } from "../../src/columns/batch.ts";
import type { Value } from "../../src/columns/column.ts";
import { evaluator } from "../../src/expressions/interpret.ts";
import type { Printed } from "../../src/expressions/printers/fragment.ts";
import { printJava, printJavaCondition } from "../../src/expressions/printers/java.ts";
import { printPython, printPythonCondition, pythonLiteral } from "../../src/expressions/printers/python.ts";
import { printSql, printSqlCondition, SQL_DIALECTS, sqlLiteral } from "../../src/expressions/printers/sql.ts";
import type { Expr, RowExpression } from "../../src/expressions/tree.ts";
import { printTypeScript } from "../../src/expressions/printers/typescript.ts";
import { typeOf } from "../../src/expressions/types.ts";
import { truthy } from "../../src/expressions/values.ts";
import { conditions, numbers, texts, TYPED_BATCH, TYPED_SCHEMA } from "./typed.ts";

const SEED = Number(process.env["TIDEMARK_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const SCHEMAS = [TYPED_SCHEMA];
const ROWS = rowsOf(TYPED_BATCH);
const row = (expr: Expr): RowExpression => ({ expr, parameters: {}, source: "random" });

function sample(count: number): RowExpression[] {
  return fc.sample(fc.oneof(numbers, texts, conditions), { numRuns: count, seed: SEED }).map(row);
}

function expectedValues(expression: RowExpression): Value[] {
  const evaluate = evaluator(expression, SCHEMAS);
  return ROWS.map((_, i) => evaluate({ batches: [TYPED_BATCH], rows: [i] }));
}

/** Numbers may differ in the last digits and in the sign of zero. */
function sameValue(actual: unknown, expected: Value): boolean {
  if (typeof expected === "number")
    return typeof actual === "number" && Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
  return actual === expected;
}

function check(
  target: string,
  expression: RowExpression,
  printed: Printed,
  actual: readonly unknown[],
  expected: readonly Value[],
): void {
  expected.forEach((value, i) => {
    if (!sameValue(actual[i], value))
      expect.fail(
        `seed ${SEED}: ${target} gives ${String(actual[i])}, the interpreter ${String(value)}, for row ${JSON.stringify(ROWS[i])}\n${printTypeScript(expression)}\n${printed.text}`,
      );
  });
}

/** Prints what the target can say, and checks that this is nearly everything. */
function printable(
  expressions: readonly RowExpression[],
  print: (e: RowExpression) => Printed,
): { expression: RowExpression; printed: Printed }[] {
  const all = expressions.map(expression => ({ expression, printed: print(expression) }));
  const said = all.filter(({ printed }) => printed.obstacles.length === 0);
  expect(said.length, JSON.stringify(all.find(a => a.printed.obstacles.length > 0)?.printed)).toBeGreaterThan(
    expressions.length * 0.9,
  );
  return said;
}

test("DuckDB gives the interpreter's values and selects its rows", async () => {
  const dialect = SQL_DIALECTS.duckdb;
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const types = { number: "DOUBLE", timestamp: "DOUBLE", boolean: "BOOLEAN", string: "VARCHAR", json: "JSON" };
  await connection.run(
    `CREATE TABLE t (i INTEGER, ${TYPED_SCHEMA.map(f => `"${f.name}" ${types[f.type]}`).join(", ")})`,
  );
  const values = ROWS.map(
    (r, i) => `(${[i, ...TYPED_SCHEMA.map(f => sqlLiteral(r[f.name] as string, dialect))].join(", ")})`,
  );
  await connection.run(`INSERT INTO t VALUES ${values.join(", ")}`);
  const run = async (sql: string): Promise<unknown[][]> => {
    try {
      return (await (await connection.runAndReadAll(sql)).getRowsJS()) as unknown[][];
    } catch (error) {
      throw new Error(`seed ${SEED}: ${(error as Error).message}\n${sql}`);
    }
  };
  for (const { expression, printed } of printable(sample(400), e => printSql(e, dialect, { schemas: SCHEMAS }))) {
    const made = await run(`SELECT ${printed.text} FROM t ORDER BY i`);
    const actual = made.map(([v]) => (typeof v === "bigint" ? Number(v) : v));
    check("DuckDB", expression, printed, actual, expectedValues(expression));
  }
  for (const { expression, printed } of printable(fc.sample(conditions, { numRuns: 300, seed: SEED }).map(row), e =>
    printSqlCondition(e, dialect, { schemas: SCHEMAS }),
  )) {
    const selected = (await run(`SELECT i FROM t WHERE ${printed.text} ORDER BY i`)).map(([i]) => i);
    const expected = expectedValues(expression).flatMap((v, i) => (truthy(v) ? [i] : []));
    expect(selected, `seed ${SEED}: ${printTypeScript(expression)}\n${printed.text}`).toStrictEqual(expected);
  }
});

test("Python gives the interpreter's values", context => {
  if (spawnSync("python3", ["--version"]).status !== 0) return context.skip("python3 is not installed");
  const printed = printable(sample(600), e => printPython(e, { schemas: SCHEMAS }));
  const helpers = [...new Set(printed.flatMap(p => p.printed.helpers))];
  const booleans = printable(fc.sample(conditions, { numRuns: 300, seed: SEED }).map(row), e =>
    printPythonCondition(e, { schemas: SCHEMAS }),
  );
  helpers.push(...new Set(booleans.flatMap(p => p.printed.helpers)));
  const lines = [
    "import json, sys",
    ...helpers,
    `rows = ${pythonLiteral(ROWS)}`,
    "out = []",
    ...printed.map(p => `out.append([(lambda row: ${p.printed.text})(row) for row in rows])`),
    ...booleans.map(p => `out.append([bool((lambda row: ${p.printed.text})(row)) for row in rows])`),
    "json.dump(out, sys.stdout)",
  ];
  const made = JSON.parse(execFileSync("python3", ["-"], { input: lines.join("\n"), encoding: "utf8" })) as unknown[][];
  printed.forEach((p, i) => check("Python", p.expression, p.printed, made[i], expectedValues(p.expression)));
  booleans.forEach((p, i) =>
    check("Python", p.expression, p.printed, made[printed.length + i], expectedValues(p.expression).map(truthy)),
  );
});

test("Java gives the interpreter's values", context => {
  if (spawnSync("javac", ["-version"]).status !== 0) return context.skip("a Java compiler is not installed");
  const values = printable(sample(80), e => printJava(e, { schemas: SCHEMAS }));
  const booleans = printable(fc.sample(conditions, { numRuns: 40, seed: SEED }).map(row), e =>
    printJavaCondition(e, { schemas: SCHEMAS }),
  );
  const all = [...values, ...booleans];
  const helpers = [...new Set(all.flatMap(p => p.printed.helpers))];
  const boxes = { number: "Double", timestamp: "Double", boolean: "Boolean", string: "String", json: "Object" };
  const literals = ROWS.map(
    r =>
      `new Row(${TYPED_SCHEMA.map(f => printJava(row({ kind: "literal", value: r[f.name] as string }), { schemas: SCHEMAS }).text).join(", ")})`,
  );
  const methods = all.map(({ expression, printed }, i) => {
    const type = i < values.length ? boxes[typeOf(expression, SCHEMAS).type] : "Boolean";
    return `static ${type} m${i}(Row row) { return ${printed.text}; }`;
  });
  const source = [
    ...helpers.filter(h => h.startsWith("import")),
    "public class Printed {",
    `static class Row { ${TYPED_SCHEMA.map(f => `final ${boxes[f.type]} ${f.name};`).join(" ")} Row(${TYPED_SCHEMA.map(f => `${boxes[f.type]} ${f.name}`).join(", ")}) { ${TYPED_SCHEMA.map(f => `this.${f.name} = ${f.name};`).join(" ")} } }`,
    ...helpers.filter(h => !h.startsWith("import")),
    ...methods,
    `static void show(Object o) { if (o instanceof String) { StringBuilder b = new StringBuilder("\\""); for (char c : ((String) o).toCharArray()) b.append(String.format("\\\\u%04x", (int) c)); System.out.println(b.append('"')); } else System.out.println(o); }`,
    `public static void main(String[] x) { for (Row row : new Row[] { ${literals.join(", ")} }) { ${all.map((_, i) => `show(m${i}(row));`).join(" ")} } }`,
    "}",
  ].join("\n");
  const folder = mkdtempSync(join(tmpdir(), "tidemark-java-"));
  try {
    writeFileSync(join(folder, "Printed.java"), source);
    const compiled = spawnSync("javac", ["-nowarn", "Printed.java"], { cwd: folder, encoding: "utf8" });
    expect(compiled.status, `seed ${SEED}\n${compiled.stderr.slice(0, 2_000)}`).toBe(0);
    const made = execFileSync("java", ["-Xshare:auto", "-cp", folder, "Printed"], { encoding: "utf8", maxBuffer: 1e8 })
      .trim()
      .split("\n")
      .map(line => JSON.parse(line) as unknown);
    all.forEach((p, i) => {
      const expected = expectedValues(p.expression);
      check(
        "Java",
        p.expression,
        p.printed,
        ROWS.map((_, r) => made[r * all.length + i]),
        i < values.length ? expected : expected.map(truthy),
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
