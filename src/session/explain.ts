/** Tells the story of a row in sentences with numbers: why it was dropped, or what a window still waits for. */
import type { Value } from "../columns/column.ts";
import type { Run } from "../engine/run.ts";
import type { Order, Table } from "../engine/table.ts";
import { formatDuration } from "../model/time.ts";
import { inputsOf, type Node, topological } from "../pipeline/node.ts";
import type { AggregateNode } from "../pipeline/verbs/aggregate.ts";
import { identity } from "../pipeline/identity.ts";

export interface Explanation {
  readonly sentences: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Explains row `row` of a table as it is shown in `order`. */
export function explainRow(table: Table, row: number, order: Order | null, run: Run): Explanation {
  const page = table.page(row, 1, order);
  const facts: Record<string, Value> = {};
  for (const column of page.columns) facts[column.name] = column.values[0] ?? null;
  if (page.columns.length === 0 || page.columns[0].values.length === 0)
    return { sentences: ["There is no such row any more."], facts };
  if (typeof facts["margin"] === "number" && typeof facts["watermark"] === "number")
    return { sentences: droppedStory(facts), facts };
  if (typeof facts["window_end"] === "number") return { sentences: windowStory(facts, table.node, run), facts };
  return {
    sentences: [
      Object.entries(facts)
        .map(([name, value]) => `${name}: ${String(value)}`)
        .join(" · "),
    ],
    facts,
  };
}

function at(time: unknown): string {
  return typeof time === "number" && Number.isFinite(time)
    ? `${new Date(time).toISOString().replace("T", " ").replace("Z", "")} UTC`
    : "unknown";
}

function droppedStory(facts: Readonly<Record<string, Value>>): string[] {
  const end = facts["window_end"] as number;
  const watermark = facts["watermark"] as number;
  const out = [
    `The row arrived at ${at(facts["arrived_at"])}, for the window ${at(facts["window_start"])} to ${at(end)}.`,
    `The watermark was already at ${at(watermark)}: ${formatDuration(watermark - end)} past the end of the window.`,
  ];
  if (facts["reason"] === "finished")
    return [
      ...out,
      "The window's trigger had finished, so nothing more was taken into it. A late trigger, such as afterCount(1), would have kept it open.",
    ];
  return [
    ...out,
    `Its allowed lateness was over by ${formatDuration(facts["margin"] as number)}.`,
    `An allowed lateness of at least ${formatDuration(facts["keeps_with_lateness"] as number)} would have kept it, or a watermark delay longer by ${formatDuration(facts["keeps_with_delay"] as number)}.`,
  ];
}

function windowStory(facts: Readonly<Record<string, Value>>, node: Node, run: Run): string[] {
  const end = facts["window_end"] as number;
  const below = windowedBelow(node);
  const running = below === null ? undefined : run.graph.find(identity(below));
  const input = running?.inputs[0]?.from.watermark ?? -Infinity;
  const out = [`The window runs from ${at(facts["window_start"])} to ${at(end)}.`];
  if (input >= end) {
    const lateness = below?.strategy?.allowedLateness ?? 0;
    out.push(`The watermark has passed its end: ${at(input)}.`);
    out.push(
      lateness === Infinity
        ? "It takes late rows for ever."
        : input >= end + lateness
          ? "It is closed; what still comes for it is dropped."
          : `It takes late rows until the watermark reaches ${at(end + lateness)}.`,
    );
    return out;
  }
  out.push(
    input === -Infinity
      ? `It is on time when the watermark reaches ${at(end)}; there is no watermark yet.`
      : `It is on time when the watermark reaches ${at(end)}; the watermark is at ${at(input)}, ${formatDuration(end - input)} short of it.`,
  );
  if (below !== null) out.push(...holders(below, run));
  return out;
}

/** Who holds the watermark back, and what would release it. */
function holders(node: AggregateNode, run: Run): string[] {
  const out: string[] = [];
  const { clock } = run.progress;
  for (const source of topological([node])) {
    if (source.verb !== "source") continue;
    const feed = run.feed(identity(source));
    const holder = feed?.holder ?? null;
    const partition = feed?.partitions().find(p => p.name === holder);
    if (holder === null || partition === undefined) continue;
    const silent = clock - partition.lastSeen;
    const idle = source.watermark.idle;
    out.push(
      `It is held by partition ${holder}${Number.isFinite(silent) ? `, silent for ${formatDuration(silent)}` : ""}; the next row of ${holder}${idle === null ? "" : ` or the idle timeout (${formatDuration(idle)})`} would release it.`,
    );
  }
  return out;
}

function windowedBelow(node: Node): AggregateNode | null {
  if (node.verb === "aggregate" && node.strategy !== null) return node;
  for (const input of inputsOf(node)) {
    const found = windowedBelow(input);
    if (found !== null) return found;
  }
  return null;
}
