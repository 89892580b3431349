/** What passes between the thread that a run is in and the threads that work its shards. */
import type { PartExtras, Slots } from "../engine/shards/part.ts";
import type { ShardTask } from "../engine/shards/shard.ts";
import type { SharedLog } from "../engine/shards/shared-log.ts";

/** A task whose logs and owners were handed over before, by their numbers. */
export interface ThreadTask extends Omit<ShardTask, "logs" | "groups"> {
  readonly logs: readonly number[];
  readonly groups: readonly (Omit<ShardTask["groups"][number], "owners"> & {
    readonly owners: readonly (number | null)[];
  })[];
}

/** To a shard's thread. Logs and owners stay there for as long as it lives. `control` is shared: see its places below. */
export type ToThread =
  | { readonly type: "log"; readonly id: number; readonly log: SharedLog }
  | { readonly type: "owners"; readonly id: number; readonly owners: Uint8Array }
  | {
      readonly type: "run";
      readonly id: number;
      readonly task: ThreadTask;
      readonly slots: Slots;
      readonly control: Int32Array;
    };

/** From a shard's thread, about one of its runs. Parts themselves lie in shared memory; `made` is only said to who waits for one. */
export type FromThread =
  | { readonly type: "made"; readonly id: number }
  | { readonly type: "extras"; readonly id: number; readonly part: number; readonly extras: PartExtras }
  | { readonly type: "end"; readonly id: number }
  | { readonly type: "error"; readonly id: number; readonly message: string };

/** Parts that a shard makes before they are asked for, and so the slots in which they lie. */
export const AHEAD = 8;

/** A thread that sleeps is woken when so many of its slots are free, and not for each of them. */
export const AT_ONCE = 4;

/** Places in `control`: parts that have been read and may be overwritten, parts made, 1 when the run was ended, 1 while somebody waits. */
export const READ = 0;
export const MADE = 1;
export const CLOSED = 2;
export const WAITING = 3;
/** From here on, by slot: 1 where something is handed over beside its part. */
export const BESIDE = 4;

export const CONTROL_WORDS = BESIDE + AHEAD;
