/** Reads numbers from bytes: exactly as `Number` reads their text, without making a text where they are short. */

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => 10 ** i);
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const utf8 = new TextDecoder();

/** The number that `scanNumber` has read. An array, so that it is not made anew each time. */
export const scanned = new Float64Array(1);

/**
 * Reads the number that starts at `from`, by JSON's grammar, into `scanned`. Returns the position after it, or -1 when there is
 * none. The bytes have to go on with something that cannot be part of a number, such as a newline.
 */
export function scanNumber(bytes: Uint8Array, from: number): number {
  let p = from;
  let c = bytes[p];
  const negative = c === 45;
  if (negative) c = bytes[++p];
  const digits = p;
  let mantissa = 0;
  let scale = 0;
  while (c >= 48 && c <= 57) {
    mantissa = mantissa * 10 + (c - 48);
    c = bytes[++p];
  }
  // JSON has at least one digit and no leading zeros.
  let count = p - digits;
  if (count === 0 || (count > 1 && bytes[digits] === 48)) return -1;
  if (c === 46) {
    const point = p;
    c = bytes[++p];
    while (c >= 48 && c <= 57) {
      mantissa = mantissa * 10 + (c - 48);
      c = bytes[++p];
    }
    scale = p - point - 1;
    if (scale === 0) return -1;
    count += scale;
  }
  if (count > 15 || c === 101 || c === 69) return parseNumber(bytes, from);
  // Both parts are exact as doubles, so one division rounds as reading the text would.
  const value = scale === 0 ? mantissa : mantissa / POWERS_OF_TEN[scale];
  scanned[0] = negative ? -value : value;
  return p;
}

/** Reads a long number, or one with an exponent, as text. */
function parseNumber(bytes: Uint8Array, from: number): number {
  let p = from;
  for (let c = bytes[p]; (c >= 48 && c <= 57) || c === 46 || c === 101 || c === 69 || c === 43 || c === 45; )
    c = bytes[++p];
  const text = utf8.decode(bytes.subarray(from, p));
  if (!JSON_NUMBER.test(text)) return -1;
  scanned[0] = Number(text);
  return p;
}
