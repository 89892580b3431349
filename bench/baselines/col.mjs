// Physical-limit style: hand-tuned typed-array loops over columns with dictionary-encoded keys.
import { Fold } from "./check.mjs";
import { BASE, MIN, DELAY, LATE, GAP, KEYS } from "./data.mjs";
import { foldBal } from "./hand.mjs";
class Log {
  // growable columnar change log
  constructor(cap = 1 << 17) {
    this.n = 0;
    this.k = new Int32Array(cap);
    this.w = new Int32Array(cap);
    this.a = new Float64Array(cap);
    this.b = new Float64Array(cap);
    this.d = new Int8Array(cap);
  }
  add(k, w, a, b, d) {
    let i = this.n;
    if (i === this.k.length) this.grow();
    this.k[i] = k;
    this.w[i] = w;
    this.a[i] = a;
    this.b[i] = b;
    this.d[i] = d;
    this.n = i + 1;
  }
  grow() {
    for (const c of ["k", "w", "a", "b", "d"]) {
      const o = this[c],
        x = new o.constructor(o.length * 2);
      x.set(o);
      this[c] = x;
    }
  }
}
const RING = 64,
  KB = 10,
  KN = 1 << KB; // up to 64 live windows x 1024 keys
const CH = 1024,
  LATEIX = new Int32Array(CH);
function maxOf(t, from, to) {
  let m = 0;
  for (let i = from; i < to; i++) m = Math.max(m, t[i]);
  return m;
}
function accumulate(key, t, v, from, to, sum, cnt, inv, mask, firstOpen, thr, late) {
  let nl = 0;
  for (let i = from; i < to; i++) {
    const x = v[i],
      w = ((t[i] - BASE + 0.5) * inv) | 0,
      j = ((w & mask) << KB) | key[i];
    if (x > thr) {
      if (w < firstOpen) late[nl++] = i;
      else {
        sum[j] += x;
        cnt[j] = (cnt[j] + 1) | 0;
      }
    }
  }
  return nl;
}
export class Tumbling {
  constructor({ size = MIN, lateness = LATE, delay = DELAY, thr = -Infinity, ring = RING } = {}, log = new Log()) {
    Object.assign(this, {
      size,
      inv: 1 / size,
      lateness,
      delay,
      thr,
      log,
      mask: ring - 1,
      sum: new Float64Array(ring * KN),
      cnt: new Int32Array(ring * KN),
      maxT: -1,
      firstOpen: 0,
      firstLive: 0,
      tick: size + delay,
      dropped: 0,
    });
  }
  advance(wm) {
    // wm relative to base
    const { size, mask, sum, cnt, log } = this;
    const fired = Math.floor(wm / size),
      live = Math.max(0, Math.ceil((wm - this.lateness - size + 1) / size));
    for (let w = this.firstOpen; w < fired; w++) {
      const o = (w & mask) << KB;
      for (let k = 0; k < KEYS; k++) if (cnt[o + k]) log.add(k, w, sum[o + k], cnt[o + k], 1);
    }
    for (let w = this.firstLive; w < live; w++) {
      const o = (w & mask) << KB;
      sum.fill(0, o, o + KN);
      cnt.fill(0, o, o + KN);
    }
    this.firstOpen = Math.max(fired, this.firstOpen);
    this.firstLive = Math.max(live, this.firstLive);
    this.tick = (this.firstOpen + 1) * size + this.delay;
  }
  push(key, t, v, from, to) {
    // chunks that close no window take a branch-light path
    for (let f = from; f < to; f += CH) {
      const e = f + CH < to ? f + CH : to,
        m = (maxOf(t, f, e) - BASE) | 0;
      if (m >= this.tick || this.dead(m) !== this.dead(this.maxT)) {
        this.exact(key, t, v, f, e);
        continue;
      }
      const nl = accumulate(key, t, v, f, e, this.sum, this.cnt, this.inv, this.mask, this.firstOpen, this.thr, LATEIX);
      if (nl) this.lateRows(key, t, v, nl, this.dead(this.maxT));
      if (m > this.maxT) this.maxT = m;
    }
  }
  dead(maxT) {
    return Math.floor((maxT - this.delay - this.lateness) / this.size);
  } // windows below are past allowed lateness
  lateRows(key, t, v, nl, dead) {
    const { sum, cnt, inv, mask, log } = this;
    for (let q = 0; q < nl; q++) {
      const i = LATEIX[q],
        k = key[i],
        w = ((t[i] - BASE + 0.5) * inv) | 0,
        j = ((w & mask) << KB) | k;
      if (w < dead) {
        this.dropped++;
        continue;
      }
      if (cnt[j]) log.add(k, w, sum[j], cnt[j], -1);
      sum[j] += v[i];
      cnt[j]++;
      log.add(k, w, sum[j], cnt[j], 1);
    }
  }
  exact(key, t, v, from, to) {
    // row at a time, watermark advances inside
    for (let i = from; i < to; i++) {
      const rel = (t[i] - BASE) | 0;
      if (rel > this.maxT) {
        this.maxT = rel;
        if (rel >= this.tick) this.advance(rel - this.delay);
      }
      if (accumulate(key, t, v, i, i + 1, this.sum, this.cnt, this.inv, this.mask, this.firstOpen, this.thr, LATEIX))
        this.lateRows(key, t, v, 1, this.dead(this.maxT));
    }
  }
  end() {
    const last = Math.floor(this.maxT / this.size) + 1;
    const l = this.lateness;
    this.lateness = Infinity;
    this.advance(last * this.size);
    this.lateness = l;
    return this;
  }
}
function countPanes(key, t, from, to, cnt, inv, firstOpen, late) {
  let nl = 0;
  for (let i = from; i < to; i++) {
    const p = ((t[i] - BASE + 0.5) * inv) | 0,
      j = ((p & (RING - 1)) << KB) | key[i];
    if (p + 1 < firstOpen) late[nl++] = i;
    else cnt[j] = (cnt[j] + 1) | 0;
  }
  return nl;
}
// hopping = panes of one slide each; a window is the sum of its 5 panes at emission, late rows touch the fired windows that still live
export class Hopping {
  constructor({ size = 5 * MIN, slide = MIN, lateness = LATE, delay = DELAY } = {}, log = new Log()) {
    Object.assign(this, {
      size,
      slide,
      inv: 1 / slide,
      m: size / slide,
      lateness,
      delay,
      log,
      cnt: new Int32Array(RING * KN),
      tot: new Int32Array(KN),
      maxT: -1,
      firstOpen: 1,
      firstLive: 1,
      tick: slide + delay,
      dropped: 0,
      from: 0,
    });
  }
  total(e, k) {
    let c = 0;
    for (let p = Math.max(0, e - this.m); p < e; p++) c += this.cnt[((p & (RING - 1)) << KB) | k];
    return c;
  } // window ending at pane e
  advance(wm, stop = Infinity) {
    const { slide, m, cnt, tot, log } = this,
      fired = Math.min(Math.floor(wm / slide), stop) + 1;
    for (let e = this.firstOpen; e < fired; e++) {
      tot.fill(0);
      for (let p = Math.max(0, e - m); p < e; p++) {
        const o = (p & (RING - 1)) << KB;
        for (let k = 0; k < KEYS; k++) tot[k] += cnt[o + k];
      }
      for (let k = 0; k < KEYS; k++) if (tot[k]) log.add(k, e - m, tot[k], 0, 1);
    }
    const live = Math.max(1, Math.floor((wm - this.lateness) / slide) + 1); // first window end that still lives
    if (live < Infinity)
      for (let p = Math.max(0, this.firstLive - m - 1); p + m < live && p < fired; p++)
        cnt.fill(0, (p & (RING - 1)) << KB, ((p & (RING - 1)) << KB) + KN);
    this.firstOpen = Math.max(this.firstOpen, fired);
    this.firstLive = Math.max(this.firstLive, live);
    this.tick = this.firstOpen * slide + this.delay;
  }
  push(key, t, from, to) {
    for (let f = from; f < to; f += CH) {
      const e = f + CH < to ? f + CH : to,
        m = (maxOf(t, f, e) - BASE) | 0;
      if (m >= this.tick || this.dead(m) !== this.dead(this.maxT)) {
        this.exact(key, t, f, e);
        continue;
      }
      const nl = countPanes(key, t, f, e, this.cnt, this.inv, this.firstOpen, LATEIX);
      if (nl) this.lateRows(key, t, nl, this.dead(this.maxT));
      if (m > this.maxT) this.maxT = m;
    }
  }
  dead(maxT) {
    return Math.floor((maxT - this.delay - this.lateness) / this.slide) + 1;
  }
  lateRows(key, t, nl, live) {
    const { cnt, inv, m, firstOpen, log } = this;
    for (let q = 0; q < nl; q++) {
      const i = LATEIX[q],
        k = key[i],
        p = ((t[i] - BASE + 0.5) * inv) | 0;
      let any = false;
      for (let e = p + 1; e <= p + m; e++) {
        if (e < live) {
          this.dropped++;
          continue;
        }
        any = true;
        if (e >= firstOpen) break;
        const c = this.total(e, k);
        if (c) log.add(k, e - m, c, 0, -1);
        log.add(k, e - m, c + 1, 0, 1);
      }
      if (any) cnt[((p & (RING - 1)) << KB) | k]++;
    }
  }
  exact(key, t, from, to) {
    for (let i = from; i < to; i++) {
      const rel = (t[i] - BASE) | 0;
      if (rel > this.maxT) {
        this.maxT = rel;
        if (rel >= this.tick) this.advance(rel - this.delay);
      }
      if (countPanes(key, t, i, i + 1, this.cnt, this.inv, this.firstOpen, LATEIX))
        this.lateRows(key, t, 1, this.dead(this.maxT));
    }
  }
  end() {
    const l = this.lateness,
      last = Math.floor(this.maxT / this.slide) + this.m;
    this.lateness = Infinity;
    this.advance(Infinity, last);
    this.lateness = l;
    return this;
  }
}
const SCR = new Int32Array(2);
function inside(key, t, v, from, to, gap, head, start, fin, sum, st, due, scr) {
  // rows that fall inside the newest open session of their key
  let maxT = scr[0] | 0,
    i = from;
  for (; i < to; i++) {
    const rel = (t[i] - BASE) | 0,
      k = key[i],
      s = head[k];
    if (rel > maxT) {
      if (rel >= due) break;
      maxT = rel;
    }
    if (s < 0 || rel < start[s] || rel > fin[s] || st[s] !== 0) break;
    sum[s] += v[i];
    if (rel + gap > fin[s]) fin[s] = rel + gap;
  }
  scr[0] = maxT;
  return i;
}
export class Sessions {
  constructor({ gap = GAP, lateness = LATE, delay = DELAY } = {}, log = new Log()) {
    const cap = 1 << 12;
    Object.assign(this, {
      gap,
      lateness,
      delay,
      log,
      head: new Int32Array(KN).fill(-1),
      start: new Int32Array(cap),
      fin: new Int32Array(cap),
      sum: new Float64Array(cap),
      next: new Int32Array(cap),
      st: new Uint8Array(cap),
      skey: new Int32Array(cap),
      ns: 0,
      outs: new Map(),
      ht: new Int32Array(cap),
      hs: new Int32Array(cap),
      hn: 0,
      maxT: -1,
      dropped: 0,
    });
  }
  grow() {
    for (const c of ["start", "fin", "sum", "next", "st", "skey"]) {
      const o = this[c],
        x = new o.constructor(o.length * 2);
      x.set(o);
      this[c] = x;
    }
  }
  arm(s) {
    if (this.hn === this.ht.length)
      for (const c of ["ht", "hs"]) {
        const o = this[c],
          x = new Int32Array(o.length * 2);
        x.set(o);
        this[c] = x;
      }
    const { ht, hs } = this,
      at = this.fin[s];
    let i = this.hn++;
    while (i) {
      const p = (i - 1) >> 1;
      if (ht[p] <= at) break;
      ht[i] = ht[p];
      hs[i] = hs[p];
      i = p;
    }
    ht[i] = at;
    hs[i] = s;
  }
  pop() {
    const { ht, hs } = this,
      s = hs[0],
      n = --this.hn,
      at = ht[n],
      ls = hs[n];
    let i = 0;
    for (;;) {
      let c = 2 * i + 1;
      if (c >= n) break;
      if (c + 1 < n && ht[c + 1] < ht[c]) c++;
      if (ht[c] >= at) break;
      ht[i] = ht[c];
      hs[i] = hs[c];
      i = c;
    }
    ht[i] = at;
    hs[i] = ls;
    return s;
  }
  fire(s) {
    const o = this.outs.get(s),
      { log } = this;
    if (o) for (const p of o) log.add(p[0], p[1], p[2], p[3], -1);
    const p = [this.skey[s], this.start[s], this.sum[s], this.fin[s]];
    this.outs.set(s, [p]);
    this.st[s] = 1;
    log.add(p[0], p[1], p[2], p[3], 1);
  }
  advance(wm) {
    while (this.hn && this.ht[0] <= wm) {
      const s = this.pop();
      if (this.st[s]) continue;
      if (this.fin[s] <= wm) this.fire(s);
      else this.arm(s);
    }
  } // st: 0 open, 1 fired, 2 dead
  push(key, t, v, from, to) {
    for (let i = from; i < to; i++) {
      const due = this.hn ? this.ht[0] + this.delay : 0x7fffffff;
      SCR[0] = this.maxT;
      i = inside(key, t, v, i, to, this.gap, this.head, this.start, this.fin, this.sum, this.st, due, SCR);
      this.maxT = SCR[0];
      if (i === to) return;
      const rel = (t[i] - BASE) | 0;
      if (rel > this.maxT) {
        this.maxT = rel;
        if (rel >= due) this.advance(rel - this.delay);
      }
      this.slow(key[i], rel, v[i]);
    }
  }
  slow(k, rel, x) {
    const wm = this.maxT - this.delay,
      hi = rel + this.gap,
      { head, outs } = this;
    if (this.ns + 1 >= this.st.length) this.grow();
    const { start, fin, sum, next, st } = this;
    let prev = -1,
      s = head[k],
      m = -1;
    while (s >= 0) {
      if (fin[s] + this.lateness <= wm) {
        if (prev < 0) head[k] = -1;
        else next[prev] = -1;
        for (let q = s; q >= 0; q = next[q]) outs.delete(q);
        break;
      } // expired tail
      if (fin[s] < rel) break;
      if (start[s] > hi) {
        prev = s;
        s = next[s];
        continue;
      }
      if (m < 0) {
        m = s;
        if (hi > fin[s]) {
          fin[s] = hi;
          if (st[s] === 1 && hi > wm) {
            st[s] = 0;
            this.arm(s);
          }
        }
        if (rel < start[s]) start[s] = rel;
        prev = s;
        s = next[s];
      } else {
        if (start[s] < start[m]) start[m] = start[s];
        sum[m] += sum[s];
        st[s] = 2;
        const o = outs.get(s);
        if (o) {
          const q = outs.get(m);
          if (q) q.push(...o);
          else outs.set(m, o);
          outs.delete(s);
        }
        next[m] = next[s];
        s = next[s];
      }
    }
    if (m < 0) {
      if (hi + this.lateness <= wm) {
        this.dropped++;
        return;
      }
      m = this.ns++;
      start[m] = rel;
      fin[m] = hi;
      sum[m] = 0;
      st[m] = 0;
      this.skey[m] = k;
      prev = -1;
      s = head[k];
      while (s >= 0 && start[s] > rel) {
        prev = s;
        s = next[s];
      }
      next[m] = s;
      if (prev < 0) head[k] = m;
      else next[prev] = m;
      if (hi > wm) this.arm(m);
    }
    sum[m] += x;
    if (fin[m] <= wm) this.fire(m);
  }
  end() {
    this.advance(0x7fffffff);
    return this;
  }
}
const MX = new Int32Array(3);
function pairUp(key, t, side, from, to, inv, cnt, pairs, firstOpen, tick, mx) {
  let a = mx[0] | 0,
    b = mx[1] | 0,
    mw = mx[2] | 0,
    i = from;
  for (; i < to; i++) {
    const rel = (t[i] - BASE) | 0,
      s = side[i];
    if (s === 0) {
      if (rel > a) a = rel;
    } else if (rel > b) b = rel;
    const w = ((rel + 0.5) * inv) | 0;
    if (w < firstOpen || (a < b ? a : b) >= tick) break;
    const r = w & (RING - 1),
      j = (((r << KB) | key[i]) << 1) | s;
    cnt[j] = (cnt[j] + 1) | 0;
    pairs[r] += cnt[j ^ 1];
    if (w > mw) mw = w;
  }
  mx[0] = a;
  mx[1] = b;
  mx[2] = mw;
  return i;
}
export class JoinCount {
  constructor({ size = MIN, lateness = LATE, delay = DELAY } = {}, log = new Log(1 << 12)) {
    Object.assign(this, {
      size,
      inv: 1 / size,
      lateness,
      delay,
      log,
      cnt: new Int32Array(2 * RING * KN),
      pairs: new Float64Array(RING),
      mx: [-1e9, -1e9],
      firstOpen: 0,
      firstLive: 0,
      maxW: 0,
      dropped: 0,
    });
  }
  advance(wm, stop = Infinity) {
    const { size, pairs, cnt, log } = this,
      fired = Math.min(Math.floor(wm / size), stop),
      live = Math.max(0, Math.ceil((wm - this.lateness - size + 1) / size));
    for (let w = this.firstOpen; w < fired; w++) log.add(0, w, pairs[w & (RING - 1)], 0, 1);
    if (live < Infinity)
      for (let w = this.firstLive; w < live; w++) {
        const o = (w & (RING - 1)) << (KB + 1);
        pairs[w & (RING - 1)] = 0;
        cnt.fill(0, o, o + 2 * KN);
      }
    this.firstOpen = Math.max(this.firstOpen, fired);
    this.firstLive = Math.max(this.firstLive, live);
  }
  push(key, t, side, from, to) {
    const { cnt, pairs, log } = this;
    for (let i = from; i < to; i++) {
      const tick = (this.firstOpen + 1) * this.size + this.delay;
      MX[0] = this.mx[0];
      MX[1] = this.mx[1];
      MX[2] = this.maxW;
      i = pairUp(key, t, side, i, to, this.inv, cnt, pairs, this.firstOpen, tick, MX);
      this.mx[0] = MX[0];
      this.mx[1] = MX[1];
      this.maxW = MX[2];
      if (i === to) return;
      const rel = (t[i] - BASE) | 0,
        lo = Math.min(this.mx[0], this.mx[1]);
      if (lo >= tick) this.advance(lo - this.delay);
      const w = ((rel + 0.5) * this.inv) | 0,
        r = w & (RING - 1),
        j = (((r << KB) | key[i]) << 1) | side[i];
      if (w < this.firstOpen) {
        if ((w + 1) * this.size + this.lateness <= lo - this.delay) {
          this.dropped++;
          continue;
        }
        const o = cnt[j ^ 1];
        cnt[j]++;
        if (o) {
          log.add(0, w, pairs[r], 0, -1);
          pairs[r] += o;
          log.add(0, w, pairs[r], 0, 1);
        }
      } else {
        cnt[j]++;
        pairs[r] += cnt[j ^ 1];
        if (w > this.maxW) this.maxW = w;
      }
    }
  }
  end() {
    const l = this.lateness;
    this.lateness = Infinity;
    this.advance(Infinity, this.maxW + 1);
    this.lateness = l;
    return this;
  }
}
export class Balances {
  constructor() {
    this.T = [];
    this.B = [];
    this.len = new Int32Array(KN);
    for (let k = 0; k < KEYS; k++) {
      this.T.push(new Float64Array(64));
      this.B.push(new Float64Array(64));
    }
    this.restated = 0;
  }
  push(key, t, v, from, to) {
    const { T, B, len } = this;
    let restated = 0;
    for (let i = from; i < to; i++) {
      const k = key[i],
        x = v[i],
        at = t[i];
      let ts = T[k],
        bs = B[k];
      const n = len[k];
      if (n === ts.length) {
        const a = new Float64Array(2 * n),
          b = new Float64Array(2 * n);
        a.set(ts);
        b.set(bs);
        T[k] = ts = a;
        B[k] = bs = b;
      }
      let j = n;
      while (j > 0 && ts[j - 1] > at) {
        ts[j] = ts[j - 1];
        bs[j] = bs[j - 1] + x;
        j--;
      }
      ts[j] = at;
      bs[j] = (j > 0 ? bs[j - 1] : 0) + x;
      len[k] = n + 1;
      restated += n - j;
    }
    this.restated += restated;
  }
}
const fl = size => op => {
  const f = new Fold(),
    L = op.log;
  for (let i = 0; i < L.n; i++) f.add(L.k[i], (L.w[i] * size) / 1000, L.a[i], L.b[i], L.d[i]);
  return { chk: f.chk, plus: f.plus, minus: f.minus, dropped: op.dropped, n: L.n };
};
const flS = op => {
  const f = new Fold(),
    L = op.log;
  for (let i = 0; i < L.n; i++) f.add(L.k[i], L.w[i], L.a[i], L.b[i], L.d[i]);
  return { chk: f.chk, plus: f.plus, minus: f.minus, dropped: op.dropped, n: L.n };
};
const BATCH = 8192; // engine-style columnar batches
const all = (C, D, opt, ...cols) => {
  const op = new C(opt);
  for (let f = 0; f < D.n; f += BATCH) op.push(...cols, f, Math.min(D.n, f + BATCH));
  return op.end();
};
export default {
  name: "hand-tuned typed-array loop (columns)",
  needs: "cols",
  W1: { run: D => all(Tumbling, D, {}, D.key, D.t, D.v), check: fl(MIN) },
  W1all: { run: D => all(Tumbling, D, { lateness: 1e12 }, D.key, D.t, D.v), check: fl(MIN) },
  W2: { run: D => all(Hopping, D, {}, D.key, D.t), check: fl(MIN) },
  W2all: { run: D => all(Hopping, D, { lateness: 1e12 }, D.key, D.t), check: fl(MIN) },
  W3: { run: D => all(Sessions, D, {}, D.key, D.t, D.v), check: flS },
  W3all: { run: D => all(Sessions, D, { lateness: 1e12 }, D.key, D.t, D.v), check: flS },
  W4: { run: D => all(JoinCount, D, {}, D.key, D.t, D.side), check: fl(MIN) },
  W4all: { run: D => all(JoinCount, D, { lateness: 1e12 }, D.key, D.t, D.side), check: fl(MIN) },
  W5: {
    run: D => {
      const op = new Balances();
      for (let f = 0; f < D.n; f += BATCH) op.push(D.key, D.t, D.v, f, Math.min(D.n, f + BATCH));
      return op;
    },
    check: op =>
      foldBal(
        op.T.map((t, k) => [k, t.subarray(0, op.len[k]), op.B[k].subarray(0, op.len[k])]).filter(x => x[1].length),
        op.restated,
      ),
  },
  async W6(D, H) {
    const op = new Tumbling();
    op.push(D.key, D.t, D.v, 0, D.n);
    const ek = new Int32Array(1),
      et = new Float64Array(1),
      ev = new Float64Array(1);
    const a = H.each(H.extra, e => {
      ek[0] = +e.key.slice(1);
      et[0] = e.t;
      ev[0] = e.v;
      op.push(ek, et, ev, 0, 1);
    });
    for (let i = 0; i < 25; i++) {
      all(Tumbling, D, { thr: i }, D.key, D.t, D.v);
      all(Tumbling, D, { size: 5 * MIN, ring: 16 }, D.key, D.t, D.v);
    }
    const b = await H.rep(i => all(Tumbling, D, { thr: 100 * i }, D.key, D.t, D.v), 9),
      c = await H.rep(() => all(Tumbling, D, { size: 5 * MIN, ring: 16 }, D.key, D.t, D.v), 9);
    return { a, b, c, note: "b,c = rerun the loop over columns" };
  },
  W7(D, H) {
    const op = new Tumbling();
    return H.batches(D.n, 100, (f, t) => op.push(D.key, D.t, D.v, f, t));
  },
};
