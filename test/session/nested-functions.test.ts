import { expect, test } from "vitest";
import { code, Harness } from "./harness.ts";

test("functions within a function that runs as it is may capture cells' values too", async () => {
  const harness = new Harness();
  harness.show([
    code(1, `const scores = source("streaming-101.jsonl", {eventTime: "event_time", arrivalTime: "processing_time"})`),
    code(2, `const factor = 10`),
    code(
      3,
      `const parts = scores.flatMap(d => [1, 2].map(n => ({part: n * factor * d.value})), {columns: {part: "number"}})`,
    ),
  ]);
  harness.watch("3.parts");
  await harness.pass();
  expect(harness.cells.get(3)?.error).toBeNull();
  harness.session.receive({ type: "transport", action: { kind: "end" } });
  await harness.pass();
  const part = harness.table("3.parts").page.columns.find(c => c.name === "part");
  expect(Array.from(part?.values as ArrayLike<number>).slice(0, 4)).toEqual([50, 100, 70, 140]);
});
