/** Which rows of a log carry the watermark, for punctuated sources. */
import { rowAt } from "../../columns/batch.ts";
import type { Value } from "../../columns/column.ts";
import { compileFunction } from "../../expressions/compile.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";

/** Returns the test for a row of a log, or null where the source's watermark is not punctuated. */
export function punctuation(node: SourceNode): ((log: SourceLog, row: number) => boolean) | null {
  const { basis } = node.watermark;
  if (basis.kind !== "punctuated") return null;
  const holds = compileFunction(basis.predicate.source, basis.predicate.parameters as Readonly<Record<string, Value>>);
  return (log, row) => holds(rowAt(log.batch, row)) === true;
}
