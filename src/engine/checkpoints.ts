/**
 * The checkpoints of a replay: moments it can be taken to at once, so that seeking backwards costs a stretch of the log and
 * not all of it.
 *
 * They are taken as the replay goes on, each when the log has grown by a twelfth since the one before, so there are few of
 * them however long the log is. Above a bound on their number or their bytes, the one goes that is missed least: the one
 * that leaves the shortest stretch in relation to where it lies. What a seek works through is then a share of the rows
 * before its target:
 *
 * ```
 * rows     0   2k 4k  6k …   250k    500k         1 M
 * kept     |   |  |   |      |   |   |   |    |    |
 * ```
 *
 * Checkpoints ahead of the present are as good as those behind it: a replay of the same log is the same every time. They give way
 * as a replay from the start passes them.
 */
import type { Checkpoint, Progress, Run, Tap } from "./run.ts";
import { atOnce, type Slices } from "./slices.ts";

export interface CheckpointLimits {
  /** Most checkpoints kept. */
  readonly count?: number;
  /** Most bytes they hold together. */
  readonly bytes?: number;
  /** Fewest rows between two of them. */
  readonly rows?: number;
}

interface Kept {
  readonly checkpoint: Checkpoint;
  /** Bytes of the run's state, and of each tap. */
  readonly state: number;
  readonly taps: ReadonlyMap<Tap, number>;
  /** All of them. */
  readonly bytes: number;
}

/** The next one is taken when the rows have grown by this share. */
const GROWTH = 1 / 12;
/** Bytes copied at most for each row of the log, once a state is larger than small: replays are to stay fast. */
const BYTES_PER_ROW = 64;
const SMALL = 2 ** 20;

export class Checkpoints {
  readonly #count: number;
  readonly #bytes: number;
  readonly #rows: number;
  /** In order of rows. */
  #kept: Kept[] = [];
  /** The first steps remembered by the replay that brought the latest checkpoint, and by the one before it. */
  #replays: readonly unknown[] = [];
  /** Doubles whenever a single checkpoint is too large to keep many of. */
  #patience = 1;
  /** The run was taken to this one, in which some of its nodes or taps are missing: to be taken anew when they have caught up. */
  #lacking: Checkpoint | null = null;

  /** At most 32 checkpoints, 256 MB, and 2,000 rows between two of them, unless told otherwise. */
  constructor(limits: CheckpointLimits = {}) {
    this.#count = limits.count ?? 32;
    this.#bytes = limits.bytes ?? 256 * 2 ** 20;
    this.#rows = limits.rows ?? 2_000;
  }

  get length(): number {
    return this.#kept.length;
  }

  /** Bytes held, by estimate: arrays and strings, each counted once. */
  get bytes(): number {
    return this.#kept.reduce((sum, k) => sum + k.bytes, 0);
  }

  /** Forgets all: the sources, the profile or the logs are others now. */
  clear(): void {
    this.#kept = [];
    this.#patience = 1;
    this.#lacking = null;
  }

  /** Lets go of the taps that an edit has taken away, which would keep their tables alive. */
  keepTaps(taps: ReadonlySet<Tap>): void {
    const left = <T>(of: ReadonlyMap<Tap, T>): Map<Tap, T> => new Map([...of].filter(([tap]) => taps.has(tap)));
    this.#kept = this.#kept.map(({ checkpoint, state, taps: sizes }) => {
      const next = { ...checkpoint, taps: left(checkpoint.taps) };
      if (checkpoint === this.#lacking) this.#lacking = next;
      return kept(next, state, left(sizes));
    });
  }

  /** Takes a checkpoint of the run where it stands, if one is due. Call it between steps; nothing is done while the run is behind. */
  take(run: Run): void {
    if (this.due(run)) atOnce(this.taking(run));
  }

  /** Whether a checkpoint is to be taken of the run where it stands. */
  due(run: Run): boolean {
    if (run.behind !== null) return false;
    if (this.#lacking !== null && this.#lacking.progress.positions === run.progress.positions) return true;
    this.#lacking = null;
    const { rows } = run.progress;
    const before = this.#kept.findLast(k => k.checkpoint.progress.rows <= rows);
    const since = rows - (before?.checkpoint.progress.rows ?? 0);
    const affordable = ((before?.bytes ?? 0) - SMALL) / BYTES_PER_ROW;
    return since >= this.#patience * Math.max(this.#rows, rows * GROWTH, affordable);
  }

  /** Takes the checkpoint that is due, in slices, while the run stands still. */
  *taking(run: Run): Slices<void> {
    const checkpoint = yield* run.checkpointing();
    const lacking = this.#lacking;
    this.#lacking = null;
    if (lacking !== null) this.#kept = this.#kept.filter(k => k.checkpoint !== lacking);
    this.#keep(checkpoint);
  }

  /**
   * Takes the run to the last checkpoint that has not passed the target, or to its start. Says whether anything was done: nothing
   * is when the run stands between that checkpoint and the target already.
   */
  rewind(run: Run, passed: (at: Progress) => boolean): boolean {
    return atOnce(this.rewinding(run, passed));
  }

  /** As `rewind`, in slices, while the run is left alone. */
  *rewinding(run: Run, passed: (at: Progress) => boolean): Slices<boolean> {
    const best = this.#kept.findLast(k => !passed(k.checkpoint.progress))?.checkpoint ?? null;
    if (!passed(run.progress) && (best === null || best.progress.positions <= run.progress.positions)) return false;
    if (best === null) run.restart();
    else this.#lacking = (yield* run.rewinding(best)) ? null : best;
    return true;
  }

  #keep(checkpoint: Checkpoint): void {
    const sizes = new Map([...checkpoint.taps].map(([tap, saved]) => [tap, bytesOf(saved)]));
    const entry = kept(checkpoint, bytesOf(checkpoint.state), sizes);
    const { bytes } = entry;
    if (bytes * 4 > this.#bytes) this.#patience *= 2;
    this.#makeWay(checkpoint);
    const at = this.#kept.findIndex(k => k.checkpoint.progress.rows > checkpoint.progress.rows);
    this.#kept.splice(at < 0 ? this.#kept.length : at, 0, entry);
    while (this.#kept.length > this.#count || (this.bytes > this.#bytes && this.#kept.length > 1)) this.#thin();
  }

  /**
   * Lets go of what earlier replays remember, as far as a new checkpoint's has passed it again, and of all but the latest of them:
   * a replay from the start remembers its steps anew, and each would leave as much behind as the log has rows.
   */
  #makeWay({ memory, progress: { rows } }: Checkpoint): void {
    if (memory[0] !== this.#replays[0]) this.#replays = [memory[0], this.#replays[0]];
    const [present, before] = this.#replays;
    this.#kept = this.#kept.filter(({ checkpoint: { memory: of, progress } }) =>
      of[0] === present ? true : of[0] === before && progress.rows > rows,
    );
  }

  #thin(): void {
    let least = Infinity;
    let index = 0;
    for (let i = 0; i < this.#kept.length - 1; i++) {
      const from = i === 0 ? 0 : this.#kept[i - 1].checkpoint.progress.rows;
      const to = this.#kept[i + 1].checkpoint.progress.rows;
      const stretch = (to - from) / to;
      if (stretch < least) {
        least = stretch;
        index = i;
      }
    }
    this.#kept.splice(index, 1);
  }
}

function kept(checkpoint: Checkpoint, state: number, taps: ReadonlyMap<Tap, number>): Kept {
  let bytes = state;
  for (const size of taps.values()) bytes += size;
  return { checkpoint, state, taps, bytes };
}

/** Of longer lists, so many entries stand for all. */
const SAMPLE = 64;

/** Estimates the bytes of plain data: typed arrays by their length, numbers 8, strings 2 for each unit, long lists by some of their entries. */
export function bytesOf(value: unknown, seen = new Set<object>()): number {
  if (typeof value === "string") return 2 * value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (seen.has(value)) return 0;
  seen.add(value);
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let sum = 16;
  if (value instanceof Map) {
    for (const [k, v] of value) sum += bytesOf(k, seen) + bytesOf(v, seen);
  } else if (Array.isArray(value) && typeof value[0] === "number") sum += 8 * value.length;
  else if (Array.isArray(value) && value.length > 2 * SAMPLE) {
    let some = 0;
    for (let i = 0; i < SAMPLE; i++) some += bytesOf(value[Math.floor((i * value.length) / SAMPLE)], seen);
    sum += (some * value.length) / SAMPLE;
  } else if (value instanceof Set || Array.isArray(value)) for (const v of value) sum += bytesOf(v, seen);
  else for (const v of Object.values(value)) sum += bytesOf(v, seen);
  return sum;
}
