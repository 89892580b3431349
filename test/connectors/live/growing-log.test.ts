/** Logs that grow: any cutting gives the log that a decoder of the whole recording gives, at a cost of what is new. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rowAt } from "../../../src/columns/batch.ts";
import { GrowingLog } from "../../../src/connectors/live/growing-log.ts";
import { recordedLine } from "../../../src/connectors/live/envelope.ts";
import { type LiveReading, sampleTypes } from "../../../src/connectors/live/sample.ts";

const reading: LiveReading = {
  file: "here",
  eventTime: { column: "t", unit: "ms", timeZone: null },
  partition: "p",
  types: {},
};

const record = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .record(
        {
          t: fc.integer({ min: 1, max: 1e6 }),
          p: fc.constantFrom("x", "y", null),
          n: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
          ok: fc.option(fc.boolean()),
          text: fc.option(fc.string()),
          deep: fc.option(fc.constantFrom({ a: [1] }, [2], {})),
        },
        { requiredKeys: ["t"] },
      )
      .map(row => JSON.stringify(row)),
  },
  { weight: 1, arbitrary: fc.constantFrom("{", "[1]", '{"p":"x"}', '{"t":5,"n":"no number"}') },
);

const TYPES = { t: "timestamp", p: "string", n: "number", ok: "boolean", text: "string", deep: "json" } as const;

describe("a growing log", () => {
  test("is what was there before, and more", () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(60), { maxLength: 6 }),
        (texts, cuts) => {
          const lines = texts.map(
            (text, i) => `${recordedLine(text, { arrival: 1_000 + i, offset: i, partition: "p" })}\n`,
          );
          const whole = new GrowingLog(reading, TYPES);
          whole.push(lines.join(""));
          const expected = whole.log(null, 9_000);
          const log = new GrowingLog(reading, TYPES);
          const seen: ReturnType<GrowingLog["log"]>[] = [];
          let at = 0;
          for (const cut of [...cuts.map(c => c % lines.length).sort((a, b) => a - b), lines.length]) {
            log.push(lines.slice(at, cut).join(""));
            at = cut;
            seen.push(log.log(1_000 + cut, null));
          }
          for (const part of [...seen, log.log(null, 9_000)]) {
            expect(part.batch.schema).toEqual(expected.batch.schema);
            for (let row = 0; row < part.batch.length; row++)
              expect(rowAt(part.batch, row)).toEqual(rowAt(expected.batch, row));
            const count = part.batch.length;
            expect([...part.time]).toEqual([...expected.time.subarray(0, count)]);
            expect([...part.arrival]).toEqual([...expected.arrival.subarray(0, count)]);
            expect([...(part.partition as Int32Array)]).toEqual([
              ...(expected.partition as Int32Array).subarray(0, count),
            ]);
            for (let e = 0; e < part.errors.length; e++)
              expect(rowAt(part.errors, e)).toEqual(rowAt(expected.errors, e));
          }
          const last = log.log(null, 9_000);
          expect([last.batch.length, last.errors.length, last.known, last.ended]).toEqual([
            expected.batch.length,
            expected.errors.length,
            undefined,
            9_000,
          ]);
          expect(last.batch.length + last.errors.length).toBe(texts.length);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("has its partitions before the first row, and one dictionary for good", () => {
    const log = new GrowingLog(reading, TYPES);
    const empty = log.log(5, null);
    expect(empty.partition).toHaveLength(0);
    log.push(`${recordedLine('{"t":1,"p":"x"}', { arrival: 6, offset: 0, partition: "p" })}\n`);
    const one = log.log(7, null);
    expect(one.partitions).toBe(empty.partitions);
    expect(one.partitions?.value((one.partition as Int32Array)[0])).toBe("x");
  });

  test("costs what is new: a hundred thousand rows in batches of ten", () => {
    const log = new GrowingLog(reading, TYPES);
    const batch = Array.from(
      { length: 10 },
      (_, i) =>
        `${recordedLine(`{"t":${i + 1},"n":${i % 2 === 0 ? i : null}, "ok": true}`, { arrival: 1, offset: i, partition: null })}\n`,
    ).join("");
    const took = (rounds: number): number => {
      const began = performance.now();
      for (let i = 0; i < rounds; i++) {
        log.push(batch);
        log.log(1, null);
      }
      return performance.now() - began;
    };
    const best = (rounds: number): number => Math.min(took(rounds), took(rounds), took(rounds));
    took(500);
    const first = best(500);
    took(6_000);
    const later = best(500);
    expect(log.rows).toBe(95_000);
    // Copying everything per batch would make the later ones cost tens of times as much.
    expect(later).toBeLessThan(8 * first + 20);
  });
});

describe("the columns of the first rows", () => {
  const of = (lines: readonly string[], more: Partial<LiveReading> = {}, mixed: "json" | "string" = "json") =>
    sampleTypes(lines, { ...reading, partition: null, ...more }, mixed);

  test("are told from their values; stated types stand", () => {
    expect(of(['{"t":1,"a":1,"b":"x","c":true,"d":{"e":1},"_offset":1}'], { types: { a: "string" } })).toEqual({
      t: "timestamp",
      a: "string",
      b: "string",
      c: "boolean",
      d: "json",
    });
    expect(of(['{"t":1,"a":1}', '{"t":2,"a":"x"}'])).toEqual({ t: "timestamp", a: "json" });
    expect(of(['{"t":1,"a":1}', '{"t":2,"a":"x"}'], {}, "string")).toEqual({ t: "timestamp", a: "string" });
    expect(of(["no json", "{"])).toBeNull();
  });

  test("what cannot work is said in a sentence", () => {
    expect(() => of(['{"when":1}'])).toThrow('no row has the field "t", which eventTime names. They have: when.');
    expect(() => of(['{"t":1}'], { partition: "p" })).toThrow(
      /no column "p" for partition in the first rows. They have: t/,
    );
  });
});
