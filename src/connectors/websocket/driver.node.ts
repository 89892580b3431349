/**
 * Reads the messages of a WebSocket: each a JSON object, or a list of them. A socket cannot be told to wait, so what nobody
 * takes is shed by the sink, which counts it.
 */
import { BackOff } from "../live/back-off.ts";
import type { LiveRecord, OpenLive } from "../live/driver.ts";

export const openWebSocket: OpenLive = (input, sink, place) => {
  const pauses = new BackOff();
  let socket: WebSocket | null = null;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let messages = 0;

  const start = (): void => {
    if (closed || socket !== null) return;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (typeof WebSocket === "undefined") {
      sink.state({
        status: "failed",
        reason: `this host runs on Node ${process.versions.node}, which has no WebSocket; it needs 22.4 or later`,
      });
      return;
    }
    sink.state({ status: "connecting" });
    const own = (socket = new WebSocket(input.name));
    own.binaryType = "arraybuffer";
    let problem = "the connection was lost";
    own.onopen = () => {
      pauses.reset();
      sink.state({ status: "connected" });
      const { send } = input.options;
      if (send !== undefined) own.send(typeof send === "string" ? send : JSON.stringify(send));
    };
    own.onmessage = event => {
      if (closed) return;
      const text = typeof event.data === "string" ? event.data : new TextDecoder().decode(event.data as ArrayBuffer);
      sink.take(recordsOf(text).map((record): LiveRecord => ({ text: record, offset: ++messages })));
    };
    own.onerror = () => {
      problem = own.readyState === WebSocket.CONNECTING ? "no WebSocket answers at this address" : problem;
    };
    own.onclose = ({ code, reason }) => {
      socket = null;
      if (closed) return;
      if (code === 1000) {
        sink.state({
          status: "ended",
          reason: reason === "" ? "the server closed the socket" : `the server closed the socket: ${reason}`,
        });
        return;
      }
      const pause = pauses.next();
      const why = reason === "" ? (code === 1006 ? problem : `${problem} (${code})`) : `${reason} (${code})`;
      sink.state({ status: "retrying", reason: why, at: place.now() + pause });
      timer = setTimeout(start, pause);
    };
  };
  start();

  return {
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      socket?.close();
    },
    retry: start,
    resume() {},
  };
};

/** A message may be one object, one per line, or a list of them; whatever else it is, is one record that nobody can read. */
export function recordsOf(text: string): string[] {
  const trimmed = text.trim();
  if (trimmed === "") return [];
  try {
    const value: unknown = JSON.parse(trimmed);
    return Array.isArray(value) ? value.map(each => JSON.stringify(each)) : [trimmed];
  } catch {
    return trimmed.split("\n").filter(line => line.trim() !== "");
  }
}
