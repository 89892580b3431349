/**
 * `nowcast`: what the open windows of an aggregate are expected to come to. It reads the rows that windows took in (`kept`), learns
 * from closed windows how much of them had come by each age, and develops open ones alike: see `model/nowcast.ts`.
 *
 * At every multiple of `every` in processing time it says anew what has changed: for each open window of each key what is known and
 * expected, and between which bounds. What it said before is taken back (weight −1), and so is the last word on a window once that
 * closes. A key with too few closed windows learns from those of all keys; with too few of these nothing is said.
 * Timestamp: the end of the window. Watermark: that of its input.
 */
import type { Schema } from "../../columns/column.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import type { NamedExpression } from "./derive.ts";
import { checkNumber, keyFields } from "./integrate.ts";

export interface NowcastNode {
  readonly verb: "nowcast";
  /** Port `kept` of a windowed aggregate. */
  readonly input: Node;
  readonly keys: readonly NamedExpression[];
  /** Name of the result that is expected. */
  readonly value: string;
  /** What that result adds up. */
  readonly amount: RowExpression;
  /** How long after its end a window still takes rows, ms: one that has closed is what others are measured by. */
  readonly lateness: number;
  /** Processing time between two words, ms. */
  readonly every: number;
  /** Open windows beyond which nothing is said, because nobody would look at so many; null: none. */
  readonly most: number | null;
}

export const NOWCAST_FIELDS: Schema = [
  { name: "window_start", type: "timestamp", nullable: false },
  { name: "window_end", type: "timestamp", nullable: false },
  /** Processing time of this word. */
  { name: "at", type: "timestamp", nullable: false },
  { name: "known", type: "number", nullable: false },
  { name: "expected", type: "number", nullable: false },
  /** Bounds between which four fifths of all final values are. */
  { name: "low", type: "number", nullable: false },
  { name: "high", type: "number", nullable: false },
  /** Share of their final value that closed windows had at this age, 0 to 1. */
  { name: "share", type: "number", nullable: false },
  /** Closed windows that this is learned from. */
  { name: "windows", type: "number", nullable: false },
  /** `key` or `all keys`: whose closed windows these are. */
  { name: "learned_from", type: "string", nullable: false },
];

export const nowcast: Verb<NowcastNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema({ keys, amount }, [input]) {
    checkNumber(amount, input, "amount of a nowcast");
    return [...keyFields(keys, input, NOWCAST_FIELDS), ...NOWCAST_FIELDS];
  },
  describe: node => `nowcast ${node.value}`,
};
