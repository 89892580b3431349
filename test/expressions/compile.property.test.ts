/** The compiled kernels against their twin, the interpreter, on random expressions over random batches. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Schema, valueAt } from "../../src/columns/column.ts";
import { compileColumn, compilePairPredicate, compilePredicate } from "../../src/expressions/compile.ts";
import { evaluator } from "../../src/expressions/interpret.ts";
import type { RowExpression } from "../../src/expressions/tree.ts";
import { truthy } from "../../src/expressions/values.ts";
import { batches, expressions, PARAMETERS, SCHEMA } from "./arbitrary.ts";

const SCHEMAS: readonly [Schema] = [SCHEMA];
const row = (expr: RowExpression["expr"]): RowExpression => ({ expr, parameters: PARAMETERS, source: "random" });
const RUNS = { numRuns: 3_000 };

test("a compiled column equals the interpreter's, value by value", () => {
  fc.assert(
    fc.property(expressions, batches, batches, (expr, first, second) => {
      const expression = row(expr);
      const kernel = compileColumn(expression, SCHEMAS);
      const interpreted = compileColumn(expression, SCHEMAS, { codegen: false });
      const evaluate = evaluator(expression, SCHEMAS);
      for (const batch of [first, second]) {
        const column = kernel(batch);
        expect(column.type).toBe(kernel.type.type);
        for (let i = 0; i < batch.length; i++) {
          const expected = evaluate({ batches: [batch], rows: [i] });
          expect(valueAt(column, i)).toStrictEqual(expected);
          if (expected === null) expect(kernel.type.nullable).toBe(true);
        }
        // The same, for every other row only.
        const rows = Int32Array.from({ length: batch.length >> 1 }, (_, i) => 2 * i);
        for (const k of [kernel, interpreted]) {
          const some = k.selected(batch, rows, rows.length);
          for (const i of rows) expect(valueAt(some, i)).toStrictEqual(valueAt(column, i));
        }
      }
    }),
    RUNS,
  );
});

test("the interpreter's own column has the values and the type that were inferred", () => {
  fc.assert(
    fc.property(expressions, batches, (expr, batch) => {
      const expression = row(expr);
      const compiled = compileColumn(expression, SCHEMAS)(batch);
      const interpreted = compileColumn(expression, SCHEMAS, { codegen: false })(batch);
      expect(interpreted.type).toBe(compiled.type);
      for (let i = 0; i < batch.length; i++) expect(valueAt(interpreted, i)).toStrictEqual(valueAt(compiled, i));
    }),
    { numRuns: 1_000 },
  );
});

test("a compiled predicate selects the rows the interpreter finds true", () => {
  fc.assert(
    fc.property(expressions, batches, (expr, batch) => {
      const expression = row(expr);
      const out = new Int32Array(batch.length);
      const count = compilePredicate(expression, SCHEMAS)(batch, out);
      const evaluate = evaluator(expression, SCHEMAS);
      const expected = Array.from({ length: batch.length }, (_, i) => i).filter(i =>
        truthy(evaluate({ batches: [batch], rows: [i] })),
      );
      expect([...out.subarray(0, count)]).toStrictEqual(expected);
      const rows = Int32Array.from({ length: batch.length >> 1 }, (_, i) => 2 * i);
      for (const codegen of [true, false]) {
        const left = rows.slice();
        const some = compilePredicate(expression, SCHEMAS, { codegen }).refine(batch, left, left.length, left);
        expect([...left.subarray(0, some)]).toStrictEqual(expected.filter(i => i % 2 === 0 && i < 2 * rows.length));
      }
    }),
    RUNS,
  );
});

test("a compiled condition on pairs selects what the interpreter does", () => {
  const sided = expressions.map(
    expr =>
      JSON.parse(JSON.stringify(expr), (key, value) =>
        key === "side" ? Math.floor(Math.abs(JSON.stringify(expr).length) % 2) : value,
      ) as RowExpression["expr"],
  );
  fc.assert(
    fc.property(expressions, sided, batches, batches, (one, two, left, right) => {
      const expression = row({ kind: "binary", operator: "===", left: one, right: two });
      const pairs = Array.from({ length: left.length * right.length }, (_, i) => [
        i % left.length,
        Math.floor(i / left.length),
      ]);
      const all = {
        left: Int32Array.from(pairs, p => p[0]),
        right: Int32Array.from(pairs, p => p[1]),
        count: pairs.length,
      };
      const out = new Int32Array(pairs.length);
      const count = compilePairPredicate(expression, [SCHEMA, SCHEMA])(left, right, all, out);
      const evaluate = evaluator(expression, [SCHEMA, SCHEMA]);
      const expected = pairs.flatMap((rows, i) => (truthy(evaluate({ batches: [left, right], rows })) ? [i] : []));
      expect([...out.subarray(0, count)]).toStrictEqual(expected);
    }),
    { numRuns: 1_000 },
  );
});
