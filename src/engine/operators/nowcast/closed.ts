/**
 * Curves of the latest closed windows: of each key, and a sample over all keys for those that have too few of their own. Only so
 * many are kept, so that what is learned does not grow with the log.
 */
import { type Amount, curveAt, fewestWindows, PLACES, type Precedents } from "../../../model/nowcast.ts";
import { mix } from "../../row-store.ts";

/** What had come to a closed window by each place of age; null for a sign that it does not have. */
export interface Curve {
  readonly up: Float32Array | null;
  readonly down: Float32Array | null;
  /** Exact, as the curve's end is not. */
  readonly final: Amount;
}

/** Windows that are remembered: of each key, and window ends of all keys with the windows of each. Of 29, the third on either side is the band. */
const LATEST = 29;
const SAMPLE = 4;
/** Keys that are remembered by themselves. More, and all learn from the sample. */
const MOST_KEYS = 10_000;

/** Sums up what came at each place of age. */
export function closedCurve(up: Float64Array, down: Float64Array): Curve {
  const sums = (parts: Float64Array): { curve: Float32Array | null; total: number } => {
    const curve = new Float32Array(PLACES);
    let total = 0;
    let some = false;
    for (let i = 0; i < PLACES; i++) {
      if (parts[i] !== 0) some = true;
      total += parts[i];
      curve[i] = total;
    }
    return { curve: some ? curve : null, total };
  };
  const [a, b] = [sums(up), sums(down)];
  return { up: a.curve, down: b.curve, final: { up: a.total, down: b.total } };
}

/** Reads curves at an age into `precedents`, which is emptied before. */
export function precedentsAt(curves: readonly Curve[], place: number, precedents: Precedents): Precedents {
  precedents.clear();
  for (const { up, down, final } of curves)
    precedents.add(amountAt(up, final.up, place), amountAt(down, final.down, place), final.up, final.down);
  return precedents;
}

function amountAt(curve: Float32Array | null, final: number, place: number): number {
  return curve === null ? 0 : place >= PLACES - 1 ? final : curveAt(curve, place);
}

interface Sampled {
  readonly key: number;
  readonly order: number;
  readonly curve: Curve;
}

export class Closed {
  readonly #keyed: boolean;
  readonly #own = new Map<number, Curve[]>();
  /** By window end, the oldest first: those of its windows that come first by chance. */
  readonly #sample = new Map<number, Sampled[]>();

  /** `keyed`: whether there is more than one key, so that a sample over all of them says something new. */
  constructor(keyed: boolean) {
    this.#keyed = keyed;
  }

  /** Curves held. */
  get size(): number {
    let size = 0;
    for (const list of this.#own.values()) size += list.length;
    for (const list of this.#sample.values()) size += list.length;
    return size;
  }

  add(key: number, end: number, curve: Curve): void {
    let own = this.#own.get(key);
    if (own === undefined && this.#own.size < MOST_KEYS) this.#own.set(key, (own = []));
    if (own !== undefined) {
      own.push(curve);
      if (own.length > LATEST) own.shift();
    }
    if (this.#keyed) this.#draw(key, end, curve);
  }

  #draw(key: number, end: number, curve: Curve): void {
    let list = this.#sample.get(end);
    if (list === undefined) {
      this.#sample.set(end, (list = []));
      if (this.#sample.size > LATEST) this.#sample.delete(this.#sample.keys().next().value as number);
    }
    // The same choice whenever the log is replayed: the order is that of a hash.
    const order = mix(Math.imul(key + 1, 0x9e3779b1) ^ Math.floor(end / 1_000));
    if (list.length < SAMPLE) list.push({ key, order, curve });
    else {
      let last = 0;
      for (let i = 1; i < list.length; i++) if (list[i].order > list[last].order) last = i;
      if (order < list[last].order) list[last] = { key, order, curve };
    }
  }

  /** A key's own curves; null where there are too few. */
  own(key: number): readonly Curve[] | null {
    const own = this.#own.get(key);
    return own !== undefined && own.length >= fewestWindows() ? own : null;
  }

  /** Curves over all keys; null where too few window ends are known, however many keys there are. */
  all(): readonly Curve[] | null {
    return this.#sample.size < fewestWindows() ? null : [...this.#sample.values()].flat().map(s => s.curve);
  }

  snapshot(): unknown {
    return {
      own: [...this.#own].map(([key, curves]) => [key, [...curves]]),
      sample: [...this.#sample].map(([end, list]) => [end, [...list]]),
    };
  }

  restore(snapshot: unknown): void {
    const saved = snapshot as { own: [number, Curve[]][]; sample: [number, Sampled[]][] };
    for (const [key, curves] of saved.own) this.#own.set(key, [...curves]);
    for (const [end, list] of saved.sample) this.#sample.set(end, [...list]);
  }
}
