/** A fused chain against the same chain, one stage after the other on copied batches. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Batch, gatherBatch, rowsOf } from "../../src/columns/batch.ts";
import type { Schema } from "../../src/columns/column.ts";
import { compileColumn, compilePredicate } from "../../src/expressions/compile.ts";
import { parseExpression } from "../../src/expressions/parse.ts";
import { compileStages, type Stage } from "../../src/expressions/stages.ts";
import type { Expr, RowExpression } from "../../src/expressions/tree.ts";
import { batches, expressions, PARAMETERS, SCHEMA } from "./arbitrary.ts";

/** Runs a chain plainly: every stage makes a batch. */
function plainly(stages: readonly Stage[], batch: Batch): Batch {
  return stages.reduce((at, stage) => {
    if (stage.kind === "filter") {
      const rows = new Int32Array(at.length);
      return gatherBatch(at, rows, compilePredicate(stage.predicate, [at.schema])(at, rows));
    }
    const schema: Schema[number][] = [...at.schema];
    const columns = [...at.columns];
    for (const { name, expression } of stage.columns) {
      const kernel = compileColumn(expression, [at.schema]);
      const place = schema.findIndex(f => f.name === name);
      schema[place < 0 ? schema.length : place] = { name, ...kernel.type };
      columns[place < 0 ? columns.length : place] = kernel(at);
    }
    return { schema, length: at.length, columns };
  }, batch);
}

const row = (expr: Expr): RowExpression => ({ expr, parameters: PARAMETERS, source: "random" });
const stages: fc.Arbitrary<Stage> = fc.oneof(
  expressions.map((expr): Stage => ({ kind: "filter", predicate: row(expr) })),
  fc
    .tuple(fc.constantFrom("b", "u", "new", "j"), expressions)
    .map(([name, expr]): Stage => ({ kind: "derive", columns: [{ name, expression: row(expr) }] })),
);

test("a fused chain gives the rows and the schema of the plain one", () => {
  fc.assert(
    fc.property(fc.array(stages, { minLength: 1, maxLength: 4 }), batches, (chain, batch) => {
      const expected = plainly(chain, batch);
      const { batch: made, rows, count } = compileStages(chain, SCHEMA)(batch);
      expect(made.schema.map(f => [f.name, f.type])).toStrictEqual(expected.schema.map(f => [f.name, f.type]));
      const dense = rows === null ? made : gatherBatch(made, rows, count);
      expect(rowsOf(dense)).toStrictEqual(rowsOf(expected));
    }),
    { numRuns: 1_000 },
  );
});

test("parameters of equal names stay apart, changes are seen, and opaque functions cut the chain", () => {
  const first: Record<string, number> = { k: 1 };
  const chain: Stage[] = [
    { kind: "filter", predicate: { ...parseExpression("d => d.b > k", { parameters: { k: 1 } }), parameters: first } },
    {
      kind: "derive",
      columns: [{ name: "x", expression: parseExpression("d => d.b * k", { parameters: { k: 10 } }) }],
    },
    {
      kind: "derive",
      columns: [
        {
          name: "y",
          expression: parseExpression("d => { let n = k; n += d.x; return n; }", { parameters: { k: 100 } }),
        },
      ],
    },
    { kind: "filter", predicate: parseExpression("d => d.y < 150") },
  ];
  const schema: Schema = [{ name: "b", type: "number", nullable: false }];
  const batch: Batch = {
    schema,
    length: 6,
    columns: [{ type: "number", values: Float64Array.from([0, 1, 2, 3, 4, 5]), valid: null }],
  };
  const kernel = compileStages(chain, schema);
  const run = (): unknown[] => {
    const { batch: made, rows, count } = kernel(batch);
    return rowsOf(gatherBatch(made, rows as Int32Array, count)).map(r => [r["b"], r["x"], r["y"]]);
  };
  expect(run()).toStrictEqual([
    [2, 20, 120],
    [3, 30, 130],
    [4, 40, 140],
  ]);
  first["k"] = 3;
  expect(run()).toStrictEqual([[4, 40, 140]]);
});
