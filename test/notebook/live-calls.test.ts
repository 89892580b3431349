import { expect, test } from "vitest";
import { withRecording } from "../../src/notebook/live-calls.ts";

const recording = {
  file: "payments-1.parquet",
  options: {
    format: "parquet",
    eventTime: { column: "t", unit: "s" },
    arrivalTime: "_arrival",
    partition: "_partition",
    ended: "2026-03-28T12:00:00.000Z",
    types: { t: "timestamp", "a b": "number" },
  },
  columns: ["t", "a b"],
};

test("the call is replaced, the watermark and everything around it stay", () => {
  const cell = `// live
  const payments = source({url: "https://a.example/x", format: "sse"}, {
    eventTime: "t", // when it happened
    watermark: bounded(delay, {idle: "5 s"}),
  }).filter(d => d.a > 1);`;
  expect(withRecording(cell, "https://a.example/x", recording)).toBe(`// live
  const payments = source("payments-1.parquet", {
    eventTime: {column: "t", unit: "s"}, arrivalTime: "_arrival", partition: "_partition",
    watermark: bounded(delay, {idle: "5 s"}),
    ended: "2026-03-28T12:00:00.000Z",
    types: {t: "timestamp", "a b": "number"},
  }).select("t", "a b").filter(d => d.a > 1);`);
});

test("of several sources it is the one that was read", () => {
  const cell = `const a = source("a.jsonl", {eventTime: "t"}); const b = source("b.jsonl", {follow: true, eventTime: "t"})`;
  expect(withRecording(cell, "b.jsonl", recording)).toMatch(
    /^const a = source\("a\.jsonl", \{eventTime: "t"\}\); const b = source\("payments-1/,
  );
  expect(withRecording(cell, "c.jsonl", recording)).toBeNull();
});

test("an address in a variable is found when it is the only source; what cannot be read stays", () => {
  expect(
    withRecording(`source({url: address, eventTime: "t", watermark: bounded(5)})`, "https://x", recording),
  ).toContain("watermark: bounded(5),");
  expect(withRecording("const x = 1", "x", recording)).toBeNull();
  expect(withRecording("const x = source(", "x", recording)).toBeNull();
});
