import { expect, test } from "vitest";
import { code, Harness } from "./harness.ts";

const scores = code(
  1,
  `const scores = source("streaming-101.jsonl", {eventTime: "event_time", arrivalTime: "processing_time", watermark: bounded(delay)});`,
);
const delay = code(2, `const delay = view(durationSlider(["0 s", "10 min"], {value: "3 min"}))`);
const sums = code(
  3,
  `const sums = scores.groupby("key").window(fixed("2 min")).trigger(afterWatermark({late: afterCount(1)})).allowedLateness("unbounded").rollup({score: d => op.sum(d.value)})`,
);

const values = (harness: Harness, view: string, column: string): unknown[] => {
  const found = harness.table(view).page.columns.find(c => c.name === column);
  return found === undefined ? [] : Array.from(found.values as ArrayLike<unknown>);
};

test("a notebook is planned, played to the end, and shown", async () => {
  const harness = new Harness();
  harness.show([scores, delay, sums]);
  harness.watch("1.scores", "3.sums");
  await harness.pass();
  expect(harness.cells.get(3)?.status).toBe("ok");
  expect(harness.transport?.totalRows).toBe(9);
  expect(harness.table("3.sums").total).toBe(0);
  harness.session.receive({ type: "transport", action: { kind: "end" } });
  await harness.pass();
  expect(values(harness, "3.sums", "score")).toEqual([14, 18, 4, 12]);
  expect(harness.table("1.scores").total).toBe(9);
  expect(harness.transport?.finished).toBe(true);
});

test("a step takes one row, one firing or one move of the watermark", async () => {
  const harness = new Harness();
  harness.show([scores, delay, sums]);
  harness.watch("1.scores", "3.sums");
  await harness.pass();
  const step = async (by: "row" | "window" | "watermark") => {
    harness.session.receive({ type: "transport", action: { kind: "step", by } });
    await harness.pass(60);
  };
  await step("row");
  expect(harness.table("1.scores").total).toBe(1);
  await step("row");
  expect(harness.table("1.scores").total).toBe(2);
  await step("window");
  expect(values(harness, "3.sums", "score")).toEqual([5]);
  const before = harness.transport?.watermark ?? 0;
  await step("watermark");
  expect(harness.transport?.watermark).toBeGreaterThan(before);
});

test("moving an input re-evaluates what depends on it, and the replay stays where it was", async () => {
  const harness = new Harness();
  harness.show([scores, delay, sums]);
  harness.watch("1.scores", "3.sums");
  await harness.pass();
  harness.session.receive({ type: "transport", action: { kind: "seek", to: Date.parse("2015-08-05T12:07:19Z") } });
  await harness.pass();
  expect(harness.table("1.scores").total).toBe(6);
  harness.session.receive({ type: "input", cell: 2, index: 0, value: 0 });
  await harness.pass();
  expect(harness.transport?.now).toBe(Date.parse("2015-08-05T12:07:19Z"));
  expect(harness.table("1.scores").total).toBe(6);
  expect(values(harness, "3.sums", "score").length).toBeGreaterThan(0);
  expect(harness.cells.get(2)?.outputs[0]).toMatchObject({ kind: "input", control: { value: 0 } });
});

test("an edited aggregate catches up without the log being replayed for the others", async () => {
  const harness = new Harness();
  harness.show([scores, delay, sums]);
  harness.watch("1.scores", "3.sums");
  await harness.pass();
  harness.session.receive({ type: "transport", action: { kind: "end" } });
  await harness.pass();
  harness.show([scores, delay, { ...sums, source: sums.source.replace("op.sum", "op.max") }]);
  await harness.pass();
  expect(values(harness, "3.sums", "score")).toEqual([9, 8, 4, 8]);
  expect(harness.table("1.scores").total).toBe(9);
});

test("a cell that names a missing column says so at the cell, and the others go on", async () => {
  const harness = new Harness();
  harness.show([scores, delay, sums, code(4, `const bad = scores.filter(d => d.valu > 3)`)]);
  harness.watch("3.sums");
  await harness.pass();
  expect(harness.cells.get(4)).toMatchObject({ status: "error" });
  expect(harness.cells.get(4)?.error?.message).toMatch(/valu/);
  expect(harness.cells.get(3)?.status).toBe("ok");
});

test("a missing file is an error of the cells that need it", async () => {
  const harness = new Harness();
  harness.show([code(1, `const x = source("nowhere.jsonl", {eventTime: "t"})`)]);
  await harness.pass();
  expect(harness.cells.get(1)?.status).toBe("error");
  expect(harness.cells.get(1)?.error?.message).toMatch(/nowhere/);
});

test("playing at a speed follows the wall clock", async () => {
  const harness = new Harness();
  harness.show([scores, delay, sums]);
  harness.watch("1.scores");
  await harness.pass();
  harness.session.receive({ type: "transport", action: { kind: "speed", factor: 100 } });
  harness.session.receive({ type: "transport", action: { kind: "play" } });
  // A second of wall clock is a hundred of the log's: from 12:05:19 to 12:06:59, and four rows.
  await harness.pass(1_000);
  expect(harness.table("1.scores").total).toBe(4);
  await harness.pass(2_500);
  expect(harness.transport?.finished).toBe(true);
  expect(harness.transport?.playing).toBe(false);
});

test("seeking backwards shows what was there then", async () => {
  const harness = new Harness();
  harness.show([scores, delay, sums]);
  harness.watch("1.scores");
  await harness.pass();
  harness.session.receive({ type: "transport", action: { kind: "end" } });
  await harness.pass();
  harness.session.receive({ type: "transport", action: { kind: "seek", to: Date.parse("2015-08-05T12:06:13Z") } });
  await harness.pass();
  expect(harness.table("1.scores").total).toBe(3);
});

test("latest(stream) hands the newest rows to other cells", async () => {
  const harness = new Harness();
  harness.show([scores, delay, sums, code(5, `const rows_ = latest(sums)`), code(6, `rows_.length`)]);
  harness.watch("3.sums");
  await harness.pass();
  harness.session.receive({ type: "transport", action: { kind: "end" } });
  await harness.pass(400);
  expect(harness.cells.get(6)?.outputs[0]).toMatchObject({ kind: "value", value: { text: "4" } });
});

test("a chart is planned and its tables come with the span of the log", async () => {
  const harness = new Harness();
  harness.show([scores, delay, sums, code(7, `timeMap(sums)`)]);
  await harness.pass();
  const output = harness.cells.get(7)?.outputs[0];
  expect(output).toMatchObject({ kind: "chart", chart: "timeMap" });
  harness.watch("7#0");
  harness.session.receive({ type: "transport", action: { kind: "end" } });
  await harness.pass();
  const update = harness.views.get("7#0");
  expect(update?.kind).toBe("chart");
  if (update?.kind !== "chart") return;
  expect(update.tables["rows"].length).toBe(9);
  expect(update.tables["panes"].length).toBeGreaterThanOrEqual(4);
});

test("a hidden cell shows what it displays and not what it defines, and others use its definitions", async () => {
  const harness = new Harness();
  const attributes = [{ name: "hidden", value: "" }];
  const plain = { ...code(4, "const plain = [1, 2, 3];"), attributes };
  const explicit = { ...code(5, `const asked = scores.filter(d => d.value > 5);\ndisplay(plain.length);`), attributes };
  harness.show([{ ...scores, attributes }, delay, sums, plain, explicit]);
  harness.watch("3.sums");
  await harness.pass();
  expect(harness.cells.get(1)).toMatchObject({ status: "ok", outputs: [], definitions: ["scores"] });
  expect(harness.cells.get(4)).toMatchObject({ status: "ok", outputs: [], definitions: ["plain"] });
  expect(harness.cells.get(5)?.outputs).toMatchObject([{ kind: "value" }]);
  harness.session.receive({ type: "transport", action: { kind: "end" } });
  await harness.pass();
  expect(values(harness, "3.sums", "score")).toEqual([14, 18, 4, 12]);
  harness.show([scores, delay, sums, plain, explicit]);
  await harness.pass();
  expect(harness.cells.get(1)?.outputs).toMatchObject([{ kind: "stream", view: "1.scores" }]);
});

test("a source without a watermark of its own does not hold back the one that the transport bar shows", async () => {
  const harness = new Harness();
  const unmarked = code(
    6,
    `const unmarked = source("streaming-101.jsonl", {eventTime: "event_time", arrivalTime: "processing_time", watermark: manual()});`,
  );
  harness.show([scores, delay, unmarked]);
  harness.watch("1.scores", "6.unmarked");
  await harness.pass();
  harness.session.receive({ type: "transport", action: { kind: "step", by: "watermark" } });
  await harness.pass(60);
  expect(harness.transport?.finished).toBe(false);
  // Three minutes behind the first row, the 5 of 12:00:26.
  expect(harness.transport?.watermark).toBe(Date.parse("2015-08-05T11:57:26Z"));
});
