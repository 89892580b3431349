/**
 * Reads an HTTP stream of JSON lines or server-sent events. What is not taken is not read: the server waits. A connection
 * that breaks is made again, later and later; server-sent events go on after the last event's id.
 */
import { BackOff } from "../live/back-off.ts";
import type { OpenLive } from "../live/driver.ts";
import { Lines } from "../live/lines.ts";
import { EventReader } from "./events.ts";

/** The server said no for good: asking again by itself would not help. */
class Refused extends Error {}

export const openHttp: OpenLive = (input, sink, place) => {
  const pauses = new BackOff();
  let closed = false;
  let attempt: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let room: (() => void) | null = null;
  let records = 0;
  let lastId = "";

  const waitForRoom = async (): Promise<void> => {
    while (sink.full && !closed) await new Promise<void>(done => (room = done));
  };

  const connect = async (signal: AbortSignal): Promise<string> => {
    const response = await fetch(input.name, {
      signal,
      // An address is what the user allowed; where it leads on to, she was not asked about.
      redirect: "manual",
      cache: "no-store",
      headers: {
        accept:
          input.format === "jsonlines" ? "application/x-ndjson, application/jsonl, */*" : "text/event-stream, */*",
        ...(lastId === "" ? {} : { "last-event-id": lastId }),
      },
    });
    const { status, statusText } = response;
    if (status >= 300 && status < 400)
      throw new Refused(
        `the server leads on to ${response.headers.get("location") ?? "elsewhere"}; state that address instead`,
      );
    if (status === 204) return "the server said that nothing follows (204)";
    if (status === 429 || status >= 500) {
      const after = Number(response.headers.get("retry-after"));
      if (after > 0) pauses.base = after * 1_000;
      throw new Error(`the server answered ${status} ${statusText}`);
    }
    if (!response.ok) throw new Refused(`the server answered ${status} ${statusText}`);
    if (response.body === null) throw new Error("the answer has no body");
    const type = response.headers.get("content-type") ?? "";
    const events = input.format === "sse" || (input.format === null && type.startsWith("text/event-stream"));
    if (input.format === "sse" && !type.startsWith("text/event-stream"))
      throw new Refused(
        `the answer is ${type === "" ? "of no stated type" : type}, not text/event-stream; state format: "jsonlines" if it is that`,
      );
    sink.state({ status: "connected" });
    await (events ? readEvents(response.body, signal) : readLines(response.body, signal));
    // Server-sent events end only by being told so; a list of lines ends with its last one.
    if (events) throw new Error("the server closed the connection");
    return "the server sent its last line";
  };

  const readEvents = async (body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> => {
    const reader = new EventReader(lastId);
    for await (const chunk of body) {
      signal.throwIfAborted();
      const found = reader.push(chunk);
      lastId = reader.lastId;
      if (reader.retry !== null) pauses.base = reader.retry;
      if (found.length > 0) {
        pauses.reset();
        sink.take(found.map(event => ({ text: event.data, offset: ++records })));
      }
      await waitForRoom();
    }
  };

  const readLines = async (body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> => {
    const lines = new Lines();
    const take = (found: readonly { readonly text: string }[]): void => {
      if (found.length > 0) sink.take(found.map(line => ({ text: line.text, offset: ++records })));
    };
    for await (const chunk of body) {
      signal.throwIfAborted();
      pauses.reset();
      take(lines.push(chunk));
      await waitForRoom();
    }
    take(lines.end());
  };

  const start = (): void => {
    if (closed || attempt !== null) return;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const own = (attempt = new AbortController());
    sink.state({ status: "connecting" });
    connect(own.signal)
      .then(reason => {
        if (!closed) sink.state({ status: "ended", reason });
      })
      .catch((error: unknown) => {
        if (closed) return;
        if (error instanceof Refused) {
          sink.state({ status: "failed", reason: error.message });
          return;
        }
        const pause = pauses.next();
        sink.state({ status: "retrying", reason: reasonOf(error), at: place.now() + pause });
        timer = setTimeout(start, pause);
      })
      .finally(() => {
        attempt = null;
      });
  };
  start();

  return {
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      attempt?.abort();
      room?.();
    },
    retry: start,
    resume() {
      room?.();
      room = null;
    },
  };
};

/** Node's fetch says "fetch failed" and why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ECONNREFUSED") return "nobody answers at this address";
  if (code === "ENOTFOUND") return "there is no host of this name";
  if (error.message === "terminated") return "the connection was lost";
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}
