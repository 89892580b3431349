/** The nowcast's mathematics, on windows whose truth is known. */
import { expect, test } from "vitest";
import {
  type Amount,
  COVERAGE,
  curveAt,
  fewestWindows,
  nowcast,
  PLACES,
  placeOf,
  type Precedent,
} from "../../src/model/nowcast.ts";

const up = (then: number, final: number): Precedent => ({
  before: { up: then, down: 0 },
  final: { up: final, down: 0 },
});
const known = (value: number) => ({ up: Math.max(value, 0), down: Math.min(value, 0) });

/** Small numbers that look random and are the same everywhere (mulberry32). */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test("a window grows in proportion to what complete ones had, weighted by their size: the chain ladder", () => {
  // Mack's development factor to the end is the sum of finals over the sum of what was known: 550 / 220.
  const precedents = [
    up(20, 50),
    up(40, 100),
    up(20, 50),
    up(40, 100),
    up(20, 50),
    up(40, 100),
    ...Array.from({ length: 4 }, () => up(10, 25)),
  ];
  const found = nowcast(known(30), precedents);
  expect(found).toMatchObject({ known: 30, expected: 75, low: 75, high: 75, share: 0.4, windows: 10 });
});

test("the band is from the k-th least to the k-th greatest error, by the square root of the size", () => {
  // All hold 1 and come to 1 … 9, so each way expects 5 and errs by −4 … 4.
  const precedents = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(final => up(1, final));
  const near = nowcast(known(1), precedents);
  expect(near?.expected).toBeCloseTo(5);
  expect([near?.low, near?.high].map(v => Number(v?.toFixed(9)))).toEqual([1, 9]);
  const far = nowcast(known(4), precedents);
  expect(far?.expected).toBeCloseTo(20);
  expect(far?.high).toBeCloseTo(20 + 4 * 2);
  // Of 19 windows the second on either side: (19 + 1 − 2 × 2) / (19 + 1) = 0.8.
  const more = Array.from({ length: 19 }, (_, i) => up(1, i + 1));
  const found = nowcast(known(1), more);
  expect([found?.low, found?.high].map(v => Number(v?.toFixed(9)))).toEqual([2, 18]);
});

test("where windows still had as much to come whatever they held, that is added: Bornhuetter and Ferguson", () => {
  const precedents = Array.from({ length: 12 }, (_, i) => up(10 + 5 * i, 110 + 5 * i));
  expect(nowcast(known(400), precedents)).toMatchObject({ expected: 500, low: 500, high: 500 });
});

test("too few windows say nothing", () => {
  expect(fewestWindows()).toBe(9);
  expect(fewestWindows(0.5)).toBe(3);
  const precedents = Array.from({ length: 8 }, () => up(1, 2));
  expect(nowcast(known(5), precedents)).toBeNull();
  expect(nowcast(known(5), [...precedents, up(1, 2)])).not.toBeNull();
  expect(nowcast(known(5), [])).toBeNull();
});

test("silence is not zero: where nothing has come, what others still had to come is expected", () => {
  const precedents = Array.from({ length: 9 }, (_, i) => up(4, 10 + i));
  const found = nowcast(known(0), precedents);
  expect(found?.expected).toBe(10);
  expect(found?.low).toBeGreaterThan(5);
  expect(found?.high).toBeLessThan(15);
  // Nor does a window that is early lack a proportion: then too it is added to.
  const early = Array.from({ length: 9 }, () => up(0, 10));
  expect(nowcast(known(3), early)).toMatchObject({ expected: 13, low: 13, high: 13, share: 0 });
});

test("signs are developed each by itself: a balance of flows near zero does not explode", () => {
  const precedents = Array.from({ length: 12 }, (_, i) => ({
    before: { up: 50 + i, down: -(25 + i) },
    final: { up: 100 + 2 * i, down: -(100 + 4 * i) },
  }));
  const found = nowcast({ up: 60, down: -60 }, precedents);
  expect(found?.known).toBe(0);
  expect(found?.expected).toBeCloseTo(120 - 240, 6);
});

/** The three ways written out plainly, window by window: what the columns have to come to, to the last bit. */
function plainly(held: Amount, precedents: readonly Precedent[]): number[] {
  const n = precedents.length;
  const k = Math.floor(((n + 1) * (1 - COVERAGE)) / 2 + 1e-9);
  const of = (sign: "up" | "down") => ({
    before: precedents.reduce((all, p) => all + p.before[sign], 0),
    final: precedents.reduce((all, p) => all + p.final[sign], 0),
  });
  type Totals = ReturnType<typeof of>;
  const [rise, fall] = [of("up"), of("down")];
  const added = (x: number, { before, final }: Totals): number => x + (final - before) / n;
  const ways = [
    (x: number, t: Totals) => (x !== 0 && t.before !== 0 ? (x * t.final) / t.before : added(x, t)),
    added,
    (x: number, t: Totals) => {
      const share = t.final === 0 ? 1 : t.before / t.final;
      return share > 0 ? x + (1 - share) * added(x, t) : added(x, t);
    },
  ];
  const smallest = Math.max((rise.final - fall.final) / n / 100, Number.MIN_VALUE);
  const misses = ways.map(way =>
    precedents.map(p => p.final.up + p.final.down - way(p.before.up, rise) - way(p.before.down, fall)),
  );
  const sums = misses.map(list => list.reduce((all, e) => all + Math.abs(e), 0));
  let best = 0;
  for (let w = 1; w < ways.length; w++) if (sums[w] < sums[best] * (1 - 1e-9)) best = w;
  const way = ways[best];
  const errors = precedents
    .map((p, i) => misses[best][i] / Math.sqrt(Math.max(way(p.before.up, rise) - way(p.before.down, fall), smallest)))
    .sort((a, b) => a - b);
  const [a, b] = [way(held.up, rise), way(held.down, fall)];
  const scale = Math.sqrt(Math.max(a - b, smallest));
  const sum = held.up + held.down;
  const clamp = (x: number): number =>
    Math.min(
      Math.max(x, fall.final === 0 && held.down === 0 ? sum : -Infinity),
      rise.final === 0 && held.up === 0 ? sum : Infinity,
    );
  const [low, high] = [clamp(a + b + errors[k - 1] * scale), clamp(a + b + errors[n - k] * scale)];
  return [Math.min(Math.max(a + b, low), high), low, high];
}

test("in columns it comes to the same, to the last bit, as window by window", () => {
  const next = random(77);
  for (let i = 0; i < 2_000; i++) {
    const n = 9 + Math.floor(next() ** 3 * 120);
    const [rises, falls] = [next() < 0.8, next() < 0.5];
    const whole = next() < 0.5;
    const done = next() < 0.1;
    const size = (): number => (next() < 0.2 ? 0 : whole ? Math.floor(next() * 9) : next() * 100);
    const of = (up: number, down: number): Amount => ({ up: rises ? up : 0, down: falls ? -down : 0 });
    const precedents = Array.from({ length: n }, () => {
      const final = of(size(), size());
      const share = done ? 1 : next() < 0.3 ? 0 : whole ? 1 : next();
      return { before: of(final.up * share, -final.down * share), final };
    });
    const held = { up: size(), down: -size() };
    const found = nowcast(held, precedents);
    expect([found?.expected, found?.low, found?.high].map(v => (v as number) + 0)).toEqual(
      plainly(held, precedents).map(v => v + 0),
    );
  }
});

test("the point lies within its band, and a window of full age is what it holds", () => {
  const next = random(5);
  for (let i = 0; i < 300; i++) {
    const precedents = Array.from({ length: 9 + Math.floor(next() * 40) }, () => {
      const final = next() < 0.2 ? 0 : next() * 100;
      return up(next() < 0.3 ? 0 : final * next(), final);
    });
    const found = nowcast(known(next() < 0.2 ? 0 : next() * 50), precedents);
    expect(found?.low).toBeLessThanOrEqual(found?.expected as number);
    expect(found?.expected).toBeLessThanOrEqual(found?.high as number);
    const done = nowcast(
      known(7),
      precedents.map(p => ({ before: p.final, final: p.final })),
    );
    expect(done?.expected).toBeCloseTo(7, 9);
  }
});

for (const windows of [9, 19, 60])
  test(`the band of ${windows} windows holds the truth about as often as it says`, () => {
    const next = random(100 + windows);
    // Windows of very different size, each with rows that come with delays of a heavy tail.
    const window = (age: number): Precedent => {
      const rows = 5 + Math.floor(next() * next() * 200);
      const slow = 0.5 + next();
      let then = 0;
      let final = 0;
      for (let i = 0; i < rows; i++) {
        const value = next() * 10;
        final += value;
        if (next() * 10 + slow * (1 / (1 - next()) - 1) <= age) then += value;
      }
      return up(then, final);
    };
    let held = 0;
    let better = 0;
    const times = 2_000;
    for (let i = 0; i < times; i++) {
      const age = 4 + next() * 10;
      const precedents = Array.from({ length: windows }, () => window(age));
      const truth = window(age);
      const found = nowcast(truth.before, precedents);
      if (found === null) throw new Error("There are enough windows.");
      if (found.low <= truth.final.up && truth.final.up <= found.high) held++;
      if (Math.abs(found.expected - truth.final.up) < Math.abs(truth.before.up - truth.final.up)) better++;
    }
    // Three standard deviations of 2,000 draws are 2.7 %.
    expect(Math.abs(held / times - COVERAGE)).toBeLessThan(0.04);
    expect(better / times).toBeGreaterThan(0.8);
  });

test("places of age go on without a jump, and tell a window's first hour from its last", () => {
  const length = 3_600_000;
  let before = 0;
  for (let age = 0; age < 400 * length; age += length / 50) {
    const place = placeOf(age, length);
    expect(place).toBeGreaterThanOrEqual(before);
    if (age > 0 && place < PLACES - 1) expect(place).toBeGreaterThan(before);
    expect(place - before).toBeLessThan(1.1);
    before = place;
  }
  expect(placeOf(-5, length)).toBe(0);
  expect(placeOf(length, length)).toBe(24);
  expect(before).toBe(PLACES - 1);
  const curve = Float64Array.from({ length: PLACES }, (_, i) => i * 10);
  expect(curveAt(curve, 3.25)).toBeCloseTo(32.5);
  expect(curveAt(curve, PLACES - 1)).toBe((PLACES - 1) * 10);
});
