/**
 * The live sessions of each key in order of time: linked from new to old, and in a search tree.
 *
 * Nearly every key has one session or two, and rows come to the newest, so the links are what is mostly used. Where sessions are
 * short and lateness is long, a key may have a hundred thousand, and a late row must not walk past all of them: then the tree finds its
 * place. It is a treap (Seidel and Aragon: Randomized Search Trees, Algorithmica 1996) whose priorities are a hash of the
 * session's number, so that nothing is random and equal runs do equal work.
 */

/** No session: the end of a list. */
export const NONE = 0;

/** The least array: nobody's session 0. */
const FEW = 16;

export class SessionOrder {
  /** The newest session of each key, by code + 1. */
  head = new Int32Array(0);
  /** The start of each session. Whoever moves one keeps the order of its key's sessions. */
  readonly #startOf: (session: number) => number;
  #older = new Int32Array(FEW);
  #newer = new Int32Array(FEW);
  /** The root of each key's tree, by code + 1; children of session `s` at `2 s` (earlier) and `2 s + 1` (later). */
  #root = new Int32Array(0);
  #children = new Int32Array(2 * FEW);

  constructor(startOf: (session: number) => number) {
    this.#startOf = startOf;
  }

  /** Makes room for keys with codes below `size`. */
  widen(size: number): void {
    if (size + 1 <= this.head.length) return;
    this.head = grown(this.head, 2 * (size + 1));
    this.#root = grown(this.#root, 2 * (size + 1));
  }

  /** Makes room for sessions with numbers below `size`. */
  grow(size: number): void {
    if (size <= this.#older.length) return;
    this.#older = grown(this.#older, size);
    this.#newer = grown(this.#newer, size);
    this.#children = grown(this.#children, 2 * size);
  }

  /** The next older session of the same key. */
  older(session: number): number {
    return this.#older[session];
  }

  /** Finds the newest session of a key that starts at `time` or before. */
  latest(code: number, time: number): number {
    const newest = this.head[code + 1];
    if (newest === NONE || this.#startOf(newest) <= time) return newest;
    let found = NONE;
    for (let at = this.#root[code + 1]; at !== NONE; ) {
      if (this.#startOf(at) <= time) {
        found = at;
        at = this.#children[2 * at + 1];
      } else at = this.#children[2 * at];
    }
    return found;
  }

  /** Enters a session whose start is known. */
  add(code: number, session: number): void {
    const start = this.#startOf(session);
    const older = this.latest(code, start);
    const newer = older === NONE ? this.#oldest(code) : this.#newer[older];
    this.#older[session] = older;
    this.#newer[session] = newer;
    if (older !== NONE) this.#newer[older] = session;
    if (newer === NONE) this.head[code + 1] = session;
    else this.#older[newer] = session;
    this.#plant(code, session, start);
  }

  /** Takes a session out. */
  remove(code: number, session: number): void {
    const older = this.#older[session];
    const newer = this.#newer[session];
    if (older !== NONE) this.#newer[older] = newer;
    if (newer === NONE) this.head[code + 1] = older;
    else this.#older[newer] = older;
    this.#older[session] = this.#newer[session] = NONE;
    this.#uproot(code, session);
  }

  /** Every session of every key, newest first. */
  *all(): Generator<number> {
    for (const head of this.head)
      for (let session = head; session !== NONE; session = this.#older[session]) yield session;
  }

  #oldest(code: number): number {
    let at = this.#root[code + 1];
    while (at !== NONE && this.#children[2 * at] !== NONE) at = this.#children[2 * at];
    return at;
  }

  #plant(code: number, session: number, start: number): void {
    const children = this.#children;
    const priority = priorityOf(session);
    let parent = NONE;
    let at = this.#root[code + 1];
    while (at !== NONE && priorityOf(at) >= priority) {
      parent = 2 * at + (this.#startOf(at) <= start ? 1 : 0);
      at = children[parent];
    }
    if (parent === NONE) this.#root[code + 1] = session;
    else children[parent] = session;
    // What was below is split into what comes before the session and what comes after it.
    let before = 2 * session;
    let after = 2 * session + 1;
    while (at !== NONE)
      if (this.#startOf(at) <= start) {
        children[before] = at;
        before = 2 * at + 1;
        at = children[before];
      } else {
        children[after] = at;
        after = 2 * at;
        at = children[after];
      }
    children[before] = NONE;
    children[after] = NONE;
  }

  #uproot(code: number, session: number): void {
    const children = this.#children;
    const start = this.#startOf(session);
    let parent = NONE;
    for (let at = this.#root[code + 1]; at !== session; at = children[parent])
      parent = 2 * at + (this.#startOf(at) <= start ? 1 : 0);
    // Its two subtrees become one.
    let before = children[2 * session];
    let after = children[2 * session + 1];
    children[2 * session] = children[2 * session + 1] = NONE;
    for (;;) {
      const takesBefore = after === NONE || (before !== NONE && priorityOf(before) >= priorityOf(after));
      const next = takesBefore ? before : after;
      if (parent === NONE) this.#root[code + 1] = next;
      else children[parent] = next;
      if (before === NONE || after === NONE) return;
      if (takesBefore) {
        parent = 2 * before + 1;
        before = children[parent];
      } else {
        parent = 2 * after;
        after = children[parent];
      }
    }
  }
}

/** Spreads a session's number over all integers. */
function priorityOf(session: number): number {
  const mixed = Math.imul(session ^ (session >>> 15), 0x2c1b3c6d);
  return Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
}

function grown(from: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(size);
  to.set(from);
  return to;
}
