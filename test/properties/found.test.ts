/** What random pipelines found, as small cases. */
import { expect, test } from "vitest";
import { PROFILES } from "../../src/model/profiles.ts";
import { DEFAULT_STRATEGY } from "../../src/model/strategy.ts";
import { afterAll, afterCount, afterProcessingTime, repeatedly } from "../../src/model/triggers.ts";
import { fixed, sessions } from "../../src/model/windows.ts";
import type { InputRow, Moment, Outcome } from "../reference/aggregate.ts";
import { nodeOf, operate } from "./operate.ts";

const row = (v: number, time: number, weight = 1): InputRow => ({ key: "a", v, time, weight });

function panesOf(strategy: Partial<typeof DEFAULT_STRATEGY>, moments: readonly Moment[]): Outcome["panes"] {
  const node = nodeOf({ ...DEFAULT_STRATEGY, ...strategy }, ["n", "total"], true);
  return operate(node, PROFILES.tidemark, moments, { cut: 1, specialize: false, codegen: true, restore: false }).panes;
}

test("discarding panes sum to the total when a row is replaced after its pane", () => {
  const trigger = repeatedly(afterCount(2));
  const panes = panesOf({ window: fixed(10), trigger, accumulation: "discarding" }, [
    { clock: 0, rows: [row(5, 1), row(2, 1)], watermark: -Infinity },
    { clock: 1, rows: [row(5, 1, -1), row(6, 1)], watermark: -Infinity },
    { clock: 2, rows: [row(6, 1, -1), row(8, 1), row(1, 2), row(0, 2)], watermark: -Infinity },
  ]);
  expect(panes.map(p => p.values["total"])).toEqual([7, 1, 2, 1]);
  expect(panes.map(p => p.values["n"])).toEqual([2, 0, 0, 2]);
});

test("a sum of which all was taken back is null, whatever was lost to rounding", () => {
  const panes = panesOf({ window: fixed(10), trigger: repeatedly(afterCount(6)) }, [
    { clock: 0, rows: [0.1, 1e9, 0.3].map(v => row(v, 1)), watermark: -Infinity },
    { clock: 1, rows: [0.3, 0.1, 1e9].map(v => row(v, 1, -1)), watermark: -Infinity },
    { clock: 2, rows: [row(1, 1), row(1, 1), ...[7, 7, 7, 7].map(v => row(v, 2))], watermark: -Infinity },
  ]);
  expect(panes.map(p => p.values["total"])).toEqual([30]);
});

test("a row that arrives at a deadline is in its pane, also when an earlier deadline was inherited by merging", () => {
  const trigger = afterAll(afterProcessingTime(1), afterProcessingTime(9));
  const panes = panesOf({ window: sessions(5), trigger }, [
    { clock: 0, rows: [row(1, 20)], watermark: -Infinity },
    { clock: 9, rows: [row(1, 21)], watermark: -Infinity },
    { clock: 9, rows: [row(1, 22)], watermark: -Infinity },
    { clock: 10, rows: [], watermark: -Infinity },
  ]);
  expect(panes.map(p => [p.at, p.clock, p.values["n"]])).toEqual([[3, 9, 3]]);
});

test("a session's pane is taken back though room was made while it came out", () => {
  const node = nodeOf(
    { ...DEFAULT_STRATEGY, window: sessions(5), allowedLateness: Infinity, accumulation: "retracting" },
    ["n"],
    false,
  );
  const rowsOf = (key: string, ...times: number[]): InputRow[] => times.map(time => ({ key, v: 1, time, weight: 1 }));
  for (let others = 0; others < 40; others++) {
    const moments: Moment[] = [
      { clock: 0, rows: rowsOf("a", ...Array.from({ length: others }, (_, i) => -10 * i - 10)), watermark: -Infinity },
      { clock: 0, rows: rowsOf("b", 45, 53), watermark: 50 },
      { clock: 0, rows: rowsOf("b", 49), watermark: Infinity },
    ];
    const way = { cut: 1_000, specialize: true, codegen: true, restore: false };
    const { panes } = operate(node, PROFILES.tidemark, moments, way);
    const own = panes.filter(p => p.key === "b").map(p => [p.start, p.end, p.weight]);
    expect(own).toEqual([
      [45, 50, 1],
      [45, 50, -1],
      [45, 58, 1],
    ]);
  }
});
