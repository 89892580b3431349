/**
 * Runs every scenario's pipeline over its rows in the three execution modes: row by row, in micro-batches, and once at the end.
 * While input is incomplete they differ in when they answer; once it is complete their answers are equal.
 *
 * The transcripts move the watermark by hand, which is what they are about; here it waits for the end, so that no row is too
 * late and the answer is that of the complete input.
 */
import { describe, expect, test } from "vitest";
import { Run } from "../../src/engine/run.ts";
import { profileNamed } from "../../src/model/profiles.ts";
import { DEFAULT_TRIGGER, type Trigger } from "../../src/model/triggers.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { schemaOf, topological } from "../../src/pipeline/node.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import { Table } from "../../src/engine/table.ts";
import { SourceFiles } from "../../src/session/source-files.ts";
import type { Trace } from "../../src/session/trace.ts";
import { streamOf } from "./stream.ts";
import { scenarios, traceOf } from "./transcripts.ts";

/**
 * Says whether a trigger goes on until its window closes. One that finishes takes what has come by then, which each mode has at
 * another moment; in its place, and for panes that are to be added up, the model's default is asked.
 */
function isEndless(trigger: Trigger): boolean {
  return (
    trigger.kind === "default" ||
    trigger.kind === "repeatedly" ||
    (trigger.kind === "afterWatermark" && trigger.late !== null)
  );
}

function endless(trace: Trace): Stream {
  const { trigger, accumulation } = trace.strategy;
  return streamOf(
    trace,
    bounded("unbounded"),
    isEndless(trigger) && accumulation !== "discarding" ? trigger : DEFAULT_TRIGGER,
  );
}

/** The rows of the result's table once every source has ended, as text in order. */
async function answer(stream: Stream, profile: string, microBatch: number | null): Promise<string[]> {
  const files = new SourceFiles(() => Promise.reject(new Error("The rows are in the pipeline.")));
  for (const node of topological([stream.node])) if (node.verb === "source") await files.load(node);
  const run = new Run([stream.node], { logs: node => files.log(node), profile: profileNamed(profile), microBatch });
  const table = new Table(
    stream.node,
    schemaOf(stream.node, node => files.log(node).batch.schema),
  );
  run.tap(table);
  run.finish();
  return table
    .rows()
    .map(row => JSON.stringify(row))
    .sort();
}

describe.each(scenarios)("$name", ({ scenario }) => {
  test("gives the same answer in all three modes once its input is complete", async () => {
    const stream = endless(traceOf(scenario));
    const streaming = await answer(stream, "tidemark", null);
    expect(streaming.length).toBeGreaterThan(0);
    expect(await answer(stream, "tidemark", 10)).toEqual(streaming);
    expect(await answer(stream, "tidemark", 60_000)).toEqual(streaming);
    expect(await answer(stream, "batch", null)).toEqual(streaming);
  });
});
