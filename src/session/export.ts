/** Exports a stream's pipeline to a target, by the list of exporters. */
import type { Schema } from "../columns/column.ts";
import { EXPORTERS, exporterNamed } from "../exporters/index.ts";
import { identity } from "../pipeline/identity.ts";
import { type Node, topological, verbOf } from "../pipeline/node.ts";
import type { ExportedFile, ExportTarget, Obstacle } from "../protocol/session.ts";

/** Names of the targets there are, with what they are called. */
export function exportTargets(): ExportTarget[] {
  return Object.values(EXPORTERS).map(({ name, title }) => ({ name, title }));
}

/** Writes the script for `target` that computes `node`. `schema` gives the columns of a source by its identity. Throws naming the targets when there is no such one. */
export function exportStream(
  node: Node,
  name: string,
  target: string,
  schema: (source: string) => Schema,
): { files: readonly ExportedFile[]; obstacles: readonly Obstacle[] } {
  const live = topological([node]).filter(below => below.verb === "source" && below.input.kind === "live");
  if (live.length > 0)
    return {
      files: [],
      obstacles: live.map(source => ({
        severity: "refuse",
        kind: "not-implemented",
        where: verbOf(source).describe(source),
        reason: "A script reads a log, and this source is live. Stop it, replay its recording, and export that.",
      })),
    };
  return exporterNamed(target).export({ node, name, source: source => schema(identity(source)) });
}
