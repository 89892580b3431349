/** What a time map shows, read from its tables: plain arrays, before any pixel is chosen. */
import type { Tables } from "../chart.ts";
import { type Course, coursesOf, earlier, passedAt } from "../courses.ts";
import { lanesOf } from "../window-lanes/lanes.ts";
import { extent, keyTexts, keyValues, numbers, table, texts } from "../wire.ts";

export type Fate = "on-time" | "late" | "dropped";
export const FATES: readonly Fate[] = ["on-time", "late", "dropped"];

/** One row, or one cell of rows with its count; times in ms. */
export interface Mark {
  readonly event: number;
  readonly arrival: number;
  readonly fate: Fate;
  readonly rows: number;
}

/** A window's life in processing time; NaN for what has not happened. Over all keys: first opened, first fired, last closed. */
export interface WindowLife {
  readonly start: number;
  readonly end: number;
  opened: number;
  fired: number;
  closed: number;
  /** A session that another took in when it closed. */
  merged: boolean;
}

export interface PaneMark {
  readonly start: number;
  readonly end: number;
  readonly at: number;
  readonly timing: string;
  readonly panes: number;
  /** The pane's value where panes come one by one; null where they are counted. */
  readonly value: number | null;
  readonly key: string;
  /** The key columns of its row; nothing where panes are counted. */
  readonly keys: Readonly<Record<string, unknown>>;
  readonly retracted: boolean;
}

export interface Scene {
  /** True where each mark is one row. */
  readonly single: boolean;
  readonly marks: readonly Mark[];
  readonly rows: Readonly<Record<Fate, number>>;
  readonly courses: readonly Course[];
  readonly windows: readonly WindowLife[];
  readonly panes: readonly PaneMark[];
}

export interface SceneOptions {
  readonly cell?: number;
  readonly keys?: readonly string[];
  readonly outputs?: readonly string[];
  readonly windowKind?: string | null;
}

/** Reads the tables of `timeMap`. */
export function sceneOf(tables: Tables, options: SceneOptions): Scene {
  const single = table(tables, "rows").length > 0;
  const marks = single ? rowMarks(tables) : cellMarks(tables, options.cell ?? 0);
  const rows = { "on-time": 0, late: 0, dropped: 0 };
  for (const mark of marks) rows[mark.fate] += mark.rows;
  const courses = coursesOf(tables);
  const windows = windowsOf(tables, options);
  const main = courses.find(c => c.partition === null);
  if (main !== undefined)
    for (const w of windows) {
      const passed = passedAt(main, w.end);
      // What was gone before has not become complete.
      if (!(passed > w.closed)) w.fired = earlier(w.fired, passed);
    }
  return { single, marks, rows, courses, windows, panes: panesOf(tables, options) };
}

function fateOf(text: string | null): Fate {
  return text === "late" || text === "dropped" ? text : "on-time";
}

function rowMarks(tables: Tables): Mark[] {
  const rows = table(tables, "rows");
  const event = numbers(rows, "event_time");
  const arrival = numbers(rows, "arrived_at");
  const fate = texts(rows, "fate");
  return Array.from({ length: rows.length }, (_, i) => ({
    event: event[i],
    arrival: arrival[i],
    fate: fateOf(fate[i]),
    rows: 1,
  }));
}

function cellMarks(tables: Tables, cell: number): Mark[] {
  const cells = table(tables, "cells");
  const event = numbers(cells, "event");
  const arrival = numbers(cells, "arrival");
  const fate = texts(cells, "fate");
  const count = numbers(cells, "rows");
  return Array.from({ length: cells.length }, (_, i) => ({
    event: event[i] + cell / 2,
    arrival: arrival[i] + cell / 2,
    fate: fateOf(fate[i]),
    rows: count[i],
  })).filter(m => m.rows > 0);
}

function windowsOf(tables: Tables, { windowKind, keys = [] }: SceneOptions): WindowLife[] {
  // Sessions grow and merge: what became of one can be told key by key alone, and is while they are few.
  if (windowKind === "sessions" && table(tables, "life").length > 0)
    return lanesOf(tables, keys, true).map(({ start, end, opened, fired, closed, merged }) => ({
      start,
      end,
      opened,
      fired,
      closed,
      merged,
    }));
  const life = table(tables, "windows");
  const start = numbers(life, "window_start");
  const end = numbers(life, "window_end");
  const what = texts(life, "what");
  const first = numbers(life, "first");
  const last = numbers(life, "last");
  const windows = new Map<string, WindowLife>();
  for (let i = 0; i < life.length; i++) {
    if (!Number.isFinite(start[i])) continue;
    const id = `${start[i]}|${end[i]}`;
    let window = windows.get(id);
    if (window === undefined) {
      window = { start: start[i], end: end[i], opened: NaN, fired: NaN, closed: NaN, merged: false };
      windows.set(id, window);
    }
    if (what[i] === "opened") window.opened = first[i];
    else if (what[i] === "complete" || what[i] === "on-time") window.fired = earlier(window.fired, first[i]);
    else if (what[i] === "closed" || what[i] === "merged") {
      window.closed = last[i];
      window.merged = what[i] === "merged";
    }
  }
  return [...windows.values()].sort((a, b) => a.start - b.start || a.end - b.end);
}

function panesOf(tables: Tables, { keys = [], outputs = [] }: SceneOptions): PaneMark[] {
  const exact = table(tables, "panes");
  if (exact.length > 0) {
    const start = numbers(exact, "window_start");
    const end = numbers(exact, "window_end");
    const at = numbers(exact, "emitted_at");
    const timing = texts(exact, "timing");
    const weight = numbers(exact, "weight");
    const value = outputs.length > 0 ? numbers(exact, outputs[0]) : null;
    const key = keyTexts(exact, keys);
    const single = Array.from({ length: exact.length }, (_, i) => ({
      start: start[i],
      end: end[i],
      at: at[i],
      timing: timing[i] ?? "on-time",
      panes: 1,
      value: value === null || Number.isNaN(value[i]) ? null : value[i],
      key: key[i],
      keys: keyValues(exact, keys, i),
      retracted: weight[i] < 0,
    })).filter(p => Number.isFinite(p.start));
    return together(single);
  }
  const firings = table(tables, "firings");
  const start = numbers(firings, "window_start");
  const end = numbers(firings, "window_end");
  const at = numbers(firings, "emitted");
  const timing = texts(firings, "timing");
  const panes = numbers(firings, "panes");
  return Array.from({ length: firings.length }, (_, i) => ({
    start: start[i],
    end: end[i],
    at: at[i],
    timing: timing[i] ?? "on-time",
    panes: panes[i],
    value: null,
    key: "",
    keys: {},
    retracted: false,
  })).filter(p => Number.isFinite(p.start));
}

/** Panes of several keys that came out at the same moment for the same window are one mark, without a value. */
function together(panes: readonly PaneMark[]): PaneMark[] {
  const marks = new Map<string, PaneMark>();
  for (const pane of panes) {
    const id = `${pane.start}|${pane.end}|${pane.at}|${pane.timing}|${pane.retracted}`;
    const found = marks.get(id);
    marks.set(id, found === undefined ? pane : { ...found, panes: found.panes + 1, value: null, key: "", keys: {} });
  }
  return [...marks.values()];
}

export interface Bounds {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** Rows whose event time lies outside `x`, with the greatest distance of such a row from its arrival, ms. */
  readonly outside: number;
  readonly furthest: number;
}

/**
 * Chooses what both axes show. Processing time is the log's own span, so that nothing jumps while it replays. Event time
 * covers the rows, but one row with a bad clock must not squeeze all others into a corner: what lies ahead of every
 * arrival, or further below the bulk of the rows than the bulk is wide, lies outside and is counted.
 */
export function boundsOf(scene: Scene, span: { start: number; end: number } | null | undefined): Bounds | null {
  const arrivals = Float64Array.from(scene.marks, m => m.arrival);
  const emitted = Float64Array.from(scene.panes, p => p.at);
  const moved = Float64Array.from(scene.courses.flatMap(c => [c.at[0], c.at[c.at.length - 1]]));
  const whole = span ? Float64Array.of(span.start, span.end) : new Float64Array(0);
  const seen = extent(arrivals, emitted, moved, whole);
  if (seen === null) return null;
  const [p0, p1] = seen;
  const events = Float64Array.from(scene.marks, m => m.event).sort();
  const bulk = [events[Math.floor(events.length * 0.01)], events[Math.ceil(events.length * 0.99) - 1]];
  const reach = Math.max(p1 - p0, events.length > 0 ? bulk[1] - bulk[0] : 0, 1);
  const floor = events.length > 0 ? bulk[0] - reach : p0;
  const ceiling = p1 + reach * 0.02;
  let low = Infinity;
  let high = -Infinity;
  let outside = 0;
  let furthest = 0;
  for (const { event, arrival, rows } of scene.marks) {
    if (event < floor || (event > ceiling && event > arrival)) {
      outside += rows;
      if (Math.abs(event - arrival) > Math.abs(furthest)) furthest = event - arrival;
      continue;
    }
    if (event < low) low = event;
    if (event > high) high = event;
  }
  if (low > high) [low, high] = [p0, p1];
  // Windows that hold a visible row are shown whole, where they do not dwarf the rows.
  const [first, last] = [low, high];
  for (const w of scene.windows) {
    if (w.end - w.start > reach * 2 || w.end <= first || w.start > last) continue;
    low = Math.min(low, w.start);
    high = Math.max(high, w.end);
  }
  if (span) {
    low = Math.min(low, Math.max(span.start, low - reach));
    high = Math.max(high, Math.min(span.end, high + reach));
  }
  const padX = (high - low) * 0.015;
  return {
    x: [low - padX, high + padX],
    y: [p0 - (p1 - p0) * 0.04, p1 + Math.max((p1 - p0) * 0.075, 1)],
    outside,
    furthest,
  };
}

/**
 * Lays a course as corners of a line in (watermark, processing time): it stands still, then jumps. Infinite ends run to the
 * border. `shift` moves it in event time, ms. Moves smaller than `resolution` of both axes are left out: nobody could see them.
 */
export function courseLine(
  course: Course,
  bounds: Bounds,
  until: number,
  shift = 0,
  resolution = 0,
): readonly (readonly [number, number])[] {
  const [x0, x1] = bounds.x;
  const fine = [(x1 - x0) * resolution, (bounds.y[1] - bounds.y[0]) * resolution];
  const line: (readonly [number, number])[] = [];
  const { at, watermark } = course;
  let previous = NaN;
  let before = NaN;
  let last = NaN;
  for (let i = 0; i < at.length; i++) {
    if (watermark[i] === -Infinity) continue;
    last = watermark[i];
    const w = Math.min(Math.max(watermark[i] + shift, x0), x1);
    if (w - previous < fine[0] && at[i] - before < fine[1] && i < at.length - 1) continue;
    if (!Number.isNaN(previous)) line.push([previous, at[i]]);
    line.push([w, at[i]]);
    previous = w;
    before = at[i];
  }
  if (!Number.isNaN(previous) && last !== Infinity) line.push([previous, Math.max(until, before)]);
  return line;
}
