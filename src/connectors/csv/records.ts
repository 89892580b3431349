/**
 * Splits CSV into records the plain way (RFC 4180): one field after the other, quotes and all. The decoder uses it for
 * the header, for the rows that decide the types, and for whatever its fast scanner leaves.
 */

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 34;

/** One field: its text without quotes, or null where nothing stands between two delimiters. */
export type Cell = string | null;

export interface RecordSplit {
  readonly cells: readonly Cell[];
  /** The position after the record's newline. */
  readonly end: number;
  /** The number of newlines in the record, its own included. */
  readonly lines: number;
  /** `"open"`: a quote is not closed before `to`; `"after quote"`: text follows a closing quote. */
  readonly problem: null | "open" | "after quote";
}

/**
 * Splits the record that starts at `from`. `to` is the end of the bytes; a record may end there without a newline. A
 * record with a problem ends at its first newline, so that one stray quote does not swallow what follows.
 */
export function splitRecord(bytes: Uint8Array, from: number, to: number, delimiter: number): RecordSplit {
  const cells: Cell[] = [];
  let lines = 1;
  let p = from;
  for (;;) {
    if (bytes[p] === QUOTE && p < to) {
      let text = "";
      let start = ++p;
      for (;;) {
        while (p < to && bytes[p] !== QUOTE) if (bytes[p++] === NEWLINE) lines++;
        if (p >= to) return broken(bytes, from, to, "open");
        text += utf8.decode(bytes.subarray(start, p));
        if (p + 1 >= to || bytes[p + 1] !== QUOTE) break;
        // Two quotes stand for one: the second is kept with what follows.
        start = p + 1;
        p += 2;
      }
      p++;
      cells.push(text);
      if (p < to && bytes[p] !== delimiter && !isEnd(bytes, p, to)) return broken(bytes, from, to, "after quote");
    } else {
      const start = p;
      while (p < to && bytes[p] !== delimiter && !isEnd(bytes, p, to)) p++;
      cells.push(p === start ? null : utf8.decode(bytes.subarray(start, p)));
    }
    if (p < to && bytes[p] === delimiter) {
      p++;
      continue;
    }
    if (p < to && bytes[p] === RETURN) p++;
    return { cells, end: Math.min(p + 1, to), lines, problem: null };
  }
}

function isEnd(bytes: Uint8Array, p: number, to: number): boolean {
  return bytes[p] === NEWLINE || (bytes[p] === RETURN && (p + 1 >= to || bytes[p + 1] === NEWLINE));
}

function broken(bytes: Uint8Array, from: number, to: number, problem: "open" | "after quote"): RecordSplit {
  const newline = bytes.indexOf(NEWLINE, from);
  return { cells: [], end: newline < 0 || newline >= to ? to : newline + 1, lines: 1, problem };
}

/** Finds the delimiter that the header uses most outside quotes: comma, tab, semicolon or bar; comma when there is none. */
export function findDelimiter(bytes: Uint8Array, from: number, to: number): number {
  const candidates = [44, 9, 59, 124];
  const counts = [0, 0, 0, 0];
  let quoted = false;
  for (let p = from; p < to; p++) {
    const c = bytes[p];
    if (c === QUOTE) quoted = !quoted;
    else if (!quoted && c === NEWLINE) break;
    else if (!quoted) {
      const i = candidates.indexOf(c);
      if (i >= 0) counts[i]++;
    }
  }
  return candidates[counts.indexOf(Math.max(...counts))];
}
