/** Holds the closed-form mathematics of charts against brute force. */
import { expect, test } from "vitest";
import { balanceAt, type FlowCell, flowSteps } from "../../src/charts/balance-vs-flow/balance.ts";
import { steppedCourse, latencies, median, outcome } from "../../src/charts/delay-vs-lateness/settings.ts";
import { fromCells } from "../../src/charts/distribution.ts";
import { nearest, shareWithin } from "../../src/charts/join-misses/nearest.ts";
import { naiveSum } from "../../src/charts/panes/draw.ts";
import { front } from "../../src/charts/pareto/draw.ts";
import { operate } from "../../src/charts/session-surgery/surgery.ts";
import { heldOf } from "../../src/charts/state-cost/draw.ts";
import { holdShares, holdsOf, type Said } from "../../src/charts/watermark-hold/holders.ts";
import { compareWatermarks, qualityOf } from "../../src/charts/watermark-quality/perfect.ts";
import { bars, daysOf, moves } from "../../src/charts/whole-day/days.ts";
import { type LogRow, grouped, random, randomLog, simulate, wire } from "./naive.ts";
import { bin, ratioBinOf } from "./tables.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("the holder of the watermark is at each moment the partition that is furthest behind and not idle", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const next = random(seed);
    const watermark: Record<string, number> = { a: 0, b: 0, c: 0 };
    const said: Said[] = Array.from({ length: 60 }, (_, i) => {
      const partition = "abc"[Math.floor(next() * 3)];
      watermark[partition] += Math.floor(next() * 20);
      return { at: i * 10, partition, watermark: watermark[partition], idle: next() < 0.2 };
    });
    const end = 700;
    const holds = holdsOf(said, end);
    for (let t = 5; t < end; t += 10) {
      const state = new Map<string, Said>();
      for (const s of said) if (s.at <= t) state.set(s.partition, s);
      const awake = [...state.values()].filter(s => !s.idle);
      const least = Math.min(...awake.map(s => s.watermark));
      const hold = holds.find(h => h.from <= t && t < h.to);
      if (awake.length === 0) expect(hold?.partition ?? null).toBe(null);
      else expect(awake.filter(s => s.watermark === least).map(s => s.partition)).toContain(hold?.partition);
    }
    const shares = holdShares(holds, ["a", "b", "c"]);
    const idle = holds.filter(h => h.partition === null).reduce((n, h) => n + h.to - h.from, 0) / end;
    expect(shares.reduce((n, s) => n + s.share, 0) + idle).toBeCloseTo(1, 9);
  }
});

test("the areas between the watermark and the perfect one are those of a fine-grained sum", () => {
  for (const seed of [1, 2, 3]) {
    const log = randomLog(seed, 1_500);
    const { progress } = simulate(log, { size: 5 * MINUTE, delay: 60_000, lateness: 0 }, false);
    const step = 1_000;
    const group = <R>(
      list: readonly R[],
      at: (r: R) => number,
      value: (r: R) => number,
      pick: (...v: number[]) => number,
    ): Map<number, number> =>
      new Map(
        grouped(
          list,
          r => ({ at: bin(at(r), step) }),
          all => ({ v: pick(...all.map(value)) }),
        ).map(g => [g.at, g.v]),
      );
    const least = group(
      log,
      r => r.arrival,
      r => r.event,
      Math.min,
    );
    const moved = progress.filter(p => p.watermark !== Infinity);
    const said = group(
      moved,
      p => p.processing_time,
      p => p.watermark,
      Math.max,
    );
    const quality = qualityOf(compareWatermarks(least, said, step));

    // Brute force: both watermarks looked up anew every 250 ms.
    let [fast, slow] = [0, 0];
    const [from, to] = [log[0].arrival, log[log.length - 1].arrival];
    let row = 0;
    let move = 0;
    let actual = -Infinity;
    const suffix = log.map(() => Infinity);
    for (let i = log.length - 1; i >= 0; i--) suffix[i] = Math.min(log[i].event, suffix[i + 1] ?? Infinity);
    for (let p = from; p < to; p += 250) {
      while (row < log.length && log[row].arrival <= p) row++;
      while (move < moved.length && moved[move].processing_time <= p) actual = moved[move++].watermark;
      const perfect = suffix[row] ?? Infinity;
      if (actual === -Infinity || perfect === Infinity) continue;
      fast += Math.max(0, actual - perfect) * 250;
      slow += Math.max(0, perfect - actual) * 250;
    }
    expect(quality.tooFast / fast).toBeCloseTo(1, 1);
    expect(quality.tooSlow / slow).toBeCloseTo(1, 1);
  }
});

test("crossing lines give a triangle on either side", () => {
  const quality = qualityOf([
    { at: 0, actual: 10, perfect: 0 },
    { at: 40, actual: 0, perfect: 30 },
  ]);
  expect(quality).toEqual({ tooFast: 50, tooSlow: 450, fastShare: 0.25, duration: 40 });
  expect(qualityOf([])).toEqual({ tooFast: 0, tooSlow: 0, fastShare: 0, duration: 0 });
});

test("sessions end up the same in any order of arrival, and every step's story is true", () => {
  for (let seed = 1; seed <= 25; seed++) {
    const next = random(seed);
    const gap = 10;
    const rows = Array.from({ length: 40 }, (_, i) => ({
      key: "ab"[Math.floor(next() * 2)],
      event: Math.floor(next() * 300),
      arrival: i,
    }));
    for (const inclusive of [false, true]) {
      const { operations, phases } = operate(rows, gap, inclusive);
      for (const key of ["a", "b"]) {
        const times = rows
          .filter(r => r.key === key)
          .map(r => r.event)
          .sort((a, b) => a - b);
        const expected: [number, number][] = [];
        for (const t of times) {
          const last = expected.at(-1);
          if (last !== undefined && (inclusive ? t <= last[1] : t < last[1])) last[1] = Math.max(last[1], t + gap);
          else expected.push([t, t + gap]);
        }
        const made = phases
          .filter(p => p.key === key && Number.isNaN(p.until))
          .map(p => [p.start, p.end])
          .sort((a, b) => a[0] - b[0]);
        expect(made).toEqual(expected);
      }
      const opened = operations.filter(o => o.kind === "opened").length;
      const lost = operations.filter(o => o.kind === "merged").reduce((n, o) => n + o.met.length - 1, 0);
      expect(opened - lost).toBe(phases.filter(p => Number.isNaN(p.until)).length);
    }
  }
});

test("the closest counterpart is the closest of all", () => {
  const next = random(4);
  const side = (n: number) =>
    Array.from({ length: n }, () => ({ key: "abcd"[Math.floor(next() * 4)], event: Math.floor(next() * 1_000) }));
  const [left, right] = [side(200), side(30).filter(r => r.key !== "d")];
  const pairs = nearest(left, right);
  pairs.forEach((p, i) => {
    const all = right.filter(r => r.key === left[i].key).map(r => Math.abs(r.event - left[i].event));
    if (all.length === 0) expect(p.distance).toBeNaN();
    else expect(Math.abs(p.distance)).toBe(Math.min(...all));
  });
  expect(shareWithin(pairs, 50)).toBe(pairs.filter(p => Math.abs(p.distance) <= 50).length / 200);
});

const exactly = (values: readonly number[]) =>
  fromCells(
    grouped(
      values,
      v => ({ bin: ratioBinOf(v, 64) }),
      all => ({ rows: all.length, total: all.reduce((a, b) => a + b, 0) }),
    ),
    64,
  );

test("what a pair of settings corrects and drops is what a replay with it does", () => {
  const log = randomLog(12, 6_000, { length: 2 * HOUR });
  const size = 5 * MINUTE;
  const margins = exactly(simulate(log, { size, delay: 0, lateness: 0 }, false).late.map(l => l.margin));
  for (const [delay, lateness] of [
    [0, 0],
    [10_000, 60_000],
    [30_000, 600_000],
    [120_000, 30_000],
  ]) {
    const { late, panes } = simulate(log, { size, delay, lateness }, false);
    const corrected = panes.filter(p => p.timing === "late").length / log.length;
    const { corrected: said, dropped } = outcome(margins, log.length, delay, lateness);
    expect(Math.abs(dropped - late.length / log.length)).toBeLessThan(0.002);
    expect(Math.abs(said - corrected)).toBeLessThan(0.002);
  }
});

test("the wait for a first result is read from the course of the watermark without delay", () => {
  const log = randomLog(13, 4_000, { length: 2 * HOUR });
  const size = 10 * MINUTE;
  const eager = simulate(log, { size, delay: 0, lateness: 0 }, false).progress.filter(p => p.watermark !== Infinity);
  const exact = { at: eager.map(p => p.processing_time), watermark: eager.map(p => p.watermark), step: 0 };
  const step = 15_000;
  const binned = grouped(
    eager,
    p => ({ at: bin(p.processing_time, step) }),
    all => ({
      watermark: Math.max(...all.map(p => p.watermark)),
      last: Math.max(...all.map(p => p.processing_time)),
    }),
  );
  const course = steppedCourse(
    Float64Array.from(binned, b => b.last),
    Float64Array.from(binned, b => b.watermark),
    step,
  );
  for (const delay of [0, 30_000, 240_000]) {
    const { panes } = simulate(log, { size, delay, lateness: 0 }, false, false);
    const onTime = new Map(
      panes.filter(p => p.timing === "on-time").map(p => [p.window_end, p.emitted_at - p.window_end]),
    );
    const ends = [...onTime.keys()];
    expect(median(latencies(course, ends, delay))).toBeGreaterThan(0);
    expect(Math.abs(median(latencies(course, ends, delay)) - median([...onTime.values()]))).toBeLessThan(step);
    expect(latencies(exact, ends, delay).length).toBe(ends.length);
  }
  expect(latencies(exact, [exact.watermark[exact.watermark.length - 1] + 1], 0)).toEqual([]);
  expect(median([])).toBeNaN();
});

test("the Pareto front has every choice that no other beats, and no other", () => {
  const next = random(6);
  const choices = Array.from({ length: 80 }, (_, i) => ({
    name: String(i),
    wait: Math.floor(next() * 30),
    complete: Math.floor(next() * 20) / 20,
  }));
  const best = front(choices);
  for (const c of choices) {
    const beaten = choices.some(
      o => o.wait <= c.wait && o.complete >= c.complete && (o.wait < c.wait || o.complete > c.complete),
    );
    expect(best.some(b => b.wait === c.wait && b.complete === c.complete)).toBe(!beaten);
  }
});

test("a balance is the opening and every flow that happened by then and was known by then", () => {
  const next = random(8);
  const cells: FlowCell[] = Array.from({ length: 300 }, () => {
    const at = 10 * Math.ceil(next() * 40);
    const amount = Math.round(next() * 200 - 90);
    return {
      at,
      known: at + 10 * Math.floor(next() ** 4 * 20),
      inflow: Math.max(amount, 0),
      outflow: Math.min(amount, 0),
      rows: 1,
    };
  });
  const net = (list: readonly FlowCell[]): number => list.reduce((n, c) => n + c.inflow + c.outflow, 0);
  for (const asOf of [null, 0, 155, 330]) {
    const steps = flowSteps(cells, 1_000, asOf);
    for (const s of steps) {
      expect(s.balance).toBe(1_000 + net(cells.filter(c => c.at <= s.at)));
      expect(s.asOf).toBe(1_000 + net(cells.filter(c => c.at <= s.at && (asOf === null || c.known <= asOf))));
      expect(s.published).toBe(1_000 + net(cells.filter(c => c.at <= s.at && c.known <= s.at)));
    }
    expect(balanceAt(steps, 205, 1_000)).toBe(1_000 + net(cells.filter(c => c.at <= 205)));
    expect(balanceAt(steps, -1, 1_000)).toBe(1_000);
  }
});

test("days of a zone have 23 and 25 hours where its clocks change, and hold every row once", () => {
  const start = Date.UTC(2026, 2, 27);
  const quarters = Array.from({ length: 96 * 5 }, (_, i) => ({ at: start + i * 900_000, rows: 1, total: i }));
  const london = daysOf(quarters, "Europe/London");
  expect(london.map(d => (d.end - d.start) / HOUR)).toEqual([24, 24, 23, 24, 24, 24]);
  expect(london.reduce((n, d) => n + d.rows, 0)).toBe(quarters.length);
  for (const d of london.slice(1, -1)) expect(d.rows).toBe((d.end - d.start) / 900_000);
  const autumn = Array.from({ length: 96 * 3 }, (_, i) => ({
    at: Date.UTC(2026, 9, 24) + i * 900_000,
    rows: 1,
    total: 1,
  }));
  expect(daysOf(autumn, "Europe/London").map(d => (d.end - d.start) / HOUR)).toEqual([24, 25, 24]);
  expect(moves(Date.UTC(2026, 5, 1, 18, 15), "Asia/Kathmandu")).toBe(true);
  expect(moves(Date.UTC(2026, 5, 1, 18, 14), "Asia/Kathmandu")).toBe(false);
  expect(bars(quarters, 4).length).toBe(120);
  expect(bars(quarters, 4).reduce((n, b) => n + b.total, 0)).toBe(quarters.reduce((n, q) => n + q.total, 0));
  expect(DAY).toBe(86_400_000);
});

test("what is held is what opened and has not closed", () => {
  const log: readonly LogRow[] = randomLog(15, 2_000);
  const { life } = simulate(log, { size: 5 * MINUTE, delay: 30_000, lateness: 3 * MINUTE }, false);
  const step = 10_000;
  const count = (all: readonly { what: string }[], what: string): number => all.filter(l => l.what === what).length;
  const changes = grouped(
    life,
    l => ({ at: bin(l.processing_time, step) }),
    all => ({ opened: count(all, "opened"), complete: count(all, "on-time"), closed: count(all, "closed") }),
  );
  for (const h of heldOf({ changes: wire(changes) }, step)) {
    const before = life.filter(l => l.processing_time < h.at);
    expect(h.incomplete + h.retained).toBe(count(before, "opened") - count(before, "closed"));
    expect(h.retained).toBe(Math.max(0, count(before, "on-time") - count(before, "closed")));
  }
});

test("who adds up panes gets the truth from discarding and retracting, and too much from accumulating", () => {
  const log = randomLog(16, 800).map(r => ({ ...r, value: Math.abs(r.value) + 1, key: "k" }));
  const settings = { size: 10 * MINUTE, delay: 0, lateness: HOUR };
  const kept = simulate(log, settings, false);
  const retracting = simulate(log, settings, true).panes.map(p => ({ value: p.total, weight: p.weight }));
  const accumulating = kept.panes.map(p => ({ value: p.total, weight: 1 }));
  const truth = log.reduce((n, r) => n + r.value, 0) - kept.late.reduce((n, l) => n + l.value, 0);
  expect(naiveSum(retracting)).toBe(truth);
  expect(naiveSum(accumulating)).toBeGreaterThan(truth);
});
