/** Finds the code of a text given as UTF-8, handing out the next one when it is new. */
import { type ByteDictionary, HASH_SEED } from "../../columns/byte-dictionary.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Returns the code of `bytes[from … to)`, whose well-formedness nobody has checked. */
export function codeOfUtf8(dictionary: ByteDictionary, bytes: Uint8Array, from: number, to: number): number {
  let hash = HASH_SEED;
  let high = 0;
  for (let i = from; i < to; i++) {
    hash = Math.imul(hash ^ bytes[i], 0x01000193);
    high |= bytes[i];
  }
  if (high < 128) return dictionary.codeOfBytes(bytes, from, to, hash);
  const known = dictionary.findBytes(bytes, from, to, hash);
  return known >= 0 ? known : dictionary.code(utf8.decode(bytes.subarray(from, to)));
}
