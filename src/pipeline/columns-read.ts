/**
 * Says which columns of a source anybody looks at, so that a reader of large files can leave the others where they are. It is
 * found from the readers back to the source: a rollup looks at its keys and arguments and hands nothing else on. Whatever is
 * not known to look at less looks at everything.
 *
 * ```
 * source {at, key, amount, note, …}  ←  filter d.note != null  ←  rollup sum(d.amount) by key
 *        {key, amount, note}               {key, amount}            everything
 * ```
 */
import { type Expr, partsOf, type RowExpression } from "../expressions/tree.ts";
import { identity } from "./identity.ts";
import { inputsOf, type Node, topological } from "./node.ts";
import type { SourceNode } from "./verbs/source.ts";

/** Columns by name; null is all of them. */
export type Columns = ReadonlySet<string> | null;

/** Returns the columns that the pipelines of `roots` look at of each of some sources, all together. */
export function columnsRead(roots: readonly Node[], sources: readonly SourceNode[]): Columns {
  const wanted = new Map<string, Columns>();
  const want = (node: Node, columns: Columns): void => {
    const id = identity(node);
    const before = wanted.get(id);
    wanted.set(id, before === undefined ? columns : both(before, columns));
  };
  const of = (node: Node): Columns => {
    const found = wanted.get(identity(node));
    return found === undefined ? new Set() : found;
  };
  for (const root of roots) want(root, null);
  // Readers come before what they read.
  for (const node of topological(roots).toReversed()) {
    const own = of(node);
    if (node.verb === "port") {
      // What a port tells is told of whole rows.
      want(node.input, null);
      for (const input of inputsOf(node.input)) want(input, null);
    } else for (const input of inputsOf(node)) want(input, wantedOfInput(node, own));
  }
  return sources.map(source => both(of(source), ofSource(source))).reduce(both, new Set());
}

function wantedOfInput(node: Node, own: Columns): Columns {
  switch (node.verb) {
    case "filter":
      return both(own, inExpression(node.predicate));
    case "derive": {
      const made = new Set(node.columns.map(c => c.name));
      const handed = own === null ? null : new Set([...own].filter(name => !made.has(name)));
      return node.columns.map(c => inExpression(c.expression)).reduce(both, handed);
    }
    case "select":
      return node.columns === null ? null : new Set(node.columns);
    case "aggregate":
      return [...node.keys.map(k => k.expression), ...node.aggregates.flatMap(a => a.arguments)]
        .map(inExpression)
        .reduce(both, new Set<string>());
    default:
      return null;
  }
}

/** What the source itself looks at to say times, partitions and watermarks. */
function ofSource({ eventTime, arrivalTime, partition, watermark }: SourceNode): Columns {
  if (watermark.basis.kind === "punctuated") return null;
  const names = [eventTime.column, arrivalTime?.column, partition, watermark.keyColumn];
  return new Set(names.filter(name => name !== null && name !== undefined));
}

/** The columns that a row expression mentions; null where it runs as it was written, so that nobody can tell. */
function inExpression({ expr }: RowExpression): Columns {
  const found = new Set<string>();
  const look = (part: Expr): boolean => {
    if (part.kind === "column") found.add(part.name);
    return part.kind !== "opaque" && partsOf(part).every(look);
  };
  return look(expr) ? found : null;
}

function both(a: Columns, b: Columns): Columns {
  return a === null || b === null ? null : new Set([...a, ...b]);
}
