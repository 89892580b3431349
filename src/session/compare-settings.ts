/**
 * Compares what a stream comes to with two settings of a notebook's inputs, once everything has arrived: as two replays side by side
 * on the page, in one run over the same logs.
 */
import type { Row } from "../columns/batch.ts";
import type { Schema } from "../columns/column.ts";
import { type Node, schemaOf, topological } from "../pipeline/node.ts";
import { comparedStreams } from "../pipeline/two-replays.ts";
import type { ComparedRows } from "../protocol/comparison.ts";
import { type HeadlessStream, runOfAll } from "./headless.ts";
import { comparedRows } from "./variants.ts";

export interface ComparedSettings {
  readonly counts: ComparedRows;
  /** The rows that differ: `what`, their keys, and each value as `x pinned` (the first setting) and `x now` (the other). */
  readonly rows: readonly Row[];
  readonly schema: Schema;
}

/** Runs a stream as it is with two settings. Rejects where rows cannot be matched, and when a log cannot be read. */
export async function compareSettings(first: HeadlessStream, other: HeadlessStream): Promise<ComparedSettings> {
  const { sources } = first;
  // One set of logs for both, so that each is read once.
  for (const node of topological([other.stream.node])) if (node.verb === "source") await sources.load(node);
  const schema = (node: Node): Schema => schemaOf(node, source => sources.log(source).batch.schema);
  const side = ({ node }: { readonly node: Node }) => ({ node, schema: schema(node) });
  const compared = comparedStreams(side(other.stream), side(first.stream));
  const both = [compared.rows, compared.summary].map(stream => ({ ...first, stream, schema: schema(stream.node) }));
  const { run, tables } = runOfAll(both);
  await run.complete();
  run.close();
  const [rows, summary] = tables;
  return { counts: comparedRows(compared, "", summary.rows()[0] ?? {}), rows: rows.rows(), schema: rows.schema };
}
