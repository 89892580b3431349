/** Bundles that a step cuts in two. */
import { expect, test } from "vitest";
import { rowsOf } from "../../../../src/columns/batch.ts";
import { batchOf } from "../../../../src/columns/builder.ts";
import type { Schema } from "../../../../src/columns/column.ts";
import { aggregate } from "../../../../src/engine/operators/aggregate.ts";
import { PROFILES } from "../../../../src/model/profiles.ts";
import { fixed } from "../../../../src/model/windows.ts";
import { verbOf } from "../../../../src/pipeline/node.ts";
import { Stream } from "../../../../src/pipeline/stream.ts";
import type { AggregateNode } from "../../../../src/pipeline/verbs/aggregate.ts";
import { input } from "../../drive.ts";

const SCHEMA: Schema = [
  { name: "key", type: "string", nullable: true },
  { name: "v", type: "number", nullable: true },
];

test("rows after a bundle that was carried over are read from their own step", () => {
  const node = new Stream(input(false)).groupby("key").window(fixed(10)).rollup({ sum: "d => op.sum(d.v)" })
    .node as AggregateNode;
  const operator = aggregate(node, {
    inputs: [SCHEMA],
    schema: port => verbOf(node).schema(node, [SCHEMA], port),
    reads: port => port === "main",
    profile: PROFILES.beam,
    codegen: true,
    specialize: false,
  });
  const sums: unknown[] = [];
  /** The rows lie at the last positions. */
  const step = (values: number[], clock: number[], ends: number[], watermark: number): void => {
    const { length } = clock;
    const flow = {
      batch: batchOf(
        SCHEMA,
        values.map(v => ({ key: "a", v })),
      ),
      selection: null,
      count: values.length,
      at: Int32Array.from(values, (_, i) => length - values.length + i),
      time: new Float64Array(values.length).fill(5),
      clock: null,
      weight: null,
      pane: null,
      watermark: new Float64Array(length).fill(-Infinity).fill(watermark, length - 1),
    };
    const out = operator.step(
      { length, first: 0, clock: Float64Array.from(clock), bundleEnd: Uint8Array.from(ends), last: false },
      [flow],
    );
    sums.push(...rowsOf(out.main.batch).map(row => row["sum"]));
  };
  step([1, 2], [0, 0], [0, 0], -Infinity);
  // A position without rows ends that bundle; then come bundles of one row.
  step([8, 16], [0, 1, 2], [1, 1, 1], Infinity);
  expect(sums).toEqual([27]);
});
