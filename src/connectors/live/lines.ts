/** Cuts chunks of bytes into lines. A line that has not ended waits for its rest; where it began is kept beside it. */

/** A line longer than this is cut off: no record is meant to be that long. */
export const LONGEST_LINE = 16 * 2 ** 20;

export interface Line {
  readonly text: string;
  /** Byte at which it begins. */
  readonly at: number;
}

export class Lines {
  #rest: Uint8Array = new Uint8Array(0);
  /** Byte at which the rest begins. */
  #at: number;
  readonly #decoder = new TextDecoder("utf-8");

  /** `at`: the byte at which reading begins. */
  constructor(at = 0) {
    this.#at = at;
  }

  /** Bytes of the line that has not ended. */
  get pending(): number {
    return this.#rest.length;
  }

  /** Takes a chunk and returns the lines that it completes, without their ends; blank ones are left out. */
  push(chunk: Uint8Array): Line[] {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    const lines: Line[] = [];
    let from = 0;
    for (;;) {
      const newline = bytes.indexOf(10, from);
      if (newline < 0) break;
      this.#add(lines, bytes.subarray(from, newline), this.#at + from);
      from = newline + 1;
    }
    if (bytes.length - from > LONGEST_LINE) {
      this.#add(lines, bytes.subarray(from), this.#at + from);
      from = bytes.length;
    }
    this.#at += from;
    this.#rest = bytes.slice(from);
    return lines;
  }

  /** Returns what was left without an end: the last line of a source that is over. */
  end(): Line[] {
    const lines: Line[] = [];
    this.#add(lines, this.#rest, this.#at);
    this.#at += this.#rest.length;
    this.#rest = new Uint8Array(0);
    return lines;
  }

  #add(lines: Line[], bytes: Uint8Array, at: number): void {
    const text = this.#decoder.decode(bytes).replace(/\r$/, "");
    if (text.trim() !== "") lines.push({ text, at });
  }
}
