/** What the logs that a pipeline reads say of it: its columns, how many rows there are, and when they arrive. */
import type { Schema } from "../columns/column.ts";
import { type Node, schemaOf, topological } from "../pipeline/node.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { spanOf } from "./views.ts";

/** Where the logs of sources are found. */
export interface Logs {
  /** The log of a source. Throws where it is not there, or cannot be read. */
  log(source: SourceNode): SourceLog;
}

/** The logs of all sources below some nodes. */
export function logsBelow(nodes: readonly Node[], logs: Logs): SourceLog[] {
  return topological(nodes).flatMap(n => (n.verb === "source" ? [logs.log(n)] : []));
}

/** The columns of a stream. Throws where it cannot be computed. */
export function columnsOf(node: Node, logs: Logs): Schema {
  return schemaOf(node, source => logs.log(source).batch.schema);
}

/** Rows of all logs below a node. */
export function rowsBelow(node: Node, logs: Logs): number {
  return logsBelow([node], logs).reduce((sum, log) => sum + (log.whole?.rows ?? log.arrival.length), 0);
}

/** Whether a stream is made from a log that is read in parts. */
export function isReadInParts(node: Node, logs: Logs): boolean {
  return logsBelow([node], logs).some(log => log.whole !== undefined);
}

/** First and last arrival of the logs of some sources; null when they are all empty. */
export function arrivalsOf(sources: readonly SourceNode[], logs: Logs): { start: number; end: number } | null {
  return spanOf(sources.map(source => logs.log(source)));
}
