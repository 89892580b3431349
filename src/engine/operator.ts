/**
 * What an operator is: the running form of one node. It reads one flow per input and writes one flow per output that
 * somebody reads, once per step. All its state is its own, and can be taken out and put back between any two steps.
 */
import type { Schema } from "../columns/column.ts";
import type { Profile } from "../model/profiles.ts";
import type { Port } from "../pipeline/verb.ts";
import type { Flow } from "./flow.ts";
import type { Plan } from "./holdings.ts";
import type { Slices } from "./slices.ts";
import type { Step } from "./step.ts";

/** The flows of one step by port. Only the ports that the operator was asked for need be there, and `main` always. */
export type Outputs = Readonly<Record<Port, Flow>>;

/** State as plain, structured-cloneable data. */
export type Snapshot = unknown;

/** What the inspector shows of an operator's state. */
export interface StateSize {
  readonly keys: number;
  readonly windows: number;
  /** Rows or accumulators held. Those that several operators hold together count in each. */
  readonly entries: number;
  /** What holds the operator's output watermark back, if anything does; ms. */
  readonly hold: number | null;
}

export interface Operator {
  /** True when a row's result depends on that row alone: such a node is worked again on old steps instead of remembered. */
  readonly stateless?: boolean;
  /** Whether flows handed out stay valid for ever, because the operator never writes to their arrays again. */
  readonly lasting?: boolean;
  /** Whether it reads flows and steps that are worked out when asked: it does without the positions of most rows. */
  readonly lazy?: boolean;
  /** Processes one step. Flows handed out stay valid until the next call. */
  step(step: Step, inputs: readonly Flow[]): Outputs;
  snapshot(): Snapshot;
  /** Puts back what `snapshot` gave, on a fresh operator of the same node. */
  restore(snapshot: Snapshot): void;
  /** Work as `snapshot` and `restore` do, in slices, where state is many objects. Nothing else is asked of the operator meanwhile. */
  snapshotting?(): Slices<Snapshot>;
  restoring?(snapshot: Snapshot): Slices<void>;
  size?(): StateSize;
}

/** What an operator is made from besides its node. */
export interface OperatorContext {
  /** Columns of each input flow. */
  readonly inputs: readonly Schema[];
  /** Columns of each output, by port. */
  schema(port: Port): Schema;
  /** Whether anything reads this port; an operator skips the work for ports that nobody reads. */
  reads(port: Port): boolean;
  readonly profile: Profile;
  /** Whether flows are kept after their step, so that it is worth handing them out in arrays of their own. */
  readonly remembers?: boolean;
  /** Whether rows say whose turn it is where several keys speak at one position. Default false. */
  readonly turns?: boolean;
  /** False where the host forbids code generation; then expressions are interpreted. */
  readonly codegen: boolean;
  /** False runs the readable general operator even where a specialised one would fit; tests compare the two. */
  readonly specialize: boolean;
  /** Plans to hold inputs by key, and to read keys, together with other operators that want the same. Absent: each has its own. */
  readonly hold?: Plan;
}

export type OperatorFactory<N> = (node: N, context: OperatorContext) => Operator;
