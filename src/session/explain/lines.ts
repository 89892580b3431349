/** Rows of logs while a run is looked at: their lines, and the partition that each came from. */
import { columnNamed } from "../../columns/batch.ts";
import { valueAt } from "../../columns/column.ts";
import type { SourceFeed } from "../../engine/feed.ts";
import type { Run } from "../../engine/run.ts";
import { identity } from "../../pipeline/identity.ts";
import type { Node } from "../../pipeline/node.ts";
import { type SourceSight, sightsOf } from "./sight.ts";
import type { SourceLine } from "./words.ts";

export interface Origin {
  readonly line: SourceLine | null;
  /** The partition, or the key with a watermark of its own; empty where there is none. */
  readonly partition: string;
}

/** Names the partition of a row of a source's log, or its key where each has a watermark of its own; "" where it has none. */
export function partOf({ node, log }: SourceFeed, row: number): string {
  const { keyColumn } = node.watermark;
  if (keyColumn === null) {
    const code = log.partition?.[row] ?? -1;
    return code < 0 ? "" : (log.partitions?.value(code) ?? "");
  }
  const value = valueAt(columnNamed(log.batch, keyColumn), row);
  return value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

/** Watches the sources below a node; its `taps` come before whatever asks for origins. */
export class Origins {
  readonly taps: readonly SourceSight[];
  readonly #feeds: readonly (SourceFeed | undefined)[];

  constructor(node: Node, run: Run) {
    this.taps = sightsOf(node, run);
    this.#feeds = this.taps.map(sight => run.feed(identity(sight.node)));
  }

  /** Where the row at a position comes from, while the step it lies in is being looked at. */
  of(position: number): Origin {
    for (const [i, sight] of this.taps.entries()) {
      const row = sight.rowAt(position);
      if (row < 0) continue;
      const feed = this.#feeds[i];
      return { line: sight.lineOf(row), partition: feed === undefined ? "" : partOf(feed, row) };
    }
    return { line: null, partition: "" };
  }
}

/** A row that a story names: its times, and where it stands. */
export interface NamedRow extends Origin {
  readonly time: number;
  readonly arrived: number;
}

/** `Line 12 of Belfast`, or `A row` where nothing is known of lines. */
export function subjectOf({ line, partition }: Origin): string {
  const of = partition === "" ? "" : ` of ${partition}`;
  return line === null ? `A row${of}` : `Line ${line.line.toLocaleString("en")}${of}`;
}
