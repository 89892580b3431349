/** Makes the node of `.nowcast()`, or says why a stream has nothing to expect. */
import { type DurationSpec, duration } from "../model/time.ts";
import { windowSize } from "../model/windows.ts";
import { additiveOutputs, amountAdded } from "./additive.ts";
import type { Node } from "./node.ts";
import type { AggregateNode } from "./verbs/aggregate.ts";
import { NOWCAST_FIELDS, type NowcastNode } from "./verbs/nowcast.ts";

/** Window functions whose windows are all of one length. */
const LENGTHS: ReadonlySet<string> = new Set(["fixed", "sliding", "calendar"]);
/** Words to a window, by default. */
const WORDS = 12;

/** Says whether `.nowcast({value})` has something to expect: windows of one length, a sum or a count of that name, no key named as one of its columns. */
export function isExpectable(node: AggregateNode, value: string | undefined): boolean {
  const { strategy } = node;
  if (strategy === null || !LENGTHS.has(strategy.window.kind)) return false;
  const named = new Set(NOWCAST_FIELDS.map(f => f.name));
  return additiveOutputs(node).some(o => o.name === value) && !node.keys.some(k => named.has(k.name));
}

/** Throws where a stream has no windows of one length, or no sum or count of the name. */
export function nowcastNode(
  node: Node,
  { value, every, most = null }: { value?: string; every?: DurationSpec; most?: number | null },
): NowcastNode {
  if (node.verb !== "aggregate" || node.strategy === null)
    throw new Error(
      `nowcast needs a rollup with windows: payments.window(fixed("1 h")).rollup({total: d => op.sum(d.amount)}).nowcast(). This is a ${node.verb}.`,
    );
  const { window, allowedLateness } = node.strategy;
  const length = windowSize(window);
  if (length === null || !LENGTHS.has(window.kind))
    throw new Error(
      `nowcast compares windows of one length, and ${window.kind} windows have none. Use fixed, sliding or calendar ones.`,
    );
  const outputs = additiveOutputs(node);
  const output = value === undefined ? outputs[0] : outputs.find(o => o.name === value);
  if (output === undefined)
    throw new Error(
      `nowcast needs a sum or a count to expect${value === undefined ? "" : `, and "${value}" is none`}. ` +
        (outputs.length === 0
          ? "Roll one up: {total: d => op.sum(d.amount)}."
          : `There are: ${outputs.map(o => o.name).join(", ")}.`),
    );
  return {
    verb: "nowcast",
    input: { verb: "port", input: node, port: "kept" },
    keys: node.keys,
    value: output.name,
    amount: amountAdded(output),
    lateness: allowedLateness,
    every:
      every === undefined
        ? Math.max(1, Math.round(length / WORDS))
        : positive(duration(every, "time between two nowcasts")),
    most,
  };
}

function positive(every: number): number {
  if (every > 0) return every;
  throw new Error(`The time between two nowcasts has to be more than 0, not ${every}.`);
}
