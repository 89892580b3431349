/** A thread that works shards. It runs ahead of whoever asks for its parts by a few of them, and then sleeps. */
import { parentPort } from "node:worker_threads";
import { PartWriter, type Slots } from "../engine/shards/part.ts";
import { cutSchemas, placesOf, Shard, type ShardTask } from "../engine/shards/shard.ts";
import { openLog } from "../engine/shards/shared-log.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import {
  AHEAD,
  BESIDE,
  CLOSED,
  type FromThread,
  MADE,
  READ,
  type ThreadTask,
  type ToThread,
  WAITING,
} from "./shard-messages.ts";

if (parentPort === null) throw new Error("This file is started as a thread, by shard-threads.ts.");
const port = parentPort;
const logs = new Map<number, SourceLog>();
const owners = new Map<number, Uint8Array>();

port.on("message", (message: ToThread) => {
  if (message.type === "log") logs.set(message.id, openLog(message.log));
  else if (message.type === "owners") owners.set(message.id, message.owners);
  else {
    const { id, task, slots, control } = message;
    try {
      work(id, opened(task), slots, control);
    } catch (error) {
      say({ type: "error", id, message: error instanceof Error ? error.message : String(error) });
    }
  }
});

function say(message: FromThread): void {
  port.postMessage(message);
}

function opened(task: ThreadTask): ShardTask {
  return {
    ...task,
    logs: task.logs.map(log => logs.get(log) as SourceLog),
    groups: task.groups.map(group => ({
      ...group,
      owners: group.owners.map(of => (of === null ? null : (owners.get(of) as Uint8Array))),
    })),
  };
}

function work(id: number, task: ShardTask, slots: Slots, control: Int32Array): void {
  if (Atomics.load(control, CLOSED) === 1) return;
  const shard = new Shard(task);
  const writer = new PartWriter(cutSchemas(task), placesOf(task.logs), slots);
  for (let made = 0; ; made++) {
    for (;;) {
      const read = Atomics.load(control, READ);
      if (Atomics.load(control, CLOSED) === 1) return;
      if (made < read + AHEAD) break;
      Atomics.wait(control, READ, read);
    }
    const part = shard.next();
    if (part === null) break;
    const extras = writer.write(part, made);
    if (extras !== null) say({ type: "extras", id, part: made, extras });
    Atomics.store(control, BESIDE + (made % AHEAD), extras === null ? 0 : 1);
    Atomics.store(control, MADE, made + 1);
    if (Atomics.exchange(control, WAITING, 0) === 1) say({ type: "made", id });
  }
  say({ type: "end", id });
}
