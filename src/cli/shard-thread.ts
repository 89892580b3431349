/** A thread that works shards. It runs ahead of whoever asks for its parts by a few of them, and then sleeps. */
import { parentPort } from "node:worker_threads";
import { Shard } from "../engine/shards/shard.ts";
import { openLog } from "../engine/shards/shared-log.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import { AHEAD, ASKED, CLOSED, type FromThread, type ThreadTask, type ToThread } from "./shard-messages.ts";

if (parentPort === null) throw new Error("This file is started as a thread, by shard-threads.ts.");
const port = parentPort;
const logs = new Map<number, SourceLog>();
const owners = new Map<number, Uint8Array>();

port.on("message", (message: ToThread) => {
  if (message.type === "log") logs.set(message.id, openLog(message.log));
  else if (message.type === "owners") owners.set(message.id, message.owners);
  else {
    const { id, task, control } = message;
    try {
      work(id, task, control);
    } catch (error) {
      say({ type: "error", id, message: error instanceof Error ? error.message : String(error) });
    }
  }
});

function say(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function work(id: number, task: ThreadTask, control: Int32Array): void {
  const shard = new Shard({
    ...task,
    logs: task.logs.map(log => logs.get(log) as SourceLog),
    groups: task.groups.map(group => ({
      ...group,
      owners: group.owners.map(of => (of === null ? null : (owners.get(of) as Uint8Array))),
    })),
  });
  for (let made = 0; ; made++) {
    for (;;) {
      const asked = Atomics.load(control, ASKED);
      if (Atomics.load(control, CLOSED) === 1) return;
      if (made < asked + AHEAD) break;
      Atomics.wait(control, ASKED, asked);
    }
    const transfer: ArrayBuffer[] = [];
    const part = shard.next(transfer);
    if (part === null) break;
    say({ type: "part", id, part }, transfer);
  }
  say({ type: "end", id });
}
