/** The replay as an instrument: breakpoints, seeded faults, two replays and their difference. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { OutputHash } from "../../src/engine/output-hash.ts";
import type { TransportAction } from "../../src/protocol/session.ts";
import { disturbing } from "../../src/pipeline/faults.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import { openStream, runOf } from "../../src/session/headless.ts";
import { code, Harness } from "./harness.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const scores = code(
  1,
  `const scores = source("streaming-101.jsonl", {eventTime: "event_time", arrivalTime: "processing_time", watermark: bounded("3 min")});`,
);
const sums = (id: number, name: string, late: boolean) =>
  code(
    id,
    `const ${name} = scores.groupby("key").window(fixed("2 min"))${late ? `.allowedLateness("unbounded")` : ""}.rollup({score: d => op.sum(d.value)})`,
  );

const values = (harness: Harness, view: string, column: string): unknown[] => {
  const found = harness.table(view).page.columns.find(c => c.name === column);
  return found === undefined ? [] : Array.from(found.values as ArrayLike<unknown>);
};

async function opened(...more: ReturnType<typeof code>[]): Promise<Harness> {
  const harness = new Harness();
  harness.show([scores, ...more]);
  harness.watch("1.scores", ...more.map(cell => `${cell.id}.${/const (\w+)/.exec(cell.source)?.[1]}`));
  await harness.pass();
  return harness;
}

async function act(harness: Harness, action: TransportAction): Promise<void> {
  harness.session.receive({ type: "transport", action });
  await harness.pass();
}

describe("breakpoints", () => {
  test("a replay stops at the first row that satisfies the predicate, and goes on from there", async () => {
    const harness = await opened();
    await act(harness, { kind: "breakpoint", stream: "scores", predicate: "d.value >= 8" });
    await act(harness, { kind: "end" });
    expect(harness.transport?.paused).toEqual({
      stream: "scores",
      at: Date.parse("2015-08-05T12:07:06Z"),
      row: expect.objectContaining({ value: 8 }),
    });
    expect(harness.transport).toMatchObject({ rows: 5, playing: false, finished: false });
    expect(values(harness, "1.scores", "value").at(-1)).toBe(8);
    await act(harness, { kind: "play" });
    expect(harness.transport?.paused?.row).toMatchObject({ value: 9 });
    await act(harness, { kind: "play" });
    expect(harness.transport).toMatchObject({ paused: expect.objectContaining({ stream: "scores" }) });
    await act(harness, { kind: "play" });
    expect(harness.transport).toMatchObject({ paused: null, finished: true });
  });

  test("a firing window stops the replay, wherever steps begin; a seek does not stop", async () => {
    const harness = await opened(sums(2, "sums", true));
    await act(harness, { kind: "breakpoint", stream: "2.sums", predicate: null });
    await act(harness, { kind: "seek", to: Date.parse("2015-08-05T12:09:00Z") });
    expect(harness.transport?.paused).toBeNull();
    await act(harness, { kind: "restart" });
    await act(harness, { kind: "end" });
    const first = harness.transport;
    expect(first?.paused?.stream).toBe("2.sums");
    expect(values(harness, "2.sums", "score")).toHaveLength(1);
    // The same moment, found by single steps.
    await act(harness, { kind: "breakpoint", stream: "2.sums", predicate: null, remove: true });
    await act(harness, { kind: "restart" });
    await act(harness, { kind: "step", by: "window" });
    expect(harness.transport).toMatchObject({ rows: first?.rows, now: first?.now, breakpoints: [] });
  });

  test("what cannot stop anything says why", async () => {
    const harness = await opened();
    await act(harness, { kind: "breakpoint", stream: "scores", predicate: "d.valu > 3" });
    expect(harness.transport?.breakpoints?.[0].error).toMatch(/valu/);
    await act(harness, { kind: "breakpoint", stream: "nobody", predicate: null });
    expect(harness.transport?.breakpoints?.[1].error).toBe('There is no stream "nobody" in the notebook.');
  });
});

describe("steps backwards", () => {
  test.each(["row", "window", "watermark"] as const)("by %s undo steps forwards", async by => {
    const harness = await opened(sums(2, "sums", true));
    const seen: unknown[] = [];
    const state = () => [
      harness.transport?.rows,
      harness.transport?.now,
      harness.transport?.watermark,
      values(harness, "1.scores", "value"),
      values(harness, "2.sums", "score"),
    ];
    await act(harness, { kind: "seek", to: 0 });
    for (let i = 0; i < 20 && harness.transport?.finished !== true; i++) {
      seen.push(state());
      await act(harness, { kind: "step", by });
    }
    // Back over what was seen, from the last state but the end of all.
    const states = seen.slice(1);
    expect(states.length).toBeGreaterThan(1);
    for (const expected of states.reverse()) {
      await act(harness, { kind: "step", by, back: true });
      expect(state()).toEqual(expected);
    }
    await act(harness, { kind: "step", by, back: true });
    expect(harness.transport).toMatchObject({ rows: 0, now: null, finished: false });
  });
});

describe("faults", () => {
  test("are the same for the same seed, and gone without", async () => {
    const text = await readFile(resolve(ROOT, "notebooks/bank-day-totals.html"), "utf8");
    const daily = await openStream(text, "daily", {
      file: "bank-day-totals.html",
      read: async file => readFile(resolve(ROOT, "samples", file)),
      now: () => 0,
      defer: work => void setImmediate(work),
    });
    const digest = (faults: Parameters<typeof disturbing>[0] | null): string => {
      const hash = new OutputHash();
      const stream = faults === null ? daily.stream : new Stream(disturbing(faults)(daily.stream.node));
      const { run } = runOf({ ...daily, stream }, { onChanges: (flow, step) => hash.apply(flow, step) });
      run.finish();
      return `${hash.rows} ${hash.digest()}`;
    };
    const plain = digest(null);
    const options = { seed: 7, delay: "20 min", reorder: 0.1, drop: 0.01, duplicate: 0.01 };
    const disturbed = digest(options);
    expect(digest({ ...options })).toBe(disturbed);
    expect(disturbed).not.toBe(plain);
    expect(digest({ ...options, seed: 8 })).not.toBe(disturbed);
    expect(digest({})).toBe(plain);
  });

  test("are switched on and off in mid-replay, which stays where it was", async () => {
    const harness = await opened(sums(2, "sums", true));
    await act(harness, { kind: "end" });
    const before = values(harness, "2.sums", "score");
    await act(harness, { kind: "faults", options: { seed: 3, drop: 0.5 } });
    const rows = harness.table("1.scores").total;
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(9);
    expect(values(harness, "2.sums", "score")).not.toEqual(before);
    expect(harness.transport).toMatchObject({ faults: { seed: 3, drop: 0.5 }, finished: true, rows: 9 });
    await act(harness, { kind: "faults", options: { drop: 5 } });
    expect(harness.transport?.faultsError).toBe("The share of rows lost must be from 0 to 1, not 5.");
    await act(harness, { kind: "faults", options: null });
    expect(values(harness, "2.sums", "score")).toEqual(before);
    expect(harness.table("1.scores").total).toBe(9);
  });
});

describe("difference", () => {
  test("shows the windows in which two replays differ, live, and nothing where they agree", async () => {
    const strict = sums(2, "strict", false);
    const lenient = sums(3, "lenient", true);
    const differ = code(4, `const differ = difference(strict, lenient)`);
    const harness = await opened(strict, lenient, differ);
    await act(harness, { kind: "seek", to: Date.parse("2015-08-05T12:08:00Z") });
    expect(harness.table("4.differ").total).toBe(0);
    await act(harness, { kind: "end" });
    const a = values(harness, "2.strict", "score");
    const b = values(harness, "3.lenient", "score");
    expect(a).not.toEqual(b);
    const unlike = a.flatMap((score, i) => (score === b[i] ? [] : [[score, b[i]]]));
    const shown = values(harness, "4.differ", "score_a").map((score, i) => [
      score,
      values(harness, "4.differ", "score_b")[i],
    ]);
    expect(shown).toEqual(unlike);
  });

  test("asks for the columns where a stream does not say them", async () => {
    const harness = await opened(code(2, `const differ = difference(scores, scores)`));
    expect(harness.cells.get(2)?.error?.message).toMatch(/which row is which/);
  });
});
