import { expect, test } from "vitest";
import { cellOfSelection } from "../../src/renderer/outputs/selected-rows.ts";

const at = (clock: string): number => Date.parse(`2026-07-01T${clock}Z`);

test("a selection becomes a filter on both times, wide enough for what lies on its rim", () => {
  const rows = { stream: "readings", eventTime: "time", arrivalTime: "received at" };
  const times = { event: [at("12:01:00") + 0.4, at("12:02:00") + 0.4], arrival: [at("12:03:00"), at("12:04:00")] };
  expect(cellOfSelection(rows, times as never, new Set(["selected"]))).toBe(
    `const selected2 = readings.filter(d =>
  d.time >= op.parse_date("2026-07-01T12:01:00.000Z") &&
  d.time <= op.parse_date("2026-07-01T12:02:00.001Z") &&
  d["received at"] >= op.parse_date("2026-07-01T12:03:00.000Z") &&
  d["received at"] <= op.parse_date("2026-07-01T12:04:00.000Z")
);`,
  );
});

test("a log without arrival times is filtered by event time alone", () => {
  const rows = { stream: "readings", eventTime: "time", arrivalTime: null };
  const text = cellOfSelection(rows, { event: [0, 1], arrival: [5, 6] }, new Set());
  expect(text).toContain("const selected = readings.filter");
  expect(text.match(/op\.parse_date/g)).toHaveLength(2);
});
