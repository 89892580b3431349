import { BASE } from "./data.mjs";
export function h(k, w, a, b) {
  let x = Math.imul(k + 0x51ed27, 0x85ebca6b) ^ Math.imul(w + 77777, 0xc2b2ae35);
  x ^= x >>> 15;
  x = Math.imul(x ^ Math.imul(a | 0, 0x27d4eb2f), 0x9e3779b1);
  x ^= x >>> 13;
  x = Math.imul(x ^ Math.imul(b | 0, 0x165667b1), 0x85ebca6b);
  return (x ^ (x >>> 16)) >>> 0;
}
export class Fold {
  // order-independent checksum of a change log or of a final table
  chk = 0;
  plus = 0;
  minus = 0;
  add(key, win, a, b, diff = 1) {
    this.chk += diff * h(key, win, a, b);
    if (diff > 0) this.plus++;
    else this.minus++;
  }
}
export const kid = s => +s.slice(1);
export const wid = t => Math.round((t - BASE) / 1000); // seconds from base: works for 1-min, 5-min, negative
