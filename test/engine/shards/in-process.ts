/** Works shards in this very thread, with everything that passes between threads cloned as it would be. */
import type { SourceLog } from "../../../src/pipeline/source-log.ts";
import { emptySlots, type PartExtras, PartReader, PartWriter } from "../../../src/engine/shards/part.ts";
import { cutSchemas, placesOf, Shard, type ShardTask } from "../../../src/engine/shards/shard.ts";
import type { ShardHost, ShardLink } from "../../../src/engine/shards/sharded-run.ts";
import { dictionariesOf, openLog, shareLog } from "../../../src/engine/shards/shared-log.ts";

/** Logs as another thread has them, each cloned once. */
const cloned = new WeakMap<SourceLog, SourceLog>();

function clone(log: SourceLog): SourceLog {
  let own = cloned.get(log);
  if (own === undefined) cloned.set(log, (own = openLog(structuredClone(shareLog(log)))));
  return own;
}

/** Slots for parts, which are used again in turn. */
const SLOTS = 2;

/** Clones what goes beside a part, but for memory that is shared. */
function cloneExtras(extras: PartExtras | null): PartExtras | null {
  return extras === null ? null : { ...structuredClone({ ...extras, room: null }), room: extras.room };
}

export class InProcess implements ShardHost {
  /** Shards that have been ended from outside. */
  closed = 0;

  start(given: ShardTask): ShardLink {
    const { logs, ...rest } = given;
    const task = { ...structuredClone(rest), logs: logs.map(clone) };
    const shard = new Shard(task);
    const writer = new PartWriter(cutSchemas(task), placesOf(task.logs), emptySlots(SLOTS));
    const reader = new PartReader(cutSchemas(given), logs.flatMap(dictionariesOf), emptySlots(SLOTS));
    let number = 0;
    return {
      next: () => {
        try {
          const part = shard.next();
          if (part === null) return Promise.resolve(null);
          const extras = writer.write(part, number);
          return Promise.resolve(reader.read(number++, cloneExtras(extras)));
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
