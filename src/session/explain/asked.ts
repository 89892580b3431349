/** What a mark of a chart asks with: plain values, and the streams of the view in which it stands. */
import type { Value } from "../../columns/column.ts";
import { identity } from "../../pipeline/identity.ts";
import { type Node, topological } from "../../pipeline/node.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { windowedBelow } from "./history.ts";

export type Values = Readonly<Record<string, Value>>;

/** A view whose mark was asked about: what it keeps tables of, and the streams that its cell names by their role. */
export interface ViewAsked {
  readonly nodes: readonly Node[];
  readonly roles: Readonly<Record<string, Node>>;
}

/** Reads a number of what a mark asks for; NaN where it is none. */
export function numberOf(values: Values, name: string): number {
  const value = values[name];
  return typeof value === "number" ? value : NaN;
}

/** The rows that a stream's windows take in, or its own. */
export function rowsInto(stream: Node): Node {
  const node = windowedBelow(stream);
  if (node !== null) return node.input;
  return stream.verb === "port" || stream.verb === "aggregate" ? rowsInto(stream.input) : stream;
}

/** The sources below a stream, each once. */
export function sourcesOf(stream: Node): SourceNode[] {
  const known = new Map<string, SourceNode>();
  for (const node of topological([stream])) if (node.verb === "source") known.set(identity(node), node);
  return [...known.values()];
}
