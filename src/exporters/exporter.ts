/** What an exporter is: one per target engine. It walks the whole pipeline and collects every obstacle, never only the first. */
import type { Schema } from "../columns/column.ts";
import type { Node } from "../pipeline/node.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";

export interface ExportRequest {
  /** The pipeline to write. */
  readonly node: Node;
  /** What the notebook calls its result. */
  readonly name: string;
  /** Columns of a source. */
  readonly source: (source: SourceNode) => Schema;
}

/** What a target cannot say, or says differently, and where in the pipeline. */
export interface ExportObstacle {
  /** `refuse`: the script would compute something else, so there is none. `warn`: it stands as a comment in the script. */
  readonly severity: "refuse" | "warn";
  readonly kind: "never" | "not-yet" | "not-implemented" | "differs";
  /** The node concerned, as its verb describes it. */
  readonly where: string;
  readonly reason: string;
}

export interface ExportResult {
  /** Empty when anything refuses. The first file is the script itself. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly obstacles: readonly ExportObstacle[];
}

export interface Exporter {
  /** As written after `--to`. */
  readonly name: string;
  readonly title: string;
  /** Name of the profile whose rules the target follows. */
  readonly profile: string;
  export(request: ExportRequest): ExportResult;
}
