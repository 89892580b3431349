/**
 * How many rows of each partition come through the filters between the source and the windows. The partition is carried along as a
 * column of its own, so that it is known behind verbs that drop or rename it; where rows are made anew it is lost, and nothing is said.
 */
import { inputsOf, type Node, verbOf } from "../../pipeline/node.ts";
import { Stream } from "../../pipeline/stream.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { rowsInto, sourcesBelow } from "../twins.ts";

const CARRIED = "$partition";

/** Verbs that may keep a row out. */
const KEEPS_OUT: ReadonlySet<string> = new Set(["filter", "dedupe", "sample", "branch"]);
/** Verbs that hand on every column of the rows they let pass. */
const HANDS_ON: ReadonlySet<string> = new Set(["filter", "derive", "dedupe", "sample", "branch", "orderby", "lookup"]);

/** What keeps rows out on the way from the source to the windows of a stream, as written; nothing where every row comes through. */
export function filtersOf(stream: Stream): readonly string[] {
  const below = (node: Node): string[] => {
    const before = inputsOf(node).flatMap(below);
    return KEEPS_OUT.has(node.verb) ? [...before, verbOf(node).describe(node)] : before;
  };
  return below(rowsInto(stream).node);
}

/** Counts the rows of each partition before and behind the filters; null where nothing is filtered, or partitions cannot be followed. */
export function passages(stream: Stream): { readonly before: Stream; readonly after: Stream } | null {
  const rows = rowsInto(stream).node;
  const sources = sourcesBelow(rows);
  if (sources.length !== 1 || filtersOf(stream).length === 0) return null;
  const [source] = sources;
  const column = source.watermark.keyColumn ?? source.partition;
  if (column === null) return null;
  const marked = carrying(source, column);
  const behind = carried(rows, source, marked);
  if (behind === null) return null;
  const count = (node: Node): Stream =>
    new Stream(node)
      .ungroup()
      .groupby({ partition: `d => d[${JSON.stringify(CARRIED)}]` })
      .rollup({ rows: "d => op.count()" });
  return { before: count(marked), after: count(behind) };
}

function carrying(source: SourceNode, column: string): Node {
  return new Stream(source).derive({ [CARRIED]: `d => d[${JSON.stringify(column)}]` }).node;
}

/** Rebuilds the way from a source with the partition as one column more; null where a verb makes rows of its own. */
function carried(node: Node, source: Node, marked: Node): Node | null {
  if (node === source) return marked;
  const inputs = inputsOf(node).map(input => carried(input, source, marked));
  const [input] = inputs;
  if (inputs.length !== 1 || input === null) return null;
  if (node.verb === "select")
    return { ...node, input, columns: node.columns === null ? null : [...node.columns, CARRIED] };
  const ofBranch = node.verb === "port" && node.input.verb === "branch";
  return HANDS_ON.has(node.verb) || ofBranch ? verbOf(node).withInputs(node, [input]) : null;
}
