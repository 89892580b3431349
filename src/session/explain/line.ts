/** The story of the row that stands in a line of a data file: what a link to a source line leads to. */
import type { Slices } from "../../engine/slices.ts";
import type { Run } from "../../engine/run.ts";
import { identity } from "../../pipeline/identity.ts";
import { type Node, topological } from "../../pipeline/node.ts";
import { numberOf, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { fileOf } from "./sight.ts";
import { sourceRowStory } from "./source-row.ts";
import { counted } from "./words.ts";

/** Tells of line `line` of the file `file`; null where no source below reads it. */
export function* lineStory(
  nodes: readonly Node[],
  values: Values,
  run: Run,
  nameOf: (node: Node) => string | null,
): Slices<Explanation | null> {
  const line = numberOf(values, "line");
  for (const source of topological(nodes)) {
    if (source.verb !== "source" || fileOf(source) !== values["file"]) continue;
    const feed = run.feed(identity(source));
    if (feed === undefined || feed.log.line === null) continue;
    const row = feed.log.line.indexOf(line);
    if (row < 0) continue;
    if (row >= feed.offset)
      return {
        sentences: [
          `The row of line ${line.toLocaleString("en")} is still to come, after ${counted(row - feed.offset, "other row")}.`,
        ],
        facts: { ...values },
        lines: [{ file: fileOf(source), line }],
      };
    return yield* sourceRowStory({}, source, row, run, nameOf);
  }
  return null;
}
