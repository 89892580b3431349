/**
 * Starts a kernel in its frame: the cells run here, in an origin that can reach nothing, and the engine in a Worker beside
 * them. The shell hands over a message port and all traffic goes through it.
 */
import { engine } from "./engine.ts";
import { html, svg } from "htl";
import type { SessionMessage, ShellMessage } from "../../protocol/session.ts";
import type { FromEngine, ToEngine } from "../../session/engine-messages.ts";
import { Session } from "../../session/session.ts";

// The policy of this page stops every request but not WebRTC, so that goes before any cell is run.
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "RTCDataChannel", "WebTransport", "WebSocket"]) {
  Reflect.deleteProperty(globalThis, name);
}

/** Calls back after the messages that wait; a timer would be slowed down in a frame nobody sees. */
function deferrer(): (work: () => void) => void {
  const queue: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => queue.shift()?.();
  return work => {
    queue.push(work);
    port2.postMessage(null);
  };
}

/** Writes a node that a cell made as markup; anything else is not markup. */
function htmlOf(value: unknown): string | null {
  if (value instanceof Element) return value.outerHTML;
  if (value instanceof DocumentFragment) {
    const holder = document.createElement("div");
    holder.append(value.cloneNode(true));
    return holder.innerHTML;
  }
  return value instanceof Text
    ? document.createElement("span").appendChild(value.cloneNode()).parentElement!.outerHTML
    : null;
}

function start(port: MessagePort): void {
  const session = new Session({
    post: (message: SessionMessage, transfer = []) => port.postMessage(message, transfer),
    engine: (message: ToEngine, transfer = []) => engine.postMessage(message, transfer),
    now: () => performance.now(),
    defer: deferrer(),
    ambient: { html, svg },
    lazy: { Plot: () => import("@observablehq/plot") },
    html: htmlOf,
    sqlite: async () => (await import("./sqlite.ts")).openSqlite(),
  });
  engine.onmessage = (event: MessageEvent<FromEngine>) => session.fromEngine(event.data);
  engine.onerror = event => {
    // The engine answers errors of pipelines itself; what arrives here is a fault in it, which must not pass in silence.
    console.error(`engine: ${event.message} (${event.filename}:${event.lineno})`);
  };
  port.onmessage = (event: MessageEvent<ShellMessage>) => session.receive(event.data);
}

addEventListener("message", event => {
  if (event.source !== parent || event.data !== "tidemark-shell" || event.ports.length !== 1) return;
  start(event.ports[0]);
});
parent.postMessage("tidemark-kernel", "*");
