// "What an expert writes in 30 lines": Map-of-Map loops over plain objects.
import { Fold, kid, wid } from "./check.mjs";
import { BASE, MIN, DELAY, LATE, GAP } from "./data.mjs";
export function tumbling({ size, lateness, delay, thr = -Infinity, emit }) {
  const wins = new Map();
  let maxT = -Infinity,
    wm = -Infinity,
    tick = -Infinity,
    dropped = 0;
  function advance() {
    for (const [w, win] of wins) {
      if (!win.fired && w + size <= wm) {
        win.fired = true;
        for (const [k, a] of win.groups) emit(k, w, a.sum, a.count, 1);
      }
      if (w + size + lateness <= wm) wins.delete(w);
    }
    tick = (Math.floor(wm / size) + 1) * size;
  }
  return {
    push(e) {
      if (e.t > maxT) {
        maxT = e.t;
        wm = maxT - delay;
        if (wm >= tick) advance();
      }
      if (!(e.v > thr)) return; // upstream filter; filtered rows still advance the watermark
      const w = Math.floor(e.t / size) * size;
      if (w + size + lateness <= wm) {
        dropped++;
        return;
      }
      let win = wins.get(w);
      if (!win) wins.set(w, (win = { fired: w + size <= wm, groups: new Map() }));
      let a = win.groups.get(e.key);
      if (!a) win.groups.set(e.key, (a = { sum: 0, count: 0 }));
      else if (win.fired) emit(e.key, w, a.sum, a.count, -1);
      a.sum += e.v;
      a.count++;
      if (win.fired) emit(e.key, w, a.sum, a.count, 1);
    },
    end() {
      wm = Infinity;
      advance();
    },
    get dropped() {
      return dropped;
    },
    wins,
  };
}
export function hopping({ size, slide, lateness, delay, emit }) {
  const wins = new Map();
  let maxT = -Infinity,
    wm = -Infinity,
    tick = -Infinity,
    dropped = 0;
  function advance() {
    for (const [w, win] of wins) {
      if (!win.fired && w + size <= wm) {
        win.fired = true;
        for (const [k, c] of win.groups) emit(k, w, c, 1);
      }
      if (w + size + lateness <= wm) wins.delete(w);
    }
    tick = (Math.floor(wm / slide) + 1) * slide;
  }
  return {
    push(e) {
      if (e.t > maxT) {
        maxT = e.t;
        wm = maxT - delay;
        if (wm >= tick) advance();
      }
      for (let w = Math.floor(e.t / slide) * slide; w > e.t - size; w -= slide) {
        if (w + size + lateness <= wm) {
          dropped++;
          continue;
        }
        let win = wins.get(w);
        if (!win) wins.set(w, (win = { fired: w + size <= wm, groups: new Map() }));
        const c = win.groups.get(e.key) ?? 0;
        win.groups.set(e.key, c + 1);
        if (win.fired) {
          if (c) emit(e.key, w, c, -1);
          emit(e.key, w, c + 1, 1);
        }
      }
    },
    end() {
      wm = Infinity;
      advance();
    },
    get dropped() {
      return dropped;
    },
  };
}
export function sessions({ gap, lateness, delay, emit }) {
  const byKey = new Map(),
    heap = [];
  let maxT = -Infinity,
    wm = -Infinity,
    dropped = 0;
  const swap = (i, j) => {
    const x = heap[i];
    heap[i] = heap[j];
    heap[j] = x;
  };
  function arm(s) {
    heap.push({ at: s.end, s });
    let i = heap.length - 1;
    while (i && heap[(i - 1) >> 1].at > heap[i].at) {
      swap(i, (i - 1) >> 1);
      i = (i - 1) >> 1;
    }
  }
  function pop() {
    const top = heap[0],
      last = heap.pop();
    if (heap.length) {
      heap[0] = last;
      for (let i = 0; ; ) {
        let c = 2 * i + 1;
        if (c >= heap.length) break;
        if (c + 1 < heap.length && heap[c + 1].at < heap[c].at) c++;
        if (heap[c].at >= heap[i].at) break;
        swap(i, c);
        i = c;
      }
    }
    return top.s;
  }
  function fire(s) {
    for (const p of s.out) emit(p[0], p[1], p[2], p[3], -1);
    const p = [s.key, s.start, s.end, s.sum];
    s.out = [p];
    s.fired = true;
    emit(p[0], p[1], p[2], p[3], 1);
  }
  function advance() {
    while (heap.length && heap[0].at <= wm) {
      const s = pop();
      if (s.dead || s.fired) continue;
      if (s.end <= wm) fire(s);
      else arm(s);
    }
  }
  return {
    push(e) {
      if (e.t > maxT) {
        maxT = e.t;
        wm = maxT - delay;
        if (heap.length && heap[0].at <= wm) advance();
      }
      let list = byKey.get(e.key);
      if (!list) byKey.set(e.key, (list = []));
      let i = 0;
      while (i < list.length && list[i].end + lateness <= wm) i++;
      if (i) list.splice(0, i); // expired state
      let m = null;
      const hi = e.t + gap;
      for (i = list.length - 1; i >= 0; i--) {
        const s = list[i];
        if (s.end < e.t) break;
        if (s.start > hi) continue;
        if (!m) {
          m = s;
          if (hi > s.end) {
            s.end = hi;
            if (s.fired && s.end > wm) {
              s.fired = false;
              arm(s);
            }
          }
          if (e.t < s.start) s.start = e.t;
        } else {
          m.start = Math.min(s.start, m.start);
          m.sum += s.sum;
          m.out.push(...s.out);
          s.dead = true;
          list.splice(i, 1);
        }
      }
      if (!m) {
        if (hi + lateness <= wm) {
          dropped++;
          return;
        }
        m = { key: e.key, start: e.t, end: hi, sum: 0, out: [], fired: false, dead: false };
        i = list.length;
        while (i && list[i - 1].start > e.t) i--;
        list.splice(i, 0, m);
        if (hi > wm) arm(m);
      }
      m.sum += e.v;
      if (m.end <= wm) fire(m);
    },
    end() {
      wm = Infinity;
      advance();
    },
    get dropped() {
      return dropped;
    },
  };
}
export function joinCount({ size, lateness, delay, emit }) {
  const wins = new Map();
  let maxA = -Infinity,
    maxB = -Infinity,
    wm = -Infinity,
    tick = -Infinity,
    dropped = 0;
  function advance() {
    for (const [w, win] of wins) {
      if (!win.fired && w + size <= wm) {
        win.fired = true;
        emit(w, win.pairs, 1);
      }
      if (w + size + lateness <= wm) wins.delete(w);
    }
    tick = (Math.floor(wm / size) + 1) * size;
  }
  return {
    push(e) {
      if (e.side === 0) {
        if (e.t > maxA) maxA = e.t;
      } else if (e.t > maxB) maxB = e.t;
      wm = Math.min(maxA, maxB) - delay;
      if (wm >= tick) advance();
      const w = Math.floor(e.t / size) * size;
      if (w + size + lateness <= wm) {
        dropped++;
        return;
      }
      let win = wins.get(w);
      if (!win) wins.set(w, (win = { fired: w + size <= wm, pairs: 0, keys: new Map() }));
      let c = win.keys.get(e.key);
      if (!c) win.keys.set(e.key, (c = { a: 0, b: 0 }));
      const before = win.pairs;
      if (e.side === 0) {
        win.pairs += c.b;
        c.a++;
      } else {
        win.pairs += c.a;
        c.b++;
      }
      if (win.fired && win.pairs !== before) {
        emit(w, before, -1);
        emit(w, win.pairs, 1);
      }
    },
    end() {
      wm = Infinity;
      advance();
    },
    get dropped() {
      return dropped;
    },
  };
}
export function balances() {
  const byKey = new Map();
  let restated = 0;
  return {
    push(e) {
      let s = byKey.get(e.key);
      if (!s) byKey.set(e.key, (s = { t: [], bal: [] }));
      const { t, bal } = s;
      let i = t.length;
      while (i && t[i - 1] > e.t) i--;
      const b = (i ? bal[i - 1] : 0) + e.v;
      if (i === t.length) {
        t.push(e.t);
        bal.push(b);
      } else {
        t.splice(i, 0, e.t);
        bal.splice(i, 0, b);
        for (let j = i + 1; j < t.length; j++) bal[j] += e.v;
        restated += t.length - 1 - i;
      }
    },
    byKey,
    get restated() {
      return restated;
    },
  };
}
export const run = (mk, D, opt, fields) => {
  const out = [],
    rows = D.rows;
  opt.emit =
    fields === 5
      ? (k, w, a, b, d) => out.push({ k, w, a, b, d })
      : fields === 4
        ? (k, w, a, d) => out.push({ k, w, a, b: 0, d })
        : (w, a, d) => out.push({ k: "k0", w, a, b: 0, d });
  const op = mk(opt);
  for (let i = 0; i < rows.length; i++) op.push(rows[i]);
  op.end();
  return { out, op };
};
export const foldOut = ({ out, op }) => {
  const f = new Fold();
  for (const r of out) f.add(kid(r.k), wid(r.w), r.a, r.b, r.d);
  return { chk: f.chk, plus: f.plus, minus: f.minus, dropped: op.dropped, n: out.length };
};
export const foldSess = ({ out, op }) => {
  const f = new Fold();
  for (const r of out) f.add(kid(r.k), r.w - BASE, r.b, r.a - BASE, r.d);
  return { chk: f.chk, plus: f.plus, minus: f.minus, dropped: op.dropped, n: out.length };
};
export const foldBal = (it, restated) => {
  const f = new Fold(),
    g = new Fold();
  for (const [k, t, bal] of it) {
    f.add(k, 0, bal[bal.length - 1], bal.length);
    for (let i = 0; i < bal.length; i++) g.add(k, t[i] - BASE, bal[i], 0);
  }
  return { chk: f.chk, series: g.chk, restated };
};
export const W1opt = (o = {}) => ({ size: MIN, lateness: LATE, delay: DELAY, ...o });
export default {
  name: "hand-written Map-of-Map (objects)",
  needs: "rows",
  W1: { run: D => run(tumbling, D, W1opt(), 5), check: foldOut },
  W1all: { run: D => run(tumbling, D, W1opt({ lateness: Infinity }), 5), check: foldOut },
  W2: { run: D => run(hopping, D, W1opt({ size: 5 * MIN, slide: MIN }), 4), check: foldOut },
  W2all: { run: D => run(hopping, D, W1opt({ size: 5 * MIN, slide: MIN, lateness: Infinity }), 4), check: foldOut },
  W3: { run: D => run(sessions, D, { gap: GAP, lateness: LATE, delay: DELAY }, 5), check: foldSess },
  W3all: { run: D => run(sessions, D, { gap: GAP, lateness: Infinity, delay: DELAY }, 5), check: foldSess },
  W4: { run: D => run(joinCount, D, W1opt(), 3), check: foldOut },
  W4all: { run: D => run(joinCount, D, W1opt({ lateness: Infinity }), 3), check: foldOut },
  W5: {
    run: D => {
      const op = balances(),
        rows = D.rows;
      for (let i = 0; i < rows.length; i++) op.push(rows[i]);
      return op;
    },
    check: op =>
      foldBal(
        Array.from(op.byKey, ([k, s]) => [kid(k), s.t, s.bal]),
        op.restated,
      ),
  },
  async W6(D, H) {
    const out = [],
      emit = (k, w, a, b, d) => out.push({ k, w, a, b, d }),
      rows = D.rows;
    const op = tumbling(W1opt({ emit }));
    for (let i = 0; i < rows.length; i++) op.push(rows[i]);
    const a = H.each(H.extra, e => op.push(e));
    const b = await H.rep(i => run(tumbling, D, W1opt({ thr: 100 * i }), 5), 7),
      c = await H.rep(() => run(tumbling, D, W1opt({ size: 5 * MIN }), 5), 7);
    return { a, b, c, note: "b,c = rerun the loop" };
  },
  W7(D, H) {
    const out = [],
      op = tumbling(W1opt({ emit: (k, w, a, b, d) => out.push({ k, w, a, b, d }) })),
      rows = D.rows;
    return H.batches(D.n, 100, (f, t) => {
      for (let i = f; i < t; i++) op.push(rows[i]);
    });
  },
};
