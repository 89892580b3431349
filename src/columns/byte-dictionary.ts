/**
 * A dictionary that is filled from bytes. A decoder hashes a field's bytes while it looks for their end and asks here for
 * the code, so a row with known strings makes no JavaScript string at all, and a string that nobody reads is never made.
 *
 * Entries are kept as UTF-8 in one arena (a lone surrogate, which JSON can spell but UTF-8 cannot, as three bytes of its
 * own), and found by open addressing on a 32-bit hash of those bytes.
 */
import { Dictionary } from "./dictionary.ts";

/** Where the running hash of a string starts. Fold each byte in with `hashByte`. */
export const HASH_SEED = 0x811c9dc5 | 0;

/** Folds one byte into a running hash (FNV-1a). Decoders inline this expression in their loops. */
export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

export class ByteDictionary extends Dictionary {
  /** All entries' bytes, one after the other; entry i is `[starts[i], starts[i + 1])`. */
  #arena = new Uint8Array(1024);
  #starts = new Uint32Array(65);
  #hashes = new Int32Array(64);
  /** Code + 1 per slot, 0 for an empty one; always a power of two long, at most half full. */
  #slots = new Int32Array(128);
  #size = 0;
  /** Entries that somebody has read as strings; the first `#made` are all there. */
  readonly #strings: (string | undefined)[] = [];
  #made = 0;
  #scratch = new Uint8Array(256);

  override get size(): number {
    return this.#size;
  }

  /**
   * Returns the code of the string whose UTF-8 is `bytes[from … to)`, handing out the next one when it is new. `hash` is
   * the fold of `hashByte` over the bytes. They have to be well-formed UTF-8; ASCII always is.
   */
  codeOfBytes(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const mask = this.#slots.length - 1;
    const slots = this.#slots;
    const length = to - from;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const code = slots[slot] - 1;
      if (code < 0) return this.#insert(bytes, from, to, hash, slot);
      if (this.#hashes[code] === hash) {
        const start = this.#starts[code];
        if (this.#starts[code + 1] - start === length) {
          const arena = this.#arena;
          let i = 0;
          while (i < length && arena[start + i] === bytes[from + i]) i++;
          if (i === length) return code;
        }
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Returns the code of the string whose UTF-8 is `bytes[from … to)`, or -1 when it was never seen. Bytes may be anything. */
  findBytes(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const mask = this.#slots.length - 1;
    const length = to - from;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const code = this.#slots[slot] - 1;
      if (code < 0) return -1;
      const start = this.#starts[code];
      if (this.#hashes[code] !== hash || this.#starts[code + 1] - start !== length) continue;
      let i = 0;
      while (i < length && this.#arena[start + i] === bytes[from + i]) i++;
      if (i === length) return code;
    }
  }

  override code(value: string): number {
    const length = this.#encode(value);
    return this.codeOfBytes(this.#scratch, 0, length, hashOf(this.#scratch, length));
  }

  override find(value: string): number {
    const length = this.#encode(value);
    return this.findBytes(this.#scratch, 0, length, hashOf(this.#scratch, length));
  }

  override value(code: number): string {
    const known = this.#strings[code];
    if (known !== undefined || !(code >= 0 && code < this.#size)) return known as string;
    const made = decodeUtf8(this.#arena, this.#starts[code], this.#starts[code + 1]);
    while (this.#strings.length < code) this.#strings.push(undefined);
    this.#strings[code] = made;
    return made;
  }

  /** All strings in order of their codes. Makes those that were not made yet, so ask once, outside loops. */
  override get values(): readonly string[] {
    while (this.#made < this.#size) this.value(this.#made++);
    return this.#strings as string[];
  }

  #insert(bytes: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const code = this.#size++;
    if (code === this.#hashes.length) {
      const hashes = new Int32Array(code * 2);
      hashes.set(this.#hashes);
      this.#hashes = hashes;
      const starts = new Uint32Array(code * 2 + 1);
      starts.set(this.#starts);
      this.#starts = starts;
    }
    const start = this.#starts[code];
    const end = start + (to - from);
    if (end > this.#arena.length) {
      const arena = new Uint8Array(Math.max(end, this.#arena.length * 2));
      arena.set(this.#arena.subarray(0, start));
      this.#arena = arena;
    }
    for (let i = from, o = start; i < to; i++, o++) this.#arena[o] = bytes[i];
    this.#starts[code + 1] = end;
    this.#hashes[code] = hash;
    this.#slots[slot] = code + 1;
    if (this.#size * 2 > this.#slots.length) this.#rehash();
    return code;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let code = 0; code < this.#size; code++) {
      const hash = this.#hashes[code];
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = code + 1;
    }
    this.#slots = slots;
  }

  #encode(value: string): number {
    if (value.length * 3 > this.#scratch.length) this.#scratch = new Uint8Array(value.length * 4);
    return encodeUtf8(value, this.#scratch);
  }
}

function hashOf(bytes: Uint8Array, length: number): number {
  let hash = HASH_SEED;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash;
}

/** Writes a string as UTF-8 from the start of `out` and returns the number of bytes; lone surrogates take three bytes. */
function encodeUtf8(value: string, out: Uint8Array): number {
  let o = 0;
  for (let i = 0; i < value.length; i++) {
    let c = value.charCodeAt(i);
    if (c < 0x80) {
      out[o++] = c;
      continue;
    }
    if (c >= 0xd800 && c < 0xdc00 && i + 1 < value.length) {
      const low = value.charCodeAt(i + 1);
      if (low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        i++;
      }
    }
    if (c < 0x800) out[o++] = 0xc0 | (c >> 6);
    else {
      if (c < 0x10000) out[o++] = 0xe0 | (c >> 12);
      else {
        out[o++] = 0xf0 | (c >> 18);
        out[o++] = 0x80 | ((c >> 12) & 63);
      }
      out[o++] = 0x80 | ((c >> 6) & 63);
    }
    out[o++] = 0x80 | (c & 63);
  }
  return o;
}

/** Reads what `encodeUtf8` wrote. The bytes are known to be well formed. */
function decodeUtf8(bytes: Uint8Array, from: number, to: number): string {
  let out = "";
  const units: number[] = [];
  for (let i = from; i < to; ) {
    const c = bytes[i];
    if (c < 0x80) {
      units.push(c);
      i++;
    } else if (c < 0xe0) {
      units.push(((c & 31) << 6) | (bytes[i + 1] & 63));
      i += 2;
    } else if (c < 0xf0) {
      units.push(((c & 15) << 12) | ((bytes[i + 1] & 63) << 6) | (bytes[i + 2] & 63));
      i += 3;
    } else {
      const point = ((c & 7) << 18) | ((bytes[i + 1] & 63) << 12) | ((bytes[i + 2] & 63) << 6) | (bytes[i + 3] & 63);
      units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
      i += 4;
    }
    if (units.length > 4096) {
      out += String.fromCharCode(...units);
      units.length = 0;
    }
  }
  return out + String.fromCharCode(...units);
}
