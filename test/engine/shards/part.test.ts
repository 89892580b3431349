/** What is written into slots of shared memory is read as it was, however often the slots are used again. */
import { expect, test } from "vitest";
import { rowsOf } from "../../../src/columns/batch.ts";
import { batchOf } from "../../../src/columns/builder.ts";
import type { Schema } from "../../../src/columns/column.ts";
import { Dictionary } from "../../../src/columns/dictionary.ts";
import type { Flow } from "../../../src/engine/flow.ts";
import { emptySlots, PartReader, PartWriter, type ShardPart } from "../../../src/engine/shards/part.ts";

const SCHEMA: Schema = [
  { name: "n", type: "number", nullable: true },
  { name: "t", type: "timestamp", nullable: false },
  { name: "b", type: "boolean", nullable: true },
  { name: "s", type: "string", nullable: true },
  { name: "j", type: "json", nullable: true },
];

/** A flow of so many rows, which say what they are; every other one has nulls. */
function flowOf(count: number, from: number, more: Partial<Flow> = {}): Flow {
  const rows = Array.from({ length: count }, (_, i) => {
    const id = from + i;
    return id % 2 === 0
      ? { n: id / 4, t: id, b: id % 3 === 0, s: `text ${id}`, j: { id } }
      : { n: null, t: id, b: null, s: null, j: null };
  });
  return {
    batch: batchOf(SCHEMA, rows),
    selection: null,
    count,
    at: Int32Array.from({ length: count }, (_, i) => 2 * i),
    time: Float64Array.from({ length: count }, (_, i) => from + i),
    clock: null,
    weight: null,
    pane: null,
    watermark: Float64Array.from({ length: 2 * count }, (_, p) => from + p),
    ...more,
  };
}

const writing = (slots: number): ((part: ShardPart) => ShardPart) => {
  const writer = new PartWriter([SCHEMA, SCHEMA], new Map(), emptySlots(slots));
  const reader = new PartReader([SCHEMA, SCHEMA], [], emptySlots(slots));
  let number = 0;
  return part => {
    const extras = writer.write(part, number);
    return reader.read(number++, extras);
  };
};

function plain({ batch, at, time, clock, weight, pane, turns = null, watermark }: Flow): unknown {
  return { rows: rowsOf(batch), at, time, clock, weight, pane, turns, watermark };
}

test("parts of many sizes come out as they went in", () => {
  const through = writing(2);
  for (const [step, count] of [3, 0, 1, 40, 5, 0, 300, 7].entries()) {
    const from = 1_000 * step;
    const clock = Float64Array.from({ length: count }, (_, i) => i / 2);
    const weight = Int32Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const bytes = Uint8Array.from({ length: count }, (_, i) => i % 3);
    const pane = { timing: bytes, index: weight, nonSpeculativeIndex: weight, first: bytes, last: bytes };
    const turns = { cause: bytes, end: clock, start: clock, key: clock };
    const sent = [flowOf(count, from), flowOf(count, from + 500, { clock, weight, pane, turns })];
    const part = through({ length: 2 * count, outputs: sent.map(flow => ({ flow, source: -1 })) });
    expect(part.length).toBe(2 * count);
    expect(part.outputs.map(o => o.source)).toEqual([-1, -1]);
    // What there is none of may as well be absent.
    const said = part.outputs.map(o => o.flow);
    if (count > 0) expect(said.map(plain)).toEqual(sent.map(plain));
    else
      expect(said.map(flow => [flow.count, flow.watermark.length])).toEqual([
        [0, 0],
        [0, 0],
      ]);
  }
});

test("a log's dictionary is meant by its place, and rows at all positions need not say so", () => {
  const [dictionary, other] = [new Dictionary(["a", "b"]), new Dictionary(["b", "a"])];
  const schema: Schema = [{ name: "s", type: "string", nullable: false }];
  const writer = new PartWriter([schema], new Map([[dictionary, 0]]), emptySlots(1));
  const reader = new PartReader([schema], [other], emptySlots(1));
  const batch = {
    schema,
    length: 2,
    columns: [{ type: "string" as const, codes: Int32Array.of(1, 0), dictionary }],
  };
  const time = Float64Array.of(1, 2);
  const flow = { ...flowOf(0, 0), batch, count: 2, at: null, time, watermark: time };
  const part = { length: 2, outputs: [{ flow, source: 3 }] };
  const extras = writer.write(part, 0);
  expect(extras).toMatchObject({ strings: [], json: [] });
  const [output] = reader.read(0, extras).outputs;
  expect(output).toMatchObject({ source: 3, flow: { at: null, count: 2 } });
  expect(output.flow.batch.columns[0]).toMatchObject({ codes: Int32Array.of(1, 0), dictionary: other });
  // The slot is large enough for the same again, so there is nothing to be said beside it.
  expect(writer.write(part, 1)).toBeNull();
});
