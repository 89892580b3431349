/** The engine in its Worker: a classic script, started from a blob, since the frame's origin is opaque. */
import { EngineHost } from "../../session/engine-host.ts";
import type { FromEngine, ToEngine } from "../../session/engine-messages.ts";

interface WorkerScope {
  postMessage(message: FromEngine, transfer: ArrayBuffer[]): void;
  onmessage: ((event: MessageEvent<ToEngine>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;

// A timer of zero is stretched to four milliseconds after a few rounds; a message to oneself is not.
const soon: (() => void)[] = [];
const { port1, port2 } = new MessageChannel();
port1.onmessage = () => soon.shift()?.();

const engine = new EngineHost({
  post: (message, transfer = []) => scope.postMessage(message, transfer),
  now: () => performance.now(),
  defer: (work, delay) => {
    if (delay > 0) setTimeout(work, delay);
    else {
      soon.push(work);
      port2.postMessage(null);
    }
  },
});
scope.onmessage = event => engine.receive(event.data);
