import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { rowsOf } from "../../src/columns/batch.ts";
import { batchOf } from "../../src/columns/builder.ts";
import { type Column, type Schema, valueAt } from "../../src/columns/column.ts";
import {
  compileColumn,
  compileFunction,
  compilePairPredicate,
  compilePredicate,
} from "../../src/expressions/compile.ts";
import { parseExpression } from "../../src/expressions/parse.ts";
import type { RowExpression } from "../../src/expressions/tree.ts";

const SCHEMA: Schema = [
  { name: "amount", type: "number", nullable: true },
  { name: "kind", type: "string", nullable: true },
  { name: "at", type: "timestamp", nullable: false },
  { name: "extra", type: "json", nullable: true },
];
const BATCH = batchOf(SCHEMA, [
  { amount: 10, kind: "x", at: 0, extra: { tags: ["a", "b"] } },
  { amount: null, kind: "y", at: 1, extra: null },
  { amount: 30, kind: null, at: 2, extra: { tags: [] } },
  { amount: 40, kind: "x", at: 3, extra: 7 },
]);
const values = (column: Column): unknown[] => Array.from({ length: BATCH.length }, (_, i) => valueAt(column, i));
const select = (expression: RowExpression | string): number[] => {
  const out = new Int32Array(BATCH.length);
  return [...out.subarray(0, compilePredicate(parseExpression(expression), [SCHEMA])(BATCH, out))];
};

test("a changed parameter takes effect without compiling again, and so does a changed type", () => {
  const parameters: Record<string, number | string | null> = { limit: 20, word: "x" };
  const limit = { ...parseExpression("d => d.amount > limit", { parameters }), parameters };
  const predicate = compilePredicate(limit, [SCHEMA]);
  const out = new Int32Array(4);
  const run = (): number[] => [...out.subarray(0, predicate(BATCH, out))];
  expect(run()).toStrictEqual([2, 3]);
  parameters["limit"] = 35;
  expect(run()).toStrictEqual([3]);
  parameters["limit"] = null;
  expect(run()).toStrictEqual([]);
  parameters["limit"] = "5";
  expect(run()).toStrictEqual([0, 2, 3]);
});

test("comparisons joined by && and || say what the functions say, nulls, NaN and texts included", () => {
  const schema: Schema = [
    { name: "a", type: "number", nullable: true },
    { name: "b", type: "number", nullable: false },
    { name: "kind", type: "string", nullable: true },
  ];
  const numbers = [null, NaN, -1, 0, 2, 5];
  const rows = numbers.flatMap(a =>
    numbers.slice(1).flatMap(b => ["x", "y", null].map(kind => ({ a, b: b as number, kind }))),
  );
  const batch = batchOf(schema, rows);
  const out = new Int32Array(rows.length);
  const comparisons = [
    "d.b < 2",
    "d.b >= d.b * 0 + 1",
    "d.b !== 2",
    "d.a > 0",
    "!(d.a <= 2)",
    'd.kind === "x"',
    "d.kind != null",
  ];
  for (const one of comparisons)
    for (const other of comparisons)
      for (const condition of [`${one} && ${other}`, `${one} || ${other}`, `!(${one} || ${other}) && d.b > -1`]) {
        const expression = parseExpression(`d => ${condition}`);
        const found = [true, false].map(codegen => [
          ...out.subarray(0, compilePredicate(expression, [schema], { codegen })(batch, out)),
        ]);
        expect(found[0], condition).toStrictEqual(found[1]);
      }
});

test("a table of distinct texts follows its parameter and its growing dictionary", () => {
  const parameters: Record<string, string> = { prefix: "x" };
  const expression = { ...parseExpression("d => d.kind.startsWith(prefix)", { parameters }), parameters };
  const predicate = compilePredicate(expression, [SCHEMA]);
  const out = new Int32Array(4);
  expect(predicate(BATCH, out)).toBe(2);
  parameters["prefix"] = "y";
  expect([...out.subarray(0, predicate(BATCH, out))]).toStrictEqual([1]);
  const kinds = BATCH.columns[1] as Extract<Column, { type: "string" }>;
  kinds.dictionary.code("yes");
  const codes = Int32Array.from([kinds.dictionary.find("yes"), -1, 0, 1]);
  const next = { ...BATCH, columns: BATCH.columns.with(1, { ...kinds, codes }) };
  expect([...out.subarray(0, predicate(next, out))]).toStrictEqual([0, 3]);
});

test("text equality knows a text that no row ever had from null", () => {
  expect(select("d => d.kind === 'never'")).toStrictEqual([]);
  expect(select("d => d.kind !== 'never'")).toStrictEqual([0, 1, 2, 3]);
  expect(select("d => d.kind === null")).toStrictEqual([2]);
  expect(select("d => d.kind == undefined")).toStrictEqual([2]);
});

test("null is false in comparisons and null in arithmetic", () => {
  expect(select("d => d.amount < 1e9")).toStrictEqual([0, 2, 3]);
  expect(select("d => !(d.amount < 1e9)")).toStrictEqual([1]);
  expect(values(compileColumn(parseExpression("d => d.amount * 2"), [SCHEMA])(BATCH))).toStrictEqual([
    20,
    null,
    60,
    80,
  ]);
  expect(values(compileColumn(parseExpression("d => `<${d.kind}>`"), [SCHEMA])(BATCH))).toStrictEqual([
    "<x>",
    "<y>",
    null,
    "<x>",
  ]);
});

test("a predicate looks at the given rows only", () => {
  const out = new Int32Array(4);
  const predicate = compilePredicate(parseExpression("d => d.kind === 'x'"), [SCHEMA]);
  expect([...out.subarray(0, predicate(BATCH, out, 1, 4))]).toStrictEqual([3]);
});

test("a plain column is handed on without a copy, and its type is known", () => {
  const kernel = compileColumn(parseExpression("at"), [SCHEMA]);
  expect(kernel(BATCH)).toBe(BATCH.columns[2]);
  expect(kernel.type).toMatchObject({ type: "timestamp", nullable: false });
  expect(compileColumn(parseExpression("d => d.at - 1000"), [SCHEMA]).type).toMatchObject({ type: "timestamp" });
});

test("pairs of rows of two batches", () => {
  const pairs = { left: Int32Array.from([0, 0, 3]), right: Int32Array.from([1, 3, 0]), count: 3 };
  const out = new Int32Array(3);
  const same = compilePairPredicate(parseExpression("(l, r) => l.kind === r.kind"), [SCHEMA, SCHEMA]);
  expect([...out.subarray(0, same(BATCH, BATCH, pairs, out))]).toStrictEqual([1, 2]);
  const later = compileColumn(parseExpression("(l, r) => r.at - l.at"), [SCHEMA, SCHEMA])(BATCH, BATCH, pairs);
  expect([0, 1, 2].map(i => valueAt(later, i))).toStrictEqual([1, 3, -3]);
  const plain = compileColumn(parseExpression("(l, r) => r.kind"), [SCHEMA, SCHEMA])(BATCH, BATCH, pairs);
  expect([0, 1, 2].map(i => valueAt(plain, i))).toStrictEqual(["y", "x", "x"]);
});

test("an opaque function runs on row objects with its captured values and op", () => {
  const parameters = { k: 10 };
  const expression = parseExpression(
    "d => { let n = 0; for (const t of d.extra?.tags ?? []) n += k; return op.round(n + 0.4); }",
    { parameters },
  );
  expect(expression.expr.kind).toBe("opaque");
  expect(values(compileColumn(expression, [SCHEMA])(BATCH))).toStrictEqual([20, 0, 0, 0]);
  expect(() => compileColumn(expression, [SCHEMA], { codegen: false })(BATCH)).toThrow(
    /has to run as it is, because it has a .* statement/,
  );
  expect(compileFunction("(a, b) => a + b + c", { c: 3 })(1, 2)).toBe(6);
  expect(() => compileFunction("(a => ")).toThrow(/cannot run, because it cannot be read/);
});

test("what is missing is named, with what was probably meant", () => {
  expect(() => compilePredicate(parseExpression("d => d.amuont > 1"), [SCHEMA])).toThrow(
    /no column "amuont". Did you mean "amount"\? There are: amount, kind/,
  );
  expect(() => compileColumn(parseExpression("(l, r) => r.kind"), [SCHEMA])).toThrow(
    /second row, but there is only one/,
  );
  expect(() => compileColumn(parseExpression("d => op.sum(d.amount)"), [SCHEMA])(BATCH)).toThrow(
    /Aggregates belong in rollup/,
  );
  const wrong = { ...BATCH, columns: BATCH.columns.with(0, BATCH.columns[1]) };
  expect(() => compileColumn(parseExpression("d => d.amount + 1"), [SCHEMA])(wrong)).toThrow(
    /"amount" should be number but the batch has string/,
  );
  expect(() =>
    compileColumn(parseExpression("d => d.kind.match(p)", { parameters: { p: "(" } }), [SCHEMA])(BATCH),
  ).toThrow(/regular expression \/\(\/ is malformed/);
});

test("json fields cannot reach into the language", () => {
  expect(values(compileColumn(parseExpression("d => d.extra.constructor"), [SCHEMA])(BATCH))).toStrictEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(values(compileColumn(parseExpression("d => d.extra?.tags?.[1]"), [SCHEMA])(BATCH))).toStrictEqual([
    "b",
    null,
    null,
    null,
  ]);
});

test("text in an expression cannot become code", () => {
  const nasty = "\"); throw new Error('broken out'); (\"";
  const schema: Schema = [{ name: nasty, type: "string", nullable: true }];
  const batch = batchOf(schema, [{ [nasty]: nasty }, { [nasty]: null }]);
  const expr = {
    kind: "binary",
    operator: "+",
    left: { kind: "column", name: nasty, side: 0 },
    right: { kind: "literal", value: `${nasty}\u2028\`\${1}` },
  } as const;
  const column = compileColumn({ expr, parameters: {}, source: "" }, [schema])(batch);
  expect([valueAt(column, 0), valueAt(column, 1)]).toStrictEqual([`${nasty}${nasty}\u2028\`\${1}`, null]);
});

test("where code generation is forbidden the interpreter gives the same values", () => {
  const url = (path: string): string => new URL(`../../src/${path}`, import.meta.url).href;
  const script = `
    import { compileColumn, compilePredicate, canGenerateCode } from ${JSON.stringify(url("expressions/compile.ts"))};
    import { parseExpression } from ${JSON.stringify(url("expressions/parse.ts"))};
    import { batchOf } from ${JSON.stringify(url("columns/builder.ts"))};
    import { valueAt } from ${JSON.stringify(url("columns/column.ts"))};
    const schema = ${JSON.stringify(SCHEMA)};
    const batch = batchOf(schema, ${JSON.stringify(rowsOf(BATCH))});
    const column = compileColumn(parseExpression("d => d.kind + d.amount"), [schema])(batch);
    const out = new Int32Array(4);
    const count = compilePredicate(parseExpression("d => d.amount > 10"), [schema])(batch, out);
    console.log(JSON.stringify([canGenerateCode(), [0, 1, 2, 3].map(i => valueAt(column, i)), [...out.subarray(0, count)]]));`;
  const printed = execFileSync(
    process.execPath,
    ["--disallow-code-generation-from-strings", "--input-type=module", "-e", script],
    { encoding: "utf8" },
  );
  expect(JSON.parse(printed)).toStrictEqual([false, ["x10", null, null, "x40"], [2, 3]]);
});
