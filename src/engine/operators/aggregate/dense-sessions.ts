/**
 * Sessions from arrays: each key's live sessions in order of time, of which there is almost always one (`SessionOrder`).
 *
 * Nearly every row falls into the newest open session of its key, where it adds a row and perhaps moves the end; such rows
 * are collected and added a chunk at a time. Every other row opens, extends or merges sessions one by one. The end of an
 * open session only moves on, so a heap of ends may lag behind: what comes up too early is put back.
 */
import { LATE, ON_TIME } from "../../../model/panes.ts";
import type { AggregateNode } from "../../../pipeline/verbs/aggregate.ts";
import { type Flow, positionOf } from "../../flow.ts";
import type { Operator, OperatorContext, Outputs, Snapshot, StateSize } from "../../operator.ts";
import type { Step } from "../../step.ts";
import { firstAtLeast, rowsThrough } from "./cuts.ts";
import { Arguments } from "./dense-arguments.ts";
import { Cells, CHUNK, NOWHERE } from "./dense-cells.ts";
import type { DenseSettings } from "./dense-fixed.ts";
import type { KeyCodes } from "./dense-keys.ts";
import { inside, insideSelected } from "./dense-inside.ts";
import { EXPIRED, LateRows } from "./dense-late.ts";
import { KeyOrder } from "./dense-order.ts";
import { Panes } from "./dense-panes.ts";
import type { DensePlan } from "./dense-plan.ts";
import { DueQueue } from "./due-queue.ts";
import { Expiries } from "./expiries.ts";
import { NONE, SessionOrder } from "./session-order.ts";

export interface SessionSettings extends DenseSettings {
  readonly gap: number;
  /** Whether sessions that only touch merge. */
  readonly touching: boolean;
  /** Whether a row's lateness is that of its own window, or of the session it merges into. */
  readonly lateness: "before-merge" | "after-merge";
}

export class DenseSessions implements Operator {
  readonly lasting: boolean;
  readonly #settings: SessionSettings;
  readonly #keys: KeyCodes;
  readonly #order = new KeyOrder();
  readonly #arguments: Arguments;
  readonly #panes: Panes;
  readonly #late: LateRows;

  /** A session is a cell; so is the copy of a pane that may have to be taken back. `panes` counts a session's panes. */
  readonly #cells: Cells;
  /** Cells up to here have been used; those of them that are free again. */
  #used = 0;
  readonly #free: number[] = [];
  #count = 0;
  #start = new Float64Array(0);
  #end = new Float64Array(0);
  #code = new Int32Array(0);
  /** The sessions of each key. Cell 0 is nobody's. */
  readonly #sessions = new SessionOrder(session => this.#start[session]);
  /** 1 while the end lies beyond the watermark. */
  #open = new Uint8Array(0);
  /** The end of an open session, which rows move; −Infinity for any other. */
  #reach = new Float64Array(0);
  /** The copy of the pane that the next one replaces, if the window is still the same. */
  #emitted = new Int32Array(0);
  /** Copies of panes of windows that have become this one, in the order in which they are taken back. */
  readonly #replaced: (number[] | undefined)[] = [];
  readonly #ends: DueQueue;
  /** When fired sessions expire. */
  readonly #expiries: Expiries;
  /** Sessions that a movement of the watermark completes. */
  readonly #complete: number[] = [];
  readonly #forget = (session: number): void => {
    this.#sessions.remove(this.#code[session], session);
    this.#release(session);
  };

  #watermark = -Infinity;
  /** The watermark with which the step began. */
  #before = -Infinity;
  #flow: Flow | null = null;
  /** Positions before the step. */
  #first = 0;
  #codes: Int32Array = new Int32Array(0);
  /** Rows whose sessions are known and whose values have not been added: from this one on, so many. */
  readonly #located = new Int32Array(CHUNK);
  #pendingFrom = 0;
  #pending = 0;

  constructor(
    node: AggregateNode,
    context: OperatorContext,
    plan: DensePlan,
    keys: KeyCodes,
    settings: SessionSettings,
  ) {
    this.lasting = context.remembers === true;
    this.#settings = settings;
    this.#keys = keys;
    this.#arguments = new Arguments(context, plan);
    this.#panes = new Panes(node, context, plan, keys, this.#order, settings.accumulation === "retracting");
    this.#late = new LateRows(context, settings.allowedLateness);
    this.#cells = new Cells(plan.arguments, 16, 1);
    this.#ends = new DueQueue(settings.gap);
    this.#expiries = new Expiries(settings.gap);
    if (context.turns === true) this.#order.keepFirst();
    this.#grow();
  }

  step(step: Step, [flow]: readonly Flow[]): Outputs {
    const { watermark, count } = flow;
    const { length } = watermark;
    this.#panes.clear();
    this.#late.clear();
    this.#flow = flow;
    this.#first = step.first;
    if (count > 0) this.#read(flow);
    let row = 0;
    let position = 0;
    for (;;) {
      const tick = this.#ends.tick;
      const next = firstAtLeast(watermark, position, length, tick);
      // Up to here nothing has happened, and the next look can start from there.
      position = next;
      if (next < length && this.#ends.settle(watermark[next], this.#reach) > watermark[next]) continue;
      const until = next === length ? count : rowsThrough(flow, row, next);
      row = this.#takeRows(flow, row, until, tick);
      if (this.#ends.tick < tick) {
        // A session has come that ends sooner, perhaps at the very position of its first row.
        position = positionOf(flow, flow.selection === null ? row - 1 : flow.selection[row - 1]);
        continue;
      }
      if (next === length) break;
      this.#advance(watermark[next], next);
      position = next + 1;
    }
    this.#flush();
    if (length > 0) this.#before = this.#watermark = watermark[length - 1];
    this.#expiries.sweep(this.#watermark, this.#forget);
    const main = this.#panes.flow(watermark);
    return this.#late.wanted ? { main, late: this.#late.flow(flow, step, watermark) } : { main };
  }

  #read(flow: Flow): void {
    this.#codes = this.#keys.codes(flow.batch);
    this.#arguments.read(flow.batch, this.#cells);
    this.#widen();
  }

  #widen(): void {
    const { size } = this.#keys;
    this.#order.widen(size);
    this.#sessions.widen(size);
  }

  /** Takes the rows `[from, until)`, or fewer: a session that ends sooner than was known stops it after its row. */
  #takeRows(flow: Flow, from: number, until: number, tick: number): number {
    const { watermark, selection } = flow;
    const { gap, lateness, allowedLateness } = this.#settings;
    let row = from;
    while (row < until) {
      if (this.#pending === CHUNK) this.#flush();
      if (this.#pending === 0) this.#pendingFrom = row;
      const to = Math.min(until, row + CHUNK - this.#pending);
      // A row that is too late by itself is dropped though its session lives, unless lateness is asked after merging.
      // Asked of the last watermark, it may look too late when it is not, and is looked at with care.
      const last = positionOf(flow, selection === null ? to - 1 : selection[to - 1]);
      const latest = last === 0 ? this.#before : watermark[last - 1];
      const earliest = lateness === "before-merge" ? latest - gap - allowedLateness : -Infinity;
      const stopped =
        selection === null
          ? inside(
              flow.time,
              this.#codes,
              this.#sessions.head,
              this.#start,
              this.#reach,
              this.#cells.rows,
              this.#located,
              this.#pending,
              row,
              to,
              earliest,
              gap,
            )
          : insideSelected(
              flow.time,
              selection,
              this.#codes,
              this.#sessions.head,
              this.#start,
              this.#reach,
              this.#cells.rows,
              this.#located,
              this.#pending,
              row,
              to,
              earliest,
              gap,
            );
      this.#pending += stopped - row;
      row = stopped;
      if (row === to) continue;
      const at = selection === null ? row : selection[row];
      const position = positionOf(flow, at);
      this.#watermark = position === 0 ? this.#before : watermark[position - 1];
      this.#takeOne(flow, row, at);
      row++;
      if (this.#ends.tick < tick) break;
    }
    return row;
  }

  /** Leaves a row's values to be added with those before it. */
  #addLater(session: number, row: number): void {
    if (this.#pending === CHUNK) this.#flush();
    if (this.#pending === 0) this.#pendingFrom = row;
    this.#located[this.#pending++] = session;
  }

  /** Adds the values of the rows that were only counted so far. */
  #flush(): void {
    if (this.#pending === 0) return;
    const { selection } = this.#flow as Flow;
    this.#arguments.accumulate(this.#cells, this.#located, selection, this.#pendingFrom, this.#pending);
    this.#pending = 0;
  }

  /** Takes a row (batch row `at`) with all care: it may open, extend or merge sessions, or come too late. */
  #takeOne(flow: Flow, row: number, at: number): void {
    const { gap, lateness, allowedLateness } = this.#settings;
    const code = this.#codes[at];
    const from = flow.time[at];
    const to = from + gap;
    if (this.#order.meet(code)) this.#order.cameFirst(code, this.#first + positionOf(flow, at));
    const expired = to + allowedLateness <= this.#watermark;
    let session = expired && lateness === "before-merge" ? NONE : this.#mergeAround(code, from, to);
    if (session === NONE) {
      if (expired) {
        this.#late.append(flow, this.#before, at, from, to, EXPIRED);
        this.#addLater(NOWHERE, row);
        return;
      }
      session = this.#create(code, from, to);
    }
    if (this.#open[session] === 1) {
      this.#cells.rows[session]++;
      this.#addLater(session, row);
      return;
    }
    this.#flush();
    this.#fire(session, positionOf(flow, at), LATE, at);
    this.#expireLater(session);
  }

  #meets(session: number, from: number, to: number): boolean {
    const start = this.#start[session];
    const end = this.#endOf(session);
    return this.#settings.touching ? start <= to && from <= end : start < to && from < end;
  }

  /** Makes one of the sessions of a key that meet `[from, to)`, and of that stretch itself. Returns it, if there is any. */
  #mergeAround(code: number, from: number, to: number): number {
    let first = this.#sessions.latest(code, to);
    // Where sessions that only touch stay apart, the one that begins with the end is not meant.
    if (first !== NONE && this.#start[first] === to && !this.#settings.touching) first = this.#sessions.older(first);
    if (first === NONE || !this.#meets(first, from, to)) return NONE;
    // Expired sessions are swept up now and then; until then they count for nothing, like all that are older.
    if (this.#isExpired(first)) return NONE;
    // The list runs from new to old; the earliest of those that meet remains and takes in the others.
    const met = [first];
    for (
      let next = this.#sessions.older(first);
      next !== NONE && this.#meets(next, from, to);
      next = this.#sessions.older(next)
    ) {
      if (this.#isExpired(next)) break;
      met.push(next);
    }
    const session = met[met.length - 1];
    const start = Math.min(this.#start[session], from);
    const end = Math.max(this.#endOf(first), to);
    const same = met.length === 1 && start === this.#start[session] && end === this.#endOf(session);
    if (same) return session;
    if (met.length > 1) this.#flush();
    this.#replace(session, session);
    for (let i = met.length - 2; i >= 0; i--) {
      this.#replace(session, met[i]);
      this.#cells.merge(session, this.#cells, met[i]);
      this.#sessions.remove(code, met[i]);
      this.#release(met[i]);
    }
    this.#start[session] = start;
    this.#cells.panes[session] = 0;
    this.#setEnd(session, end);
    return session;
  }

  /** Has the panes of a session taken back by the next pane of another, or of itself with other bounds. */
  #replace(session: number, other: number): void {
    const own = this.#emitted[other];
    const before = this.#replaced[other];
    if (own === NONE && (before === undefined || other === session)) return;
    const list = this.#replaced[session] ?? [];
    if (other !== session && before !== undefined) {
      list.push(...before);
      this.#replaced[other] = undefined;
    }
    if (own !== NONE) list.push(own);
    this.#emitted[other] = NONE;
    this.#replaced[session] = list;
  }

  #create(code: number, start: number, end: number): number {
    const session = this.#take();
    this.#count++;
    this.#start[session] = start;
    this.#code[session] = code;
    this.#sessions.add(code, session);
    this.#setEnd(session, end);
    return session;
  }

  #endOf(session: number): number {
    return this.#open[session] === 1 ? this.#reach[session] : this.#end[session];
  }

  /** Gives a session its end, which the watermark has passed or will pass. */
  #setEnd(session: number, end: number): void {
    if (end > this.#watermark) {
      const armed = this.#open[session] === 1;
      this.#open[session] = 1;
      this.#reach[session] = end;
      this.#expiries.put(session, NaN);
      if (!armed) this.#ends.add(session, end);
    } else {
      this.#end[session] = end;
      this.#expiries.put(session, NaN);
    }
  }

  /** Forgets a session that is on no list any more. */
  #release(session: number): void {
    this.#count--;
    if (this.#emitted[session] !== NONE) this.#give(this.#emitted[session]);
    const replaced = this.#replaced[session];
    if (replaced !== undefined) {
      for (const copy of replaced) this.#give(copy);
      this.#replaced[session] = undefined;
    }
    this.#emitted[session] = NONE;
    this.#ends.remove(session);
    this.#close(session);
    this.#give(session);
  }

  #close(session: number): void {
    this.#open[session] = 0;
    this.#reach[session] = -Infinity;
    this.#expiries.put(session, NaN);
  }

  /** Takes an empty cell. */
  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used + 1 > this.#cells.stride) {
      this.#cells.widen(2 * this.#cells.stride - 1);
      this.#grow();
    }
    return ++this.#used;
  }

  /** Gives a cell back. */
  #give(cell: number): void {
    this.#cells.empty(cell);
    this.#cells.panes[cell] = 0;
    this.#free.push(cell);
  }

  #grow(): void {
    const size = this.#cells.stride + 1;
    const floats = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(size);
      to.set(from);
      return to;
    };
    const ints = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(size);
      to.set(from);
      return to;
    };
    this.#start = floats(this.#start);
    this.#end = floats(this.#end);
    this.#ends.widen(size);
    this.#expiries.widen(size);
    const reach = new Float64Array(size).fill(-Infinity);
    reach.set(this.#reach);
    this.#reach = reach;
    this.#code = ints(this.#code);
    this.#sessions.grow(size);
    this.#emitted = ints(this.#emitted);
    const bytes = (from: Uint8Array): Uint8Array<ArrayBuffer> => {
      const to = new Uint8Array(size);
      to.set(from);
      return to;
    };
    this.#open = bytes(this.#open);
  }

  #isExpired(session: number): boolean {
    return this.#open[session] === 0 && this.#end[session] + this.#settings.allowedLateness <= this.#watermark;
  }

  /** Sees to it that a session that has fired is forgotten once it is expired. */
  #expireLater(session: number): void {
    const at = this.#end[session] + this.#settings.allowedLateness;
    if (at !== Infinity) this.#expiries.put(session, at);
  }

  /** Moves the watermark: sessions that it completes fire in order. */
  #advance(watermark: number, at: number): void {
    this.#watermark = watermark;
    const complete = this.#complete;
    // Rows taken since the last look may have moved what seemed due.
    this.#ends.settle(watermark, this.#reach);
    let due = this.#ends.take(watermark);
    if (due < 0) return;
    this.#flush();
    for (; due >= 0; due = this.#ends.take(watermark)) {
      complete.push(due);
      this.#ends.settle(watermark, this.#reach);
    }
    if (complete.length > 1) complete.sort((a, b) => this.#compare(a, b));
    for (const session of complete) {
      this.#end[session] = this.#reach[session];
      this.#close(session);
      this.#fire(session, at, ON_TIME, null);
      this.#expireLater(session);
    }
    complete.length = 0;
  }

  /** Earliest end, earliest start, first key. */
  #compare(a: number, b: number): number {
    return (
      this.#reach[a] - this.#reach[b] ||
      this.#start[a] - this.#start[b] ||
      this.#order.rank(this.#code[a]) - this.#order.rank(this.#code[b])
    );
  }

  /** Emits a session's pane. A late row is added between what it replaces and what replaces that. */
  #fire(session: number, at: number, timing: number, late: number | null): void {
    const { accumulation, allowedLateness } = this.#settings;
    const cells = this.#cells;
    const index = cells.panes[session];
    const last = this.#end[session] + allowedLateness <= this.#watermark ? 1 : 0;
    const replaced = this.#replaced[session];
    if (replaced !== undefined) {
      for (const copy of replaced) this.#takeBack(copy, at, timing, index, last);
      this.#replaced[session] = undefined;
    }
    if (this.#emitted[session] !== NONE) this.#takeBack(this.#emitted[session], at, timing, index, last);
    if (late !== null) this.#arguments.addTo(cells, session, late);
    this.#emit(session, at, 1, timing, index, last);
    cells.panes[session] = index + 1;
    if (accumulation === "retracting") {
      // First the copy: making room for it may replace the array.
      const copy = this.#copy(session);
      this.#emitted[session] = copy;
    } else if (accumulation === "discarding") cells.empty(session);
  }

  #emit(cell: number, at: number, weight: 1 | -1, timing: number, index: number, last: 0 | 1): void {
    const start = this.#start[cell];
    const end = this.#end[cell];
    this.#panes.append(this.#cells, cell, this.#code[cell], start, end, at, weight, timing, index, last);
  }

  #takeBack(copy: number, at: number, timing: number, index: number, last: 0 | 1): void {
    this.#emit(copy, at, -1, timing, index, last);
    this.#give(copy);
  }

  /** Keeps a pane as it came out. */
  #copy(session: number): number {
    const copy = this.#take();
    this.#cells.merge(copy, this.#cells, session);
    this.#start[copy] = this.#start[session];
    this.#end[copy] = this.#end[session];
    this.#code[copy] = this.#code[session];
    return copy;
  }

  size(): StateSize {
    let hold = Infinity;
    for (const session of this.#sessions.all())
      if (this.#open[session] === 1) hold = Math.min(hold, this.#reach[session] - 1);
    const { size } = this.#keys;
    return { keys: size, windows: this.#count, entries: this.#count, hold: hold === Infinity ? null : hold };
  }

  snapshot(): Snapshot {
    const sessions = [...this.#sessions.all()];
    const places = new Map(sessions.map((session, place) => [session, place]));
    const save = (cells: readonly number[]): SavedCells => ({
      start: Float64Array.from(cells, c => this.#start[c]),
      end: Float64Array.from(cells, c => this.#endOf(c)),
      code: Int32Array.from(cells, c => this.#code[c]),
      cells: this.#cells.saveCells(Int32Array.from(cells)),
    });
    const emitted = sessions.filter(s => this.#emitted[s] !== NONE);
    const replaced = sessions.flatMap(session => (this.#replaced[session] ?? []).map(copy => ({ session, copy })));
    return {
      watermark: this.#watermark,
      keys: this.#keys.snapshot(),
      met: this.#order.snapshot(),
      nulls: this.#cells.values.map(v => v.valid !== null),
      sessions: save(sessions),
      open: Uint8Array.from(sessions, s => this.#open[s]),
      emitted: save(emitted.map(s => this.#emitted[s])),
      emittedBy: emitted.map(s => places.get(s) as number),
      replaced: save(replaced.map(r => r.copy)),
      replacedBy: replaced.map(r => places.get(r.session) as number),
    } satisfies SessionsSnapshot;
  }

  restore(snapshot: Snapshot): void {
    const from = snapshot as SessionsSnapshot;
    this.#keys.restore(from.keys);
    this.#widen();
    this.#order.restore(from.met);
    from.nulls.forEach((counted, a) => {
      if (counted) this.#cells.countValues(a);
    });
    this.#before = this.#watermark = from.watermark;
    const load = ({ start, end, code, cells }: SavedCells, take: (i: number) => number): Int32Array => {
      const into = start.map((_, i) => take(i));
      const slots = Int32Array.from(into);
      slots.forEach((cell, i) => {
        this.#start[cell] = start[i];
        this.#code[cell] = code[i];
        if (this.#open[cell] === 0) this.#end[cell] = end[i];
      });
      this.#cells.loadCells(slots, cells);
      return slots;
    };
    const { start, end, code } = from.sessions;
    const sessions = load(from.sessions, i => this.#create(code[i], start[i], end[i]));
    for (const session of sessions) if (this.#open[session] === 0) this.#expireLater(session);
    load(from.emitted, () => this.#take()).forEach((copy, i) => {
      this.#emitted[sessions[from.emittedBy[i]]] = copy;
    });
    load(from.replaced, () => this.#take()).forEach((copy, i) => {
      const session = sessions[from.replacedBy[i]];
      this.#replaced[session] = [...(this.#replaced[session] ?? []), copy];
    });
  }
}

interface SavedCells {
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly code: Int32Array;
  readonly cells: ReturnType<Cells["saveCells"]>;
}

interface SessionsSnapshot {
  readonly watermark: number;
  readonly keys: unknown;
  readonly met: Int32Array;
  readonly nulls: readonly boolean[];
  readonly sessions: SavedCells;
  readonly open: Uint8Array;
  readonly emitted: SavedCells;
  readonly emittedBy: readonly number[];
  readonly replaced: SavedCells;
  readonly replacedBy: readonly number[];
}
