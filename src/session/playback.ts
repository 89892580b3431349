/**
 * Moves a run's clock as the transport says: plays at a speed, seeks, steps, stops at breakpoints. Works in slices of a
 * few milliseconds, so that whoever it runs beside can speak between two of them.
 */
import { Checkpoints } from "../engine/checkpoints.ts";
import type { Run, Tap } from "../engine/run.ts";
import type { TransportAction, TransportState } from "../protocol/session.ts";
import { Breakpoints, type Hit } from "./breakpoints.ts";
import { positionsBefore, type StepUnit } from "./step-back.ts";

/** Milliseconds of work between two chances to hear a message. */
const SLICE = 10;
/** Milliseconds a step may look for a firing before it gives up. */
const STEP_LIMIT = 1_000;

/** Actions that move the clock; the others change what runs. */
export type ClockAction = Exclude<TransportAction, { kind: "breakpoint" | "faults" }>;

/** A moment to work to, as fast as possible; `end` lets the sources end there. */
interface Goal {
  readonly clock: number;
  readonly end: boolean;
}

export class Playback {
  readonly breakpoints = new Breakpoints();
  readonly #now: () => number;
  /** The least watermark of the sources that count. */
  readonly #watermark: () => number;
  readonly #checkpoints = new Checkpoints();
  #run: Run | null = null;
  #playing = false;
  #speed = Infinity;
  #paused: TransportState["paused"] = null;
  /** Wall clock and virtual clock when playing began or the speed changed. */
  #anchor = { wall: 0, clock: 0 };
  /** Where to work before anything else; null: nothing to catch up. */
  #target: Goal | null = null;

  constructor(now: () => number, watermark: () => number) {
    this.#now = now;
    this.#watermark = watermark;
  }

  get playing(): boolean {
    return this.#playing || this.#target !== null;
  }

  get speed(): number {
    return this.#speed;
  }

  /** What the replay was paused by; null when by nobody but its reader. */
  get paused(): TransportState["paused"] {
    return this.#paused;
  }

  /** Whether there is more work at once than between two ticks of the wall clock. */
  get hurried(): boolean {
    return this.#target !== null || this.#speed === Infinity;
  }

  /** Plays another run from now on, and first works it to where the one before stood. */
  takeOver(run: Run): void {
    const before = this.#run;
    this.#run = run;
    this.#checkpoints.clear();
    if (before !== null) this.#returnTo(before.progress);
  }

  /** Says that the run's pipeline was changed in mid-run: checkpoints stay good for the taps that stayed. */
  edited(taps: ReadonlySet<Tap>): void {
    this.#checkpoints.keepTaps(taps);
  }

  /** Says that the run began again because its sources changed, and works it to where it was. */
  restarted(was: { readonly clock: number; readonly finished: boolean }): void {
    this.#checkpoints.clear();
    this.#returnTo(was);
  }

  #returnTo({ clock, finished }: { readonly clock: number; readonly finished: boolean }): void {
    if (clock > -Infinity || finished) this.#target ??= { clock, end: finished };
  }

  /** Does what the transport says. */
  act(action: ClockAction): void {
    if (action.kind === "speed") {
      this.#speed = action.factor;
      this.#setAnchor();
      return;
    }
    this.#paused = null;
    if (action.kind === "pause") {
      this.#playing = false;
      this.#target = null;
      return;
    }
    const run = this.#run;
    if (run === null) return;
    switch (action.kind) {
      case "play":
        if (run.progress.finished) run.restart();
        this.#playing = true;
        this.#setAnchor();
        return;
      case "restart":
        this.#playing = false;
        this.#target = null;
        run.restart();
        return;
      case "end":
        this.#target = { clock: Infinity, end: true };
        return;
      case "step":
        this.#playing = false;
        this.#target = null;
        if (action.back === true) this.#workTo(run, positionsBefore(run, action.by));
        else this.#step(run, action.by);
        return;
      case "seek":
        this.#checkpoints.rewind(run, at => at.clock > action.to);
        this.#target = { clock: action.to, end: false };
    }
  }

  #setAnchor(): void {
    const clock = this.#run?.progress.clock ?? -Infinity;
    const first = this.#run?.next ?? 0;
    this.#anchor = { wall: this.#now(), clock: clock > -Infinity ? clock : first };
  }

  /** Takes single positions until a row has come, a window has fired or the watermark has moved; a second at most. */
  #step(run: Run, by: StepUnit): void {
    const began = this.#now();
    const { rows } = run.progress;
    const watermark = this.#watermark();
    const fired = firings(run);
    const done = (): boolean =>
      by === "row" ? run.progress.rows > rows : by === "window" ? firings(run) > fired : this.#watermark() > watermark;
    while (run.advance({ positions: 1 })) if (done() || this.#now() - began > STEP_LIMIT) break;
  }

  /** Works for one slice. Says whether anything moved, and whether there is more to do. */
  work(): { readonly moved: boolean; readonly busy: boolean } {
    const run = this.#run;
    if (run === null) return { moved: false, busy: false };
    const until = this.#now() + SLICE;
    let moved = false;
    while (this.#now() < until) {
      const goal = this.#goal(run);
      if (goal === null) return { moved, busy: false };
      // A seek passes breakpoints; what is played does not.
      const stops = this.breakpoints.size > 0 && (this.#target === null || this.#target.end);
      this.breakpoints.take();
      if (run.advance(goal.end ? {} : { until: goal.clock })) {
        moved = true;
        const hit = stops ? this.breakpoints.take() : null;
        if (hit !== null) {
          this.#stopAt(run, hit);
          return { moved, busy: false };
        }
        this.#checkpoints.take(run);
        continue;
      }
      // Nothing is left up to the goal.
      if (this.#target !== null) {
        this.#target = null;
        this.#setAnchor();
        moved = true;
        if (!this.#playing) return { moved, busy: false };
        continue;
      }
      if (!run.progress.finished) return { moved, busy: true };
      this.#playing = false;
      return { moved: true, busy: false };
    }
    return { moved, busy: true };
  }

  /** Takes the run to the position at which a breakpoint was met, and pauses it there. */
  #stopAt(run: Run, hit: Hit): void {
    this.#workTo(run, hit.position + 1);
    this.#playing = false;
    this.#target = null;
    this.#paused = { stream: hit.stream, at: run.progress.clock, row: hit.row };
  }

  /** Takes the run, backwards or forwards, to where it has a number of positions behind it. */
  #workTo(run: Run, positions: number): void {
    this.#checkpoints.rewind(run, at => at.positions > positions);
    while (run.progress.positions < positions && run.advance({ positions: positions - run.progress.positions }));
  }

  #goal(run: Run): Goal | null {
    if (this.#target !== null) return this.#target;
    if (!this.#playing) return null;
    if (this.#speed === Infinity) return { clock: Infinity, end: true };
    const clock = this.#anchor.clock + (this.#now() - this.#anchor.wall) * this.#speed;
    // When the last row has been played the sources end, whatever the clock says.
    return { clock, end: run.next === Infinity };
  }
}

/** Panes that all windowed aggregates have put out. */
function firings(run: Run): number {
  let sum = 0;
  for (const { node, rows } of run.graph.nodes) if (node.verb === "aggregate" && node.strategy !== null) sum += rows;
  return sum;
}
