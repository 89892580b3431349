/**
 * Reads a stream of server-sent events (WHATWG HTML, 9.2): lines end in CR, LF or both, wherever chunks are cut; `data` lines
 * of one event are joined by newlines; `id` is kept for the next connect, `retry` is the pause before it.
 */

export interface ServerEvent {
  readonly data: string;
  /** The name of the event; "message" where none is stated. */
  readonly type: string;
}

export class EventReader {
  readonly #decoder = new TextDecoder("utf-8");
  #text = "";
  #data: string[] = [];
  #type = "";
  /** The id in the buffer, which counts once its event ends. */
  #id: string;
  #lastId: string;
  #retry: number | null = null;
  /** Whether the last chunk ended in CR, so that an LF at the start of the next belongs to it. */
  #afterReturn = false;

  /** `lastId`: the id of the last event before this connection. */
  constructor(lastId = "") {
    this.#id = this.#lastId = lastId;
  }

  /** The id of the last event that ended. */
  get lastId(): string {
    return this.#lastId;
  }

  /** Milliseconds that the server asks to wait before connecting again, or null. */
  get retry(): number | null {
    return this.#retry;
  }

  /** Takes a chunk and returns the events that it completes. */
  push(chunk: Uint8Array): ServerEvent[] {
    let more = this.#decoder.decode(chunk, { stream: true });
    if (more === "") return [];
    const after = this.#afterReturn;
    this.#afterReturn = more.endsWith("\r");
    if (after && more.startsWith("\n")) more = more.slice(1);
    const lines = (this.#text + more).split(/\r\n|\n|\r/);
    this.#text = lines.pop() as string;
    const events: ServerEvent[] = [];
    for (const line of lines) this.#line(line, events);
    return events;
  }

  #line(line: string, events: ServerEvent[]): void {
    if (line === "") {
      this.#lastId = this.#id;
      if (this.#data.length > 0) events.push({ data: this.#data.join("\n"), type: this.#type || "message" });
      this.#data = [];
      this.#type = "";
      return;
    }
    const colon = line.indexOf(":");
    // A line that begins with a colon is a comment, which keeps connections open.
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.#retry = Number(value);
  }
}
