/**
 * Curves of the latest closed windows: of each key, and a sample over all keys for those that have too few of their own. Only so
 * many are kept, so that what is learned does not grow with the log.
 */
import { type Amount, curveAt, fewestWindows, PLACES, type Precedents } from "../../../model/nowcast.ts";
import { mix } from "../../row-store.ts";
import { KeyCurves, type SavedCurves } from "./key-curves.ts";
import type { OpenWindows } from "./open-windows.ts";

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
/** Closed windows from which something is said. */
const FEWEST = fewestWindows();

/** Sums up what came at each place of age. */
function curveOf(parts: OpenWindows, slot: number): Curve {
  const up = sumsOf(parts.up, slot);
  const down = parts.down === null ? null : sumsOf(parts.down, slot);
  return {
    up: up.curve,
    down: down === null ? null : down.curve,
    final: { up: up.total, down: down === null ? 0 : down.total },
  };
}

function sumsOf(parts: Float64Array, slot: number): { curve: Float32Array | null; total: number } {
  const curve = new Float32Array(PLACES);
  let total = 0;
  let some = false;
  for (let i = 0; i < PLACES; i++) {
    const part = parts[slot * PLACES + i];
    if (part !== 0) some = true;
    total += part;
    curve[i] = total;
  }
  return { curve: some ? curve : null, total };
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
  /** By key. */
  readonly #own: (KeyCurves | null)[] = [];
  #keys = 0;
  /** By window end, the oldest first: those of its windows that come first by chance. */
  readonly #sample = new Map<number, Sampled[]>();
  /** The curves of the sample; null after it changed. */
  #all: readonly Curve[] | null = null;

  /** `keyed`: whether there is more than one key, so that a sample over all of them says something new. */
  constructor(keyed: boolean) {
    this.#keyed = keyed;
  }

  /** Curves held. */
  get size(): number {
    let size = 0;
    for (const curves of this.#own) if (curves !== null) size += curves.count;
    for (const list of this.#sample.values()) size += list.length;
    return size;
  }

  /** Takes a window in that closes. */
  add(windows: OpenWindows, slot: number): void {
    const key = windows.key[slot];
    let own = this.#own[key] ?? null;
    if (own === null && this.#keys < MOST_KEYS) this.#hold(key, (own = new KeyCurves(LATEST)));
    own?.add(windows.up, windows.down, slot);
    if (this.#keyed) this.#draw(key, windows, slot);
  }

  #hold(key: number, curves: KeyCurves): void {
    while (this.#own.length <= key) this.#own.push(null);
    this.#own[key] = curves;
    this.#keys++;
  }

  #draw(key: number, windows: OpenWindows, slot: number): void {
    const { end } = windows.frameOf(slot);
    let list = this.#sample.get(end);
    if (list === undefined) {
      this.#sample.set(end, (list = []));
      this.#all = null;
      if (this.#sample.size > LATEST) this.#sample.delete(this.#sample.keys().next().value as number);
    }
    // The same choice whenever the log is replayed: the order is that of a hash.
    const order = mix(Math.imul(key + 1, 0x9e3779b1) ^ Math.floor(end / 1_000));
    let at = list.length;
    if (at === SAMPLE) {
      at = 0;
      for (let i = 1; i < SAMPLE; i++) if (list[i].order > list[at].order) at = i;
      if (order >= list[at].order) return;
    }
    list[at] = { key, order, curve: curveOf(windows, slot) };
    this.#all = null;
  }

  /** A key's own curves; null where there are too few. */
  own(key: number): KeyCurves | null {
    const own = this.#own[key] ?? null;
    return own !== null && own.count >= FEWEST ? own : null;
  }

  /** Curves over all keys; null where too few window ends are known, however many keys there are. */
  all(): readonly Curve[] | null {
    if (this.#sample.size < FEWEST) return null;
    return (this.#all ??= [...this.#sample.values()].flat().map(s => s.curve));
  }

  snapshot(): unknown {
    return {
      own: this.#own.flatMap((curves, key) => (curves === null ? [] : [[key, curves.snapshot()]])),
      sample: [...this.#sample].map(([end, list]) => [end, [...list]]),
    };
  }

  restore(snapshot: unknown): void {
    const saved = snapshot as { own: [number, SavedCurves][]; sample: [number, Sampled[]][] };
    for (const [key, curves] of saved.own) this.#hold(key, new KeyCurves(LATEST, curves));
    for (const [end, list] of saved.sample) this.#sample.set(end, [...list]);
    this.#all = null;
  }
}
