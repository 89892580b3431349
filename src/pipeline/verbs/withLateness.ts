/**
 * `withLateness`: disturbs a replay on purpose, the same way for the same seed, to see what would become of the results. A share
 * of the rows is held back for an extra delay, so that they arrive out of order and, when the watermark goes on meanwhile,
 * late; some arrive twice, the second time after a delay of its own; some never arrive.
 *
 * What one operator can do: it sees rows when they arrive and cannot hurry any. A row held back comes out at the first position
 * whose clock has reached its arrival and extra delay, with that moment as its processing time. The watermark passes through
 * untouched, because it is the source's promise that is put to the test. What is still held when the run ends comes out at
 * its last position. The port `faults` says what was done to which row.
 */
import type { Schema } from "../../columns/column.ts";
import type { Duration } from "../../model/time.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";

/** How long rows are held back. Milliseconds. */
export type DelayDistribution =
  | { readonly kind: "constant"; readonly delay: Duration }
  | { readonly kind: "uniform"; readonly from: Duration; readonly to: Duration }
  | { readonly kind: "exponential"; readonly mean: Duration }
  /** Heavy-tailed: at least `scale`, and longer than x with probability (scale / x)^shape. */
  | { readonly kind: "pareto"; readonly scale: Duration; readonly shape: number };

export interface WithLatenessNode {
  readonly verb: "withLateness";
  readonly input: Node;
  readonly seed: number;
  readonly delay: DelayDistribution;
  /** Shares of the rows, 0 to 1: held back, sent twice, lost. */
  readonly share: number;
  readonly duplicate: number;
  readonly drop: number;
}

export const FAULT_FIELDS: Schema = [
  /** `delayed`, `duplicated` or `dropped`. */
  { name: "fault", type: "string", nullable: false },
  /** Milliseconds by which the row, or its second copy, was held back. */
  { name: "extra_delay", type: "number", nullable: false },
];

export const withLateness: Verb<WithLatenessNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => ["faults"],
  schema: (_node, [input], port) =>
    port === "faults" ? [...input.filter(f => !FAULT_FIELDS.some(o => o.name === f.name)), ...FAULT_FIELDS] : input,
  describe: node => `with lateness (${node.delay.kind}, seed ${node.seed})`,
};
