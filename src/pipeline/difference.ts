/**
 * `difference(a, b)`: the rows in which two streams with the same columns differ, live. For two replays side by side: the
 * same pipeline with two watermarks, two triggers, two engines' settings.
 *
 * It is a full join on the columns that say which row is which (the keys and the window's bounds of a rollup), filtered to the
 * rows whose other columns are not equal. Derived from verbs that are there, so it is kept up to date, exported and
 * explained like them.
 */
import type { Node } from "./node.ts";
import { Stream } from "./stream.ts";
import { hasWindowColumns } from "./verbs/aggregate.ts";

/**
 * Returns the rows in which `a` and `b` differ: the columns they are matched on, and every other column twice, with `_a` and `_b`;
 * nulls on the side that has no such row. Rollups are matched on their keys and windows and compared by their results; for
 * other streams say `{on: ["id"], columns: ["amount"]}`. Throws where that is missing.
 */
export function difference(
  a: Stream,
  b: Stream,
  options: { on?: string | readonly string[]; columns?: readonly string[] } = {},
): Stream {
  const known = shapeOf(a.node);
  const on = options.on === undefined ? known?.on : typeof options.on === "string" ? [options.on] : options.on;
  const columns = options.columns ?? known?.columns;
  if (on === undefined || columns === undefined)
    throw new Error(
      'difference needs the columns that say which row is which, and those to compare: difference(a, b, {on: ["id"], columns: ["amount"]}).',
    );
  const compared = columns.filter(name => !on.includes(name));
  const keep = [...on, ...compared];
  // The side of its own tells a row that is missing from a row of nulls.
  const side = (stream: Stream, suffix: string): Stream =>
    new Stream(restating(stream.node))
      .select(...keep)
      .rename(Object.fromEntries(compared.map(name => [name, name + suffix])))
      .derive({ [`in${suffix}`]: "1 === 1" });
  const left = side(a, "_a");
  const right = side(b, "_b");
  // A rollup without keys in a single window has one row on either side: they meet by a constant.
  const joined =
    on.length > 0 ? left.joinFull(right, on) : left.derive({ all: "0" }).joinFull(right.derive({ all: "0" }), "all");
  const unlike = compared.map(name => `d[${JSON.stringify(`${name}_a`)}] !== d[${JSON.stringify(`${name}_b`)}]`);
  const shown = [...on, ...compared.flatMap(name => [`${name}_a`, `${name}_b`])];
  return joined.filter(`d => ${["d.in_a !== d.in_b", ...unlike].join(" || ")}`).select(...shown);
}

/** The columns of a rollup, found below verbs that leave rows whole. */
function shapeOf(node: Node): { on: readonly string[]; columns: readonly string[] } | null {
  if (node.verb === "filter" || node.verb === "orderby") return shapeOf(node.input);
  if (node.verb !== "aggregate") return null;
  const window = hasWindowColumns(node.strategy) ? ["window_start", "window_end"] : [];
  return { on: [...node.keys.map(k => k.name), ...window], columns: node.outputs.map(o => o.name) };
}

/** Makes a rollup take back what it restates: a join must see a refinement replace what was there. */
export function restating(node: Node): Node {
  if (node.verb === "filter" || node.verb === "orderby") return { ...node, input: restating(node.input) };
  if (node.verb !== "aggregate" || node.strategy === null) return node;
  return { ...node, strategy: { ...node.strategy, accumulation: "retracting" } };
}
