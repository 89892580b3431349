import fc from "fast-check";
import { expect, test } from "vitest";
import { difference, Unit } from "../../src/engine/decimal.ts";
import { SumForest } from "../../src/engine/sum-forest.ts";
import { SumTree } from "../../src/engine/sum-tree.ts";

/** Few times, so that many are equal, and mostly forward, so that all parts of the tree come into play. */
const entries = fc
  .array(fc.record({ jump: fc.integer({ min: -30, max: 30 }), amount: fc.integer({ min: -9, max: 9 }) }), {
    minLength: 1,
    maxLength: 60,
  })
  .chain(list => fc.constantFrom(1, 7, 60).map(repeat => Array.from({ length: repeat }, () => list).flat()));

test("gives balances, later counts and as-of sums as a plain list does, through splits and restores", () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 0, max: 2 }), (list, backwards) => {
      let tree = new SumTree();
      const naive: { time: number; amount: number; arrival: number }[] = [];
      list.forEach(({ jump, amount }, i) => {
        const time = (backwards === 1 ? -i : backwards === 2 ? (i * 7919) % 997 : i) + jump;
        const later = tree.insert(time, amount, i);
        let place = naive.length;
        while (place > 0 && naive[place - 1].time > time) place--;
        naive.splice(place, 0, { time, amount, arrival: i });
        if (later !== naive.length - 1 - place) throw new Error(`later ${later} at ${i}`);
        if (i % 50 === 0) {
          expect(tree.balance).toBe(naive.filter(e => e.time <= time).reduce((sum, e) => sum + e.amount, 0));
          tree = new SumTree(undefined, structuredClone(tree.snapshot()));
        }
      });
      const seen: unknown[] = [];
      tree.forEach((time, amount, arrival) => seen.push({ time, amount, arrival }));
      expect(seen).toEqual(naive);
      expect(tree.size).toBe(naive.length);
      for (let q = 0; q < 12; q++) {
        const time = naive[(q * 31) % naive.length].time + (q % 3) - 1;
        const until = naive.filter(e => e.time <= time);
        expect(tree.sumUntil(time)).toBe(until.reduce((sum, e) => sum + e.amount, 0));
        const known = (q * naive.length) / 12;
        const sum = until.filter(e => e.arrival <= known).reduce((s, e) => s + e.amount, 0);
        expect(tree.sumKnown(time, known)).toBe(sum);
      }
    }),
    { numRuns: 60 },
  );
});

/** How far apart times are, what amounts are in units, and whether some rows do not fit to the others. */
const kinds = fc.record({
  stretch: fc.constantFrom(1, 86_400_000, 1e10),
  unit: fc.constantFrom(1, 0.5, 3e9),
  odd: fc.boolean(),
});

test("keeps what fits into 32 bits and what does not alike, before and after a change of unit", () => {
  fc.assert(
    fc.property(entries, kinds, (list, { stretch, unit, odd }) => {
      const forest = new SumForest();
      const tree = forest.plant();
      const naive: { time: number; amount: number; arrival: number }[] = [];
      let factor = 1;
      list.forEach(({ jump, amount }, i) => {
        if (i === list.length >> 1) forest.scale((factor = 2 ** 28));
        if (i === (list.length * 3) >> 2) {
          forest.scale(1 / factor);
          factor = 1;
        }
        const time = (i + jump) * stretch + (odd && i % 97 === 0 ? 0.5 : 0);
        const units = amount * (odd && i % 101 === 0 ? 3e9 : unit);
        const arrival = i < 9 ? -Infinity : i * stretch;
        const later = forest.insertOne(tree, time, units * factor, arrival);
        let place = naive.length;
        while (place > 0 && naive[place - 1].time > time) place--;
        naive.splice(place, 0, { time, amount: units, arrival });
        if (later !== naive.length - 1 - place) throw new Error(`later ${later} at ${i}`);
      });
      const seen: unknown[] = [];
      forest.forEach(tree, (time, amount, arrival) => seen.push({ time, amount: amount + 0, arrival }));
      expect(seen).toEqual(naive.map(e => ({ ...e, amount: e.amount + 0 })));
      const again = new SumForest();
      again.plant();
      const restored = again.restore(structuredClone(forest.snapshot(tree)));
      for (let q = 0; q < 8; q++) {
        const time = naive[(q * 31) % naive.length].time + (q % 3) - 1;
        const until = naive.filter(e => e.time <= time);
        const sum = until.reduce((s, e) => s + e.amount, 0);
        expect(forest.sumUntil(tree, time)).toBe(sum);
        expect(again.sumUntil(restored, time)).toBe(sum);
        const known = (q * naive.length * stretch) / 8;
        const early = until.filter(e => e.arrival <= known).reduce((s, e) => s + e.amount, 0);
        expect(forest.sumKnown(tree, time, known)).toBe(early);
      }
    }),
    { numRuns: 60 },
  );
});

test("costs the same for a late row however many balances it restates", () => {
  const tree = new SumTree();
  for (let i = 0; i < 200_000; i++) tree.insert(i, 1, i);
  expect(tree.insert(-1, 5, 200_000)).toBe(200_000);
  expect(tree.insert(99_999.5, 5, 200_001)).toBe(100_000);
  expect(tree.balance).toBe(100_010);
  expect(tree.sumUntil(Infinity)).toBe(200_010);
});

test("counts decimals exactly, and says when it cannot", () => {
  const unit = new Unit();
  let sum = 0;
  let bound = 0;
  for (const amount of [1, 0.1, 0.2, -0.25, 1e9]) {
    const units = unit.count(amount, bound, by => {
      sum *= by;
      bound *= by;
    });
    sum += units;
    bound += Math.abs(units);
  }
  expect(unit.exact).toBe(true);
  expect(unit.amount(sum)).toBe(1_000_000_001.05);
  unit.count(1 / 3, bound, by => {
    sum *= by;
  });
  expect(unit.exact).toBe(false);
  expect(sum).toBeCloseTo(1_000_000_001.05, 6);
  expect(difference(0.3, 0.1)).toBe(0.2);
  expect(difference(1 / 3, 0)).toBe(1 / 3);
});
