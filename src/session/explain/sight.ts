/**
 * Looks back at what a run remembers: the rows that an input brought, with their places in the log, and what a node made of
 * them. Nothing is computed anew but stateless verbs, so a look costs a pass over the rows so far, and says how many.
 */
import type { Batch } from "../../columns/batch.ts";
import { valueAt, type Value } from "../../columns/column.ts";
import { clockOf, dense, type Flow } from "../../engine/flow.ts";
import type { Run, Tap } from "../../engine/run.ts";
import type { Step } from "../../engine/step.ts";
import { evaluator } from "../../expressions/interpret.ts";
import { compileFunction } from "../../expressions/compile.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import { identity } from "../../pipeline/identity.ts";
import { inputsOf, type Node } from "../../pipeline/node.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import { inputName, type SourceNode } from "../../pipeline/verbs/source.ts";
import type { SourceLine } from "./words.ts";

/** A row as it passed: `row` counts in `batch`. */
export interface Seen {
  readonly batch: Batch;
  readonly row: number;
  /** Position in the run. */
  readonly position: number;
  readonly clock: number;
  readonly time: number;
  readonly weight: number;
  /** The watermark it met. */
  readonly watermark: number;
  readonly pane: { readonly timing: number; readonly index: number } | null;
}

/** Hands the rows of one node to a function, one by one. */
export class Watch implements Tap {
  readonly node: Node;
  readonly #see: (row: Seen) => void;
  /** Rows seen. */
  rows = 0;
  #watermark = -Infinity;

  constructor(node: Node, see: (row: Seen) => void) {
    this.node = node;
    this.#see = see;
  }

  apply(given: Flow, step: Step): void {
    const flow = dense(given);
    for (let row = 0; row < flow.count; row++) {
      const at = flow.at === null ? row : flow.at[row];
      this.#see({
        batch: flow.batch,
        row,
        position: step.first + at,
        clock: clockOf(flow, step, row),
        time: flow.time[row],
        weight: flow.weight === null ? 1 : flow.weight[row],
        watermark: at === 0 ? this.#watermark : flow.watermark[at - 1],
        pane: flow.pane === null ? null : { timing: flow.pane.timing[row], index: flow.pane.index[row] },
      });
    }
    this.rows += flow.count;
    if (step.length > 0) this.#watermark = flow.watermark[step.length - 1];
  }

  reset(): void {}
}

/** Knows which row of its log a source gave at each position of the step that is being looked at. */
export class SourceSight implements Tap {
  readonly node: SourceNode;
  readonly log: SourceLog;
  #flow: Flow | null = null;
  #first = 0;
  #before = 0;
  #seen = 0;

  constructor(node: SourceNode, log: SourceLog) {
    this.node = node;
    this.log = log;
  }

  get file(): string {
    return fileOf(this.node);
  }

  apply(flow: Flow, step: Step): void {
    this.#before = this.#seen;
    this.#seen += flow.count;
    this.#flow = flow;
    this.#first = step.first;
  }

  /** The row of the log at a position of the present step; -1 when this source gave none there. */
  rowAt(position: number): number {
    const flow = this.#flow;
    if (flow === null) return -1;
    const place = position - this.#first;
    if (flow.at === null) return place < flow.count ? this.#before + place : -1;
    let lo = 0;
    let hi = flow.count - 1;
    while (lo <= hi) {
      const mid = (lo + hi) >> 1;
      if (flow.at[mid] === place) return this.#before + mid;
      if (flow.at[mid] < place) lo = mid + 1;
      else hi = mid - 1;
    }
    return -1;
  }

  lineOf(row: number): SourceLine | null {
    const line = this.log.line?.[row];
    return line === undefined ? null : { file: this.file, line };
  }

  reset(): void {}
}

export function fileOf(node: SourceNode): string {
  return inputName(node.input);
}

/** Verbs whose rows come out where their source's row came in, so that a position leads back to a line. */
const IN_PLACE: ReadonlySet<string> = new Set([
  "filter",
  "derive",
  "select",
  "flatMap",
  "branch",
  "sample",
  "union",
  "orderby",
  "dedupe",
]);

/** The sources whose rows a node hands on in place; empty when something between them moves rows. */
export function sourcesInPlace(node: Node): SourceNode[] {
  if (node.verb === "source") return [node];
  if (node.verb === "port" ? node.input.verb !== "branch" : !IN_PLACE.has(node.verb)) return [];
  const below = inputsOf(node).map(sourcesInPlace);
  return below.some(b => b.length === 0) ? [] : below.flat();
}

/** Watches the sources below a node. */
export function sightsOf(node: Node, run: Run): SourceSight[] {
  const seen = new Map<string, SourceSight>();
  for (const source of sourcesInPlace(node)) {
    const feed = run.feed(identity(source));
    if (feed !== undefined) seen.set(identity(source), new SourceSight(source, feed.log));
  }
  return [...seen.values()];
}

/** The line behind a position, while the step it lies in is being looked at. */
export function lineAt(sights: readonly SourceSight[], position: number): SourceLine | null {
  for (const sight of sights) {
    const row = sight.rowAt(position);
    if (row >= 0) return sight.lineOf(row);
  }
  return null;
}

/** Makes a test of whether a row's expressions have the given values. */
export function having(expressions: readonly RowExpression[], values: readonly Value[]): (row: Seen) => boolean {
  let schema: Batch["schema"] | null = null;
  let evaluate: ((row: Seen) => Value)[] = [];
  const wanted = values.map(v => JSON.stringify(v ?? null));
  return row => {
    if (row.batch.schema !== schema) {
      ({ schema } = row.batch);
      evaluate = evaluatorsOf(expressions, row.batch.schema);
    }
    return evaluate.every((e, i) => JSON.stringify(e(row) ?? null) === wanted[i]);
  };
}

/** Prepares expressions for rows of one schema. */
export function evaluatorsOf(
  expressions: readonly RowExpression[],
  schema: Batch["schema"],
): ((row: Pick<Seen, "batch" | "row">) => Value)[] {
  return expressions.map(expression => {
    const evaluate = evaluator(expression, [schema], (opaque, parameters) =>
      compileFunction(opaque.source, parameters),
    );
    return row => evaluate({ batches: [row.batch], rows: [row.row] });
  });
}

/** A row's columns by name. */
export function columnsOf(row: Pick<Seen, "batch" | "row">): Record<string, Value> {
  const out: Record<string, Value> = {};
  row.batch.schema.forEach((field, c) => {
    out[field.name] = valueAt(row.batch.columns[c], row.row);
  });
  return out;
}
