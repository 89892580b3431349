/** Works shards in this very thread, with everything that passes between threads cloned as it would be. */
import type { SourceLog } from "../../../src/pipeline/source-log.ts";
import { Shard, type ShardTask } from "../../../src/engine/shards/shard.ts";
import type { ShardHost, ShardLink } from "../../../src/engine/shards/sharded-run.ts";
import { openLog, shareLog } from "../../../src/engine/shards/shared-log.ts";

/** Logs as another thread has them, each cloned once. */
const cloned = new WeakMap<SourceLog, SourceLog>();

function clone(log: SourceLog): SourceLog {
  let own = cloned.get(log);
  if (own === undefined) cloned.set(log, (own = openLog(structuredClone(shareLog(log)))));
  return own;
}

export class InProcess implements ShardHost {
  /** Shards that have been ended from outside. */
  closed = 0;

  start({ logs, ...task }: ShardTask): ShardLink {
    const shard = new Shard({ ...structuredClone(task), logs: logs.map(clone) });
    return {
      next: () => {
        const transfer: ArrayBuffer[] = [];
        try {
          const part = shard.next(transfer);
          return Promise.resolve(part === null ? null : structuredClone(part, { transfer }));
        } catch (error) {
          return Promise.reject(error as Error);
        }
      },
      close: () => {
        this.closed++;
      },
    };
  }
}
