/**
 * `stateful`: a state of its own for each key, and timers, for what no other verb says (*Streaming Systems*, chapter 7; Beam's
 * state and timers).
 *
 * `onRow(state, row, ctx)` is called for each row, `onTimer(state, timer, ctx)` when a timer of the key fires, with
 * `timer = {name, kind, time}`. The state is plain data (numbers, text, booleans, null, arrays, objects); the functions change
 * it in place, or return a new one. `ctx` offers:
 *
 * - `emit(row, {time})`: puts a row out; its columns are those stated, its time by default that of the row or timer;
 * - `eventTimer(time, name)`: fires when the watermark reaches `time`; `processingTimer(time, name)`: when the clock passes it;
 *   one timer of each kind and name (default `""`) for each key, setting it again moves it; `clearTimer(name)`;
 * - `clear()`: forgets the key's state and timers;
 * - `key` (values by name), `time`, `weight`, `watermark`, `clock`.
 *
 * A timer set for a time that has been reached fires after the row or timer that set it. Timers that are due together fire in
 * order of their times, then in the order in which they were set. Processing-time timers fire before the rows of a
 * later clock; at the end of the run those that are due then fire, and the others never do. Position and watermark pass
 * through; rows with a time before the watermark may come out, as the functions choose.
 */
import type { Field, Value } from "../../columns/column.ts";
import { typeOf } from "../../expressions/types.ts";
import type { FunctionText } from "../../model/windows.ts";
import type { Node } from "../node.ts";
import type { Verb } from "../verb.ts";
import type { NamedExpression } from "./derive.ts";

export interface StatefulNode {
  readonly verb: "stateful";
  readonly input: Node;
  readonly keys: readonly NamedExpression[];
  /** State of a key that was never seen. */
  readonly initial: Value;
  readonly onRow: FunctionText;
  readonly onTimer: FunctionText | null;
  readonly fields: readonly Field[];
}

export const stateful: Verb<StatefulNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  schema(node, [input]) {
    for (const key of node.keys) typeOf(key.expression, [input]);
    return node.fields;
  },
  describe: node => `stateful${node.keys.length > 0 ? ` by ${node.keys.map(k => k.name).join(", ")}` : ""}`,
};
