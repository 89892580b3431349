/** What passes between the thread that a run is in and the threads that work its shards. */
import type { ShardPart } from "../engine/shards/part.ts";
import type { ShardTask } from "../engine/shards/shard.ts";
import type { SharedLog } from "../engine/shards/shared-log.ts";

/** A task whose logs and owners were handed over before, by their numbers. */
export interface ThreadTask extends Omit<ShardTask, "logs" | "groups"> {
  readonly logs: readonly number[];
  readonly groups: readonly (Omit<ShardTask["groups"][number], "owners"> & {
    readonly owners: readonly (number | null)[];
  })[];
}

/** To a shard's thread. Logs and owners stay there for as long as it lives. */
export type ToThread =
  | { readonly type: "log"; readonly id: number; readonly log: SharedLog }
  | { readonly type: "owners"; readonly id: number; readonly owners: Uint8Array }
  /** `control` is shared: how many parts have been asked for, and 1 when the run was ended. */
  | { readonly type: "run"; readonly id: number; readonly task: ThreadTask; readonly control: Int32Array };

/** From a shard's thread, about one of its runs. */
export type FromThread =
  | { readonly type: "part"; readonly id: number; readonly part: ShardPart }
  | { readonly type: "end"; readonly id: number }
  | { readonly type: "error"; readonly id: number; readonly message: string };

/** Places in `control`. */
export const ASKED = 0;
export const CLOSED = 1;

/** Parts that a shard makes before they are asked for. */
export const AHEAD = 4;
