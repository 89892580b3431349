/** Two replays side by side: the pinned one, the present one and their difference, each against a session of its own. */
import { expect, test } from "vitest";
import type { ComparedOutput, Comparison } from "../../src/protocol/comparison.ts";
import type { CellText, TransportAction } from "../../src/protocol/session.ts";
import { code, Harness } from "./harness.ts";

type Row = Readonly<Record<string, unknown>>;

const SCORES = code(
  2,
  `const scores = source("streaming-101.jsonl", {eventTime: "event_time", arrivalTime: "processing_time", watermark: bounded(delay)});`,
);
const slider = (value: string): CellText =>
  code(1, `const delay = view(durationSlider(["0 s", "10 min"], {label: "Delay", value: "${value}"}))`);
const sums = (more = ""): CellText =>
  code(
    3,
    `const sums = scores.groupby("key").window(fixed("2 min"))${more}.rollup({score: d => op.sum(d.value), best: d => op.max(d.value)})`,
  );
const DROPPED = code(4, `const dropped = sums.late()`);
const COUNT = code(5, `const count = scores.groupby("key").rollup({n: op.count()})`);
const MAP = code(6, `timeMap(sums)`);
const PAGE = [slider("0 s"), SCORES, sums(), DROPPED, COUNT, MAP];
const TABLES = ["2.scores", "3.sums", "4.dropped", "5.count"];

async function opened(cells: readonly CellText[] = PAGE): Promise<Harness> {
  const harness = new Harness();
  harness.show(cells);
  harness.watch(...TABLES, ...TABLES.flatMap(view => [`pinned:${view}`, `difference:${view}`]), "6#0", "pinned:6#0");
  await harness.pass();
  return harness;
}

async function act(harness: Harness, action: TransportAction): Promise<void> {
  harness.session.receive({ type: "transport", action });
  await harness.pass();
}

async function pin(harness: Harness, pinned = true): Promise<void> {
  harness.session.receive({ type: "pin", pinned });
  await harness.pass();
}

async function moveSlider(harness: Harness, minutes: number): Promise<void> {
  harness.session.receive({ type: "input", cell: 1, index: 0, value: minutes * 60_000 });
  await harness.pass();
}

function rows(harness: Harness, view: string): Row[] {
  const { page } = harness.table(view);
  return Array.from({ length: page.length }, (_, i) =>
    Object.fromEntries(page.columns.map(({ name, values }) => [name, values[i]])),
  );
}

function comparison(harness: Harness): Comparison | null {
  const last = harness.messages.findLast(m => m.type === "comparison");
  return last?.type === "comparison" ? last.comparison : null;
}

function differing(harness: Harness, view: string): Extract<ComparedOutput, { state: "differs" }> {
  const output = comparison(harness)?.outputs[view];
  if (output?.state !== "differs") throw new Error(`${view} does not differ but is ${output?.state}`);
  return output;
}

/** The difference of two rollups by key and window, worked out by hand. */
function byHand(now: readonly Row[], pinned: readonly Row[]): Row[] {
  const key = (row: Row): string => `${row["window_start"]} ${row["key"]}`;
  const keys = [...new Set([...now, ...pinned].map(key))].toSorted();
  return keys.flatMap(k => {
    const [a, b] = [now.find(row => key(row) === k), pinned.find(row => key(row) === k)];
    const what = b === undefined ? "only now" : a === undefined ? "only pinned" : "changed";
    const same = ["score", "best"].every(name => a?.[name] === b?.[name]);
    return same ? [] : [{ key: k, score: [b?.["score"] ?? NaN, a?.["score"] ?? NaN], what }];
  });
}

const shown = (differences: readonly Row[]): Row[] =>
  differences
    .map(row => ({
      key: `${row["window_start"]} ${row["key"]}`,
      score: [row["score pinned"], row["score now"]],
      what: row["what"],
    }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));

test("what does not differ is there once: a pinned replay adds no node", async () => {
  const harness = await opened();
  await act(harness, { kind: "end" });
  const nodes = () => harness.messages.findLast(m => m.type === "graph")?.nodes.length;
  const before = nodes();
  await pin(harness);
  expect(nodes()).toBe(before);
  expect(comparison(harness)?.settings).toEqual([]);
  expect(Object.values(comparison(harness)?.outputs ?? {}).map(o => o.state)).toEqual(Array(5).fill("same"));
});

test("both replays and their difference are right at every moment, forwards and backwards", async () => {
  const harness = await opened();
  await pin(harness);
  await moveSlider(harness, 5);
  const [strict, patient] = [await opened(), await opened([slider("5 min"), ...PAGE.slice(1)])];
  const minutes = [7, 8, 9, 8.5, 10, 7.5];
  let differed = 0;
  for (const minute of [...minutes, null]) {
    const action: TransportAction =
      minute === null ? { kind: "end" } : { kind: "seek", to: Date.UTC(2015, 7, 5, 12) + minute * 60_000 };
    for (const each of [harness, strict, patient]) await act(each, action);
    for (const view of ["3.sums", "4.dropped"]) {
      expect(rows(harness, view), `${view} now, ${minute}`).toEqual(rows(patient, view));
      expect(rows(harness, `pinned:${view}`), `${view} pinned, ${minute}`).toEqual(rows(strict, view));
    }
    const expected = byHand(rows(patient, "3.sums"), rows(strict, "3.sums"));
    expect(shown(rows(harness, "difference:3.sums")), `difference, ${minute}`).toEqual(expected);
    const { rows: counts } = differing(harness, "3.sums");
    const how = (what: string): number => expected.filter(row => row["what"] === what).length;
    expect(counts).toMatchObject({
      by: "key",
      on: ["key", "window_start", "window_end"],
      changed: how("changed"),
      onlyNow: how("only now"),
      onlyPinned: how("only pinned"),
    });
    const sum = (of: readonly Row[]): number => of.reduce((all, row) => all + Number(row["score"]), 0);
    // Maxima do not add up to anything.
    expect(counts?.sums).toEqual([
      { column: "score", pinned: sum(rows(strict, "3.sums")), now: sum(rows(patient, "3.sums")) },
    ]);
    expect(comparison(harness)?.dropped).toEqual({
      pinned: strict.transport?.dropped,
      now: patient.transport?.dropped,
    });
    // The bar goes on counting for the present replay alone.
    expect(harness.transport).toMatchObject({
      dropped: patient.transport?.dropped,
      late: patient.transport?.late,
      watermark: patient.transport?.watermark,
      rows: patient.transport?.rows,
    });
    differed += expected.length;
  }
  expect(differed).toBeGreaterThan(4);
  expect(differing(harness, "3.sums").settings).toEqual([
    { text: "Delay 0 s → 5 min", pinned: "Delay 0 s", now: "Delay 5 min" },
  ]);
});

test("steps by row, window and watermark, forwards and back, leave both replays at the same row", async () => {
  const harness = await opened();
  await pin(harness);
  await moveSlider(harness, 5);
  const strict = await opened();
  const patient = await opened([slider("5 min"), ...PAGE.slice(1)]);
  const seen: number[] = [];
  const agree = async (): Promise<void> => {
    const now = harness.transport?.now ?? null;
    for (const each of [strict, patient]) {
      await act(each, { kind: "restart" });
      if (now !== null) await act(each, { kind: "seek", to: now });
    }
    seen.push(harness.transport?.rows ?? -1);
    expect(harness.transport?.rows).toBe(strict.transport?.rows);
    expect(rows(harness, "3.sums")).toEqual(rows(patient, "3.sums"));
    expect(rows(harness, "pinned:3.sums")).toEqual(rows(strict, "3.sums"));
  };
  for (const by of ["row", "row", "window", "watermark", "row"] as const) {
    await act(harness, { kind: "step", by });
    await agree();
  }
  for (const by of ["row", "window", "watermark", "row"] as const) {
    await act(harness, { kind: "step", by, back: true });
    await agree();
  }
  expect(seen.slice(0, 2)).toEqual([1, 2]);
  expect(seen[4]).toBe(seen[3] + 1);
  expect(seen[5]).toBe(seen[3]);
  for (let i = 6; i < seen.length; i++) expect(seen[i]).toBeLessThan(seen[i - 1]);
});

test("another watermark makes no other rows of a log, nor of a count without windows; of a chart it makes another chart", async () => {
  const harness = await opened();
  await pin(harness);
  await moveSlider(harness, 5);
  await act(harness, { kind: "end" });
  const states = Object.entries(comparison(harness)?.outputs ?? {}).map(([view, { state }]) => [view, state]);
  expect(states).toEqual([
    ["2.scores", "same"],
    ["3.sums", "differs"],
    ["4.dropped", "differs"],
    ["5.count", "same"],
    ["6#0", "differs"],
  ]);
  expect(differing(harness, "6#0")).toMatchObject({ pinned: { chart: "timeMap" }, rows: null, reason: null });
  expect(harness.views.get("pinned:6#0")?.kind).toBe("chart");
  // Two rows came too late for the strict one, none for the patient one.
  expect(differing(harness, "4.dropped").rows).toMatchObject({
    by: "row",
    changed: 0,
    onlyNow: 0,
    onlyPinned: 2,
    sums: [{ column: "rows", pinned: 2, now: 0 }],
  });
  expect(rows(harness, "difference:4.dropped").map(row => [row["value"], row["what"]])).toEqual([
    [8, "only pinned"],
    [9, "only pinned"],
  ]);
});

test("an edit in mid-replay changes the present replay alone, and says which cell it was", async () => {
  const harness = await opened();
  await act(harness, { kind: "seek", to: Date.UTC(2015, 7, 5, 12, 8, 30) });
  await pin(harness);
  const edited = PAGE.map(cell => (cell.id === 3 ? sums(`.allowedLateness("unbounded")`) : cell));
  harness.show(edited);
  await harness.pass();
  await act(harness, { kind: "end" });
  const [before, after] = [await opened(), await opened(edited)];
  for (const each of [before, after]) await act(each, { kind: "end" });
  expect(rows(harness, "pinned:3.sums")).toEqual(rows(before, "3.sums"));
  expect(rows(harness, "3.sums")).toEqual(rows(after, "3.sums"));
  expect(shown(rows(harness, "difference:3.sums"))).toEqual(byHand(rows(after, "3.sums"), rows(before, "3.sums")));
  expect(differing(harness, "3.sums").settings.map(s => s.text)).toEqual(["cell sums edited"]);
  // Back to the old text there is nothing to show any more.
  harness.show(PAGE);
  await harness.pass();
  expect(comparison(harness)?.outputs["3.sums"]).toEqual({ state: "same" });
  expect(comparison(harness)?.settings).toEqual([]);
});

test("faults disturb the present replay alone, or were pinned with it", async () => {
  const harness = await opened();
  await pin(harness);
  await act(harness, { kind: "faults", options: { seed: 3, drop: 0.5 } });
  await act(harness, { kind: "end" });
  const settings = (): string[] => differing(harness, "5.count").settings.map(s => s.text);
  expect(settings()).toEqual(["faults: none → 50 % lost, seed 3"]);
  expect(rows(harness, "pinned:5.count")).toEqual([{ key: "team", n: 9 }]);
  // The graph names what is there now, not what was pinned as well.
  const graph = harness.messages.findLast(m => m.type === "graph");
  expect(graph?.type === "graph" && graph.nodes.filter(n => n.names.includes("count"))).toHaveLength(1);
  const [{ n: left }] = rows(harness, "5.count");
  expect(left).toBeLessThan(9);
  expect(rows(harness, "difference:5.count")).toEqual([
    { key: "team", "n pinned": 9, "n now": left, "n Δ": Number(left) - 9, what: "changed" },
  ]);
  // Pinned again, it is the disturbed one that stays.
  await pin(harness);
  await act(harness, { kind: "faults", options: null });
  await act(harness, { kind: "end" });
  expect(rows(harness, "pinned:5.count")).toEqual([{ key: "team", n: left }]);
  expect(rows(harness, "5.count")).toEqual([{ key: "team", n: 9 }]);
  expect(settings()).toEqual(["faults: 50 % lost, seed 3 → none"]);
});

test("unpinned, nothing is left of it", async () => {
  const harness = await opened();
  const nodes = () => harness.messages.findLast(m => m.type === "graph")?.nodes.length;
  await pin(harness);
  await moveSlider(harness, 5);
  await act(harness, { kind: "end" });
  const both = nodes() ?? 0;
  await pin(harness, false);
  expect(comparison(harness)).toBeNull();
  expect(nodes()).toBeLessThan(both);
  harness.views.delete("pinned:3.sums");
  await act(harness, { kind: "restart" });
  await act(harness, { kind: "end" });
  expect(harness.views.has("pinned:3.sums")).toBe(false);
  expect(rows(harness, "3.sums")).toHaveLength(4);
});

test("a key that is null is a key, a column of one side is named, and keys that cannot be matched say so", async () => {
  const log = code(
    1,
    `const log = rows([{at: 1, k: "a", v: 1}, {at: 2, k: null, v: 5}, {at: 3, k: "b", v: 7}], {eventTime: "at"})`,
  );
  const by = (rollup: string, key = "k"): CellText =>
    code(3, `const sums = log.filter(d => d.v < limit).groupby("${key}").rollup(${rollup})`);
  const limit = (value: number): CellText => code(2, `const limit = ${value}`);
  const harness = await opened([log, limit(10), by("{n: op.count()}")]);
  await pin(harness);
  harness.show([log, limit(6), by("{n: op.count(), most: d => op.max(d.v)}")]);
  await harness.pass();
  await act(harness, { kind: "end" });
  expect(rows(harness, "difference:3.sums")).toEqual([
    { k: "b", "n pinned": 1, "n now": NaN, "n Δ": NaN, what: "only pinned" },
  ]);
  const { rows: counts, settings } = differing(harness, "3.sums");
  expect(counts).toMatchObject({ total: 3, changed: 0, onlyPinned: 1, left: ["most"] });
  expect(settings.map(s => s.text)).toEqual(["cell limit edited", "cell sums edited"]);
  harness.show([log, limit(6), by("{n: op.count()}", "v")]);
  await harness.pass();
  expect(differing(harness, "3.sums")).toMatchObject({
    rows: null,
    reason: "Rows cannot be matched: they are told apart by v now, and by k in the pinned replay.",
  });
});
