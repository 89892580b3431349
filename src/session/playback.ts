/**
 * Moves a run's clock as the transport says: plays at a speed, seeks, steps, stops at breakpoints. Works in slices of a
 * few milliseconds, so that whoever it runs beside can speak between two of them.
 */
import { Checkpoints } from "../engine/checkpoints.ts";
import type { Progress, Run, Tap } from "../engine/run.ts";
import { type Slices, some } from "../engine/slices.ts";
import type { TransportAction, TransportState } from "../protocol/session.ts";
import { Breakpoints, type Hit } from "./breakpoints.ts";
import { StepBack, type StepUnit } from "./step-back.ts";

/** Milliseconds of work between two chances to hear a message. */
const SLICE = 10;
/** Milliseconds that a single step of the run is to take, and the positions it has at most, at first, and at least. */
const STEP = 4;
const LONGEST = 8_192;
const FIRST = 512;
const SHORTEST = 256;
/** Checkpoints cost at most one part in so many of the work between them. */
const DEAR = 10;
/** Milliseconds a step may look for a firing before it gives up. */
const STEP_LIMIT = 1_000;

/** Actions that move the clock; the others change what runs. */
export type ClockAction = Exclude<TransportAction, { kind: "breakpoint" | "faults" }>;

/** A moment to work to, as fast as possible. */
interface Goal {
  /** Nothing later than this is worked. */
  readonly clock: number;
  /** Whether the sources may end there. */
  readonly end: boolean;
  /** Positions still to be worked; 0 when the goal is reached. Left out: as many as there are up to `clock`. */
  readonly left?: () => number;
  /** Whether breakpoints stop the way to it. */
  readonly stops?: boolean;
  /** What is to be done when it is reached. */
  readonly arrived?: () => void;
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
  /** Whether the clock stays with live sources, whatever the speed. */
  #following = false;
  #paused: TransportState["paused"] = null;
  /** Wall clock and virtual clock when playing began or the speed changed. */
  #anchor = { wall: 0, clock: 0 };
  /** Where to work before anything else; null: nowhere. */
  #target: Goal | null = null;
  /** A step backwards that looks for where it leads. */
  #back: { readonly by: StepUnit; look: StepBack | null } | null = null;
  /** A way back to a checkpoint before the target, to be gone first. */
  #return: { readonly passed: (at: Progress) => boolean; steps: Slices<unknown> | null } | null = null;
  /** A checkpoint that is being taken, while the run stands still. */
  #taking: Slices<void> | null = null;
  /** Milliseconds of work since the last checkpoint, and what that one cost. */
  #worked = 0;
  #price = 0;
  /** Whether what is behind after an edit is left as it is until somebody wants it, or wants the clock to move. */
  #held = false;
  /** Positions of the next step. */
  #positions = FIRST;

  constructor(now: () => number, watermark: () => number) {
    this.#now = now;
    this.#watermark = watermark;
  }

  get playing(): boolean {
    return this.#playing || this.#target !== null || this.#back !== null;
  }

  /** How far what an edit brought has caught up, and whether that was stopped; null when nothing is behind. */
  get behind(): TransportState["behind"] {
    const share = this.#run?.behind ?? null;
    return share === null ? null : { share, held: this.#held };
  }

  get speed(): number {
    return this.#speed;
  }

  get following(): boolean {
    return this.#following;
  }

  /** What the replay was paused by; null when by nobody but its reader. */
  get paused(): TransportState["paused"] {
    return this.#paused;
  }

  /** Whether there is more work at once than between two ticks of the wall clock. */
  get hurried(): boolean {
    return this.#target !== null || this.#back !== null || this.#speed === Infinity || this.#run?.behind != null;
  }

  /** Plays another run from now on, and first works it to where the one before stood. */
  takeOver(run: Run): void {
    const before = this.#run;
    this.#run = run;
    this.#checkpoints.clear();
    this.#changed();
    if (before !== null) this.#returnTo(before.progress);
  }

  /** Says that the run's pipeline was changed in mid-run: checkpoints stay good for the taps that stayed. */
  edited(taps: ReadonlySet<Tap>): void {
    this.#checkpoints.keepTaps(taps);
    this.#changed();
  }

  /** Says that the run began again because its sources changed, and works it to where it was. */
  restarted(was: { readonly clock: number; readonly finished: boolean }): void {
    this.#checkpoints.clear();
    this.#changed();
    this.#returnTo(was);
  }

  #changed(): void {
    this.#held = false;
    this.#taking = null;
    if (this.#return !== null) this.#return.steps = null;
    if (this.#back !== null) this.#back.look = null;
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
    this.#back = null;
    this.#return = null;
    this.#taking = null;
    // Who leaves the present wants to look at something: it stands still there.
    if (this.#following) this.#playing = false;
    this.#following = action.kind === "live";
    if (action.kind === "pause" || action.kind === "cancel") {
      this.#playing = false;
      this.#target = null;
      // An edit is to be seen whether the clock moves or not, so only who says so stops that as well.
      if (action.kind === "cancel") this.#held = true;
      return;
    }
    this.#held = false;
    if (action.kind === "resume") return;
    const run = this.#run;
    if (run === null) return;
    switch (action.kind) {
      case "play":
        if (run.progress.finished) run.restart();
        this.#playing = true;
        this.#setAnchor();
        return;
      case "live":
        this.#playing = true;
        this.#target = null;
        return;
      case "restart":
        this.#playing = false;
        this.#target = null;
        run.restart();
        return;
      case "end":
        this.#target = { clock: Infinity, end: true, stops: true };
        return;
      case "step":
        this.#playing = false;
        this.#target = null;
        if (action.back === true) this.#back = { by: action.by, look: null };
        else this.#step(run, action.by);
        return;
      case "seek":
        this.#goBack(at => at.clock > action.to);
        this.#target = { clock: action.to, end: false };
    }
  }

  #setAnchor(): void {
    const clock = this.#run?.progress.clock ?? -Infinity;
    const first = this.#run?.next ?? 0;
    this.#anchor = { wall: this.#now(), clock: clock > -Infinity ? clock : first };
  }

  /** Takes single positions until a row has come, a window has fired or the watermark has moved; a second's work at most. */
  #step(run: Run, by: StepUnit): void {
    const { rows } = run.progress;
    const watermark = this.#watermark();
    // What an edit brought fires while it catches up, which does not count.
    let fired: number | null = null;
    let began: number | null = null;
    const done = (): boolean => {
      began ??= this.#now();
      fired ??= firings(run);
      if (this.#now() - began > STEP_LIMIT) return true;
      return by === "row"
        ? run.progress.rows > rows
        : by === "window"
          ? firings(run) > fired
          : this.#watermark() > watermark;
    };
    this.#target = { clock: Infinity, end: true, left: () => (done() ? 0 : 1) };
  }

  /** Works for one slice. Says whether anything moved, and whether there is more to do. */
  work(): { readonly moved: boolean; readonly busy: boolean } {
    const run = this.#run;
    if (run === null) return { moved: false, busy: false };
    const until = this.#now() + SLICE;
    const enough = (): boolean => this.#now() >= until;
    let moved = false;
    while (!enough()) {
      if (this.#taking !== null) {
        const began = this.#now();
        if (some(this.#taking, enough) !== null) this.#taking = null;
        this.#price += this.#now() - began;
        continue;
      }
      if (this.#return !== null) {
        const { passed } = this.#return;
        this.#return.steps ??= this.#checkpoints.rewinding(run, passed);
        moved = true;
        if (some(this.#return.steps, enough) !== null) this.#return = null;
        continue;
      }
      if (run.behind !== null) {
        if (this.#held) return { moved, busy: false };
        moved = true;
        if (run.catchUp(enough)) continue;
        this.#take(run);
        // The clock stood still meanwhile.
        this.#setAnchor();
        continue;
      }
      if (this.#back !== null) {
        this.#lookBack(run, this.#back, enough);
        continue;
      }
      const goal = this.#goal(run);
      if (goal === null) return { moved, busy: false };
      const left = goal.left?.() ?? LONGEST;
      if (left > 0 && this.#advance(run, goal, left)) {
        moved = true;
        continue;
      }
      // Rows that are not here yet are waited for; whoever hears of them calls again.
      if (left > 0 && run.waiting !== null) return { moved, busy: false };
      // Nothing is left up to the goal.
      if (this.#target !== null) {
        this.#target = null;
        goal.arrived?.();
        this.#setAnchor();
        moved = true;
        if (!this.#playing) return { moved, busy: false };
        continue;
      }
      if (run.progress.finished) {
        this.#playing = false;
        this.#following = false;
        return { moved: true, busy: false };
      }
      if (!run.open) return { moved, busy: true };
      // Of a live source everything has been worked that is known: time goes on, and what comes next is told.
      const { clock } = run.progress;
      this.breakpoints.take();
      run.tick(goal.clock);
      const hit = goal.stops === true && this.breakpoints.size > 0 ? this.breakpoints.take() : null;
      if (hit !== null) {
        this.#playing = this.#following = false;
        this.#paused = { stream: hit.stream, at: run.progress.clock, row: hit.row };
        return { moved: true, busy: false };
      }
      return { moved: moved || run.progress.clock > clock, busy: goal.clock < Infinity };
    }
    return { moved, busy: true };
  }

  /** Works one step on the way to a goal, of a length that takes no longer than a step may. Says whether there was anything to do. */
  #advance(run: Run, goal: Goal, left: number): boolean {
    const stops = goal.stops === true && this.breakpoints.size > 0;
    this.breakpoints.take();
    const began = this.#now();
    const positions = Math.min(left, this.#positions);
    if (!run.advance(goal.end ? { positions } : { positions, until: goal.clock })) return false;
    const took = this.#now() - began;
    this.#worked += took;
    if (took > STEP) this.#positions = Math.max(SHORTEST, this.#positions >> 1);
    else if (2 * took < STEP && positions === this.#positions) this.#positions = Math.min(LONGEST, 2 * this.#positions);
    const hit = stops ? this.breakpoints.take() : null;
    if (hit !== null) this.#stopAt(run, hit);
    else if (this.#worked >= DEAR * this.#price) this.#take(run);
    return true;
  }

  /** Begins to take a checkpoint, if one is due. */
  #take(run: Run): void {
    if (!this.#checkpoints.due(run)) return;
    this.#taking = this.#checkpoints.taking(run);
    this.#worked = 0;
    this.#price = 0;
  }

  /** Goes back, before anything else, to the last checkpoint that has not passed. */
  #goBack(passed: (at: Progress) => boolean): void {
    this.#return = { passed, steps: null };
  }

  /** Looks on for where a step backwards leads, and goes there. */
  #lookBack(run: Run, back: { readonly by: StepUnit; look: StepBack | null }, enough: () => boolean): void {
    if (!run.remembers) {
      // Where nothing is remembered there is nothing to look at: the row before is the position before.
      this.#back = null;
      this.#workTo(run, Math.max(0, run.progress.positions - (back.by === "row" ? 1 : 0)));
      return;
    }
    back.look ??= new StepBack(run, back.by);
    if (back.look.work(enough)) return;
    this.#back = null;
    this.#workTo(run, back.look.positions);
  }

  /** Takes the run to the position at which a breakpoint was met, and pauses it there. */
  #stopAt(run: Run, hit: Hit): void {
    this.#playing = this.#following = false;
    this.#workTo(run, hit.position + 1, () => {
      this.#paused = { stream: hit.stream, at: run.progress.clock, row: hit.row };
    });
  }

  /** Takes the run, backwards or forwards, to where it has a number of positions behind it. */
  #workTo(run: Run, positions: number, arrived?: () => void): void {
    this.#goBack(at => at.positions > positions);
    this.#target = { clock: Infinity, end: true, left: () => Math.max(0, positions - run.progress.positions), arrived };
  }

  #goal(run: Run): Goal | null {
    if (this.#target !== null) return this.#target;
    if (!this.#playing) return null;
    if (this.#following || this.#speed === Infinity) return { clock: Infinity, end: true, stops: true };
    const clock = this.#anchor.clock + (this.#now() - this.#anchor.wall) * this.#speed;
    // When the last row has been played the sources end, whatever the clock says.
    return { clock, end: run.next === Infinity, stops: true };
  }
}

/** Panes that all windowed aggregates have put out. */
function firings(run: Run): number {
  let sum = 0;
  for (const { node, rows } of run.graph.nodes) if (node.verb === "aggregate" && node.strategy !== null) sum += rows;
  return sum;
}
