// Deterministic data set: 1,000,000 events, 1,000 Zipf(1) keys, 1 h of event time, bounded lateness.
import fs from "node:fs";
import path from "node:path";
export const BASE = 1_700_000_100_000; // epoch ms, multiple of 5 min
export const MIN = 60_000,
  DELAY = 30_000,
  LATE = 300_000,
  GAP = 30_000;
export const N = Number(process.env.BENCH_N || 1_000_000),
  KEYS = 1000,
  HOUR = 3_600_000;
export function rng(seed) {
  // mulberry32
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
function zipf(r) {
  const cdf = new Float64Array(KEYS);
  let s = 0;
  for (let i = 0; i < KEYS; i++) cdf[i] = s += 1 / (i + 1);
  return () => {
    const u = r() * s;
    let lo = 0,
      hi = KEYS - 1;
    while (lo < hi) {
      const m = (lo + hi) >> 1;
      if (cdf[m] < u) lo = m + 1;
      else hi = m;
    }
    return lo;
  };
}
const lateness = (r, tail) => {
  const u = r();
  return u < 0.9 ? r() * 2000 : u < 0.99 ? 2000 + r() * 28000 : (30000 + r() * 570000) * tail;
};
/** Makes the data set; `tail` times as late as usual are the latest hundredth of its rows. */
export function generate(n, tail = 1) {
  const r = rng(42),
    zk = zipf(r);
  const t0 = new Float64Array(n),
    arr = new Float64Array(n),
    k0 = new Int32Array(n),
    v0 = new Float64Array(n),
    s0 = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    t0[i] = BASE + Math.floor(r() * HOUR);
    arr[i] = t0[i] + lateness(r, tail);
    k0[i] = zk();
    v0[i] = Math.floor(r() * 15000) - 5000;
    s0[i] = r() < 0.5 ? 0 : 1;
  }
  const idx = new Uint32Array(n).map((_, i) => i).sort((a, b) => arr[a] - arr[b] || a - b);
  const D = { key: new Int32Array(n), t: new Float64Array(n), v: new Float64Array(n), side: new Uint8Array(n) };
  for (let i = 0; i < n; i++) {
    const j = idx[i];
    D.key[i] = k0[j];
    D.t[i] = t0[j];
    D.v[i] = v0[j];
    D.side[i] = s0[j];
  }
  return D;
}
export function load(n = N) {
  const dir = path.join(import.meta.dirname, "..", "data");
  fs.mkdirSync(dir, { recursive: true });
  const f = c => path.join(dir, `${n}.${c}.bin`);
  if (!fs.existsSync(f("side"))) {
    const D = generate(n);
    for (const c of ["key", "t", "v", "side"]) fs.writeFileSync(f(c), new Uint8Array(D[c].buffer));
  }
  const rd = c => {
    const b = fs.readFileSync(f(c));
    return b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength);
  };
  const D = {
    n,
    key: new Int32Array(rd("key")),
    t: new Float64Array(rd("t")),
    v: new Float64Array(rd("v")),
    side: new Uint8Array(rd("side")),
  };
  D.keyNames = names();
  let rows;
  Object.defineProperty(D, "rows", {
    get() {
      return (rows ??= toRows(D));
    },
  });
  return D;
}
/** The names of all keys. */
export function names() {
  return Array.from({ length: KEYS }, (_, i) => "k" + i);
}
export function toRows(D, from = 0, to = D.n) {
  const out = Array.from({ length: to - from });
  for (let i = from; i < to; i++) out[i - from] = { key: D.keyNames[D.key[i]], t: D.t[i], v: D.v[i], side: D.side[i] };
  return out;
}
/** events appended after the whole log: half on time, half late-but-allowed (they force a retraction). */
export function extra(D, m = 1000) {
  const r = rng(7),
    zk = zipf(r);
  let maxT = 0;
  for (let i = 0; i < D.n; i++) if (D.t[i] > maxT) maxT = D.t[i];
  return Array.from({ length: m }, (_, i) => ({
    key: "k" + zk(),
    t: i % 2 ? maxT - 180_000 - Math.floor(r() * 1000) : maxT - Math.floor(r() * 5000),
    v: Math.floor(r() * 15000) - 5000,
    side: i & 1,
  }));
}
