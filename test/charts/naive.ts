/**
 * A naive twin of what charts ask of the engine: row by row, with plain objects, written for reading. Tests hold the
 * engine's tables against it, and draw from it where the engine is not the subject.
 */
import type { WireColumn, WireTable } from "../../src/protocol/table.ts";

export interface LogRow {
  readonly event: number;
  readonly arrival: number;
  readonly value: number;
  readonly partition?: string;
  readonly key?: string;
}

export interface Settings {
  /** Fixed windows of this size, ms. */
  readonly size: number;
  readonly delay: number;
  readonly lateness: number;
  readonly future?: number | null;
  /** Whether the watermark is the least over partitions. */
  readonly partitioned?: boolean;
}

export interface FateRow {
  event_time: number;
  arrived_at: number;
  watermark: number;
  fate: "on-time" | "late" | "dropped";
}
export interface LifeRow {
  key: string;
  window_start: number;
  window_end: number;
  processing_time: number;
  what: string;
  rows: number;
}
export interface PaneRow {
  key: string;
  window_start: number;
  window_end: number;
  total: number;
  n: number;
  emitted_at: number;
  timing: string;
  pane: number;
  weight: number;
}
export interface LateRow {
  window_start: number;
  window_end: number;
  arrived_at: number;
  watermark: number;
  margin: number;
  value: number;
  event_time: number;
}
export interface ProgressRow {
  processing_time: number;
  partition: string | null;
  watermark: number;
  idle: boolean;
}

export interface Outcome {
  fates: FateRow[];
  life: LifeRow[];
  panes: PaneRow[];
  late: LateRow[];
  progress: ProgressRow[];
}

interface OpenWindow {
  key: string;
  start: number;
  sum: number;
  n: number;
  fired: boolean;
  panes: number;
}

/**
 * Runs keyed sums over fixed windows: a pane at the watermark and one for each late row, accumulating with retractions
 * where `retracting`. The watermark is the greatest event time less the delay, over partitions the least of these.
 */
export function simulate(log: readonly LogRow[], settings: Settings, retracting = true, complete = true): Outcome {
  const { size, delay, lateness, future = null, partitioned = false } = settings;
  const out: Outcome = { fates: [], life: [], panes: [], late: [], progress: [] };
  const open = new Map<string, OpenWindow>();
  const seen = new Map<string, number>();
  let watermark = -Infinity;
  const emit = (w: OpenWindow, timing: string, at: number): void => {
    const row = { key: w.key, window_start: w.start, window_end: w.start + size, emitted_at: at, timing };
    const last = out.panes.findLast(p => p.key === w.key && p.window_start === w.start && p.weight > 0);
    if (retracting && last !== undefined) out.panes.push({ ...last, emitted_at: at, timing, weight: -1 });
    out.panes.push({ ...row, total: w.sum, n: w.n, pane: w.panes++, weight: 1 });
    out.life.push({
      key: w.key,
      window_start: w.start,
      window_end: w.start + size,
      processing_time: at,
      what: timing,
      rows: w.n,
    });
  };
  const live = (w: OpenWindow, what: string, at: number): void => {
    const bounds = { window_start: w.start, window_end: w.start + size };
    out.life.push({ key: w.key, ...bounds, processing_time: at, what, rows: w.n });
  };
  const advance = (to: number, at: number): void => {
    if (to <= watermark) return;
    watermark = to;
    out.progress.push({ processing_time: at, partition: null, watermark, idle: false });
    for (const w of [...open.values()].sort((a, b) => a.start - b.start)) {
      if (!w.fired && w.start + size <= watermark) live(w, "complete", at);
      if (!w.fired && w.start + size <= watermark) {
        w.fired = true;
        emit(w, "on-time", at);
      }
      if (w.start + size + lateness <= watermark) {
        open.delete(`${w.key}|${w.start}`);
        out.life.push({
          key: w.key,
          window_start: w.start,
          window_end: w.start + size,
          processing_time: at,
          what: "closed",
          rows: w.n,
        });
      }
    }
  };
  for (const row of log) {
    const start = Math.floor(row.event / size) * size;
    const key = row.key ?? "all";
    const fate = { event_time: row.event, arrived_at: row.arrival, watermark };
    if (start + size + lateness <= watermark) {
      out.fates.push({ ...fate, fate: "dropped" });
      out.late.push({
        window_start: start,
        window_end: start + size,
        arrived_at: row.arrival,
        watermark,
        margin: watermark - (start + size + lateness),
        value: row.value,
        event_time: row.event,
      });
    } else {
      out.fates.push({ ...fate, fate: row.event < watermark ? "late" : "on-time" });
      const id = `${key}|${start}`;
      let w = open.get(id);
      if (w === undefined) {
        w = { key, start, sum: 0, n: 0, fired: start + size <= watermark, panes: 0 };
        open.set(id, w);
        out.life.push({
          key,
          window_start: start,
          window_end: start + size,
          processing_time: row.arrival,
          what: "opened",
          rows: 0,
        });
        if (w.fired) live(w, "complete", row.arrival);
      }
      w.sum += row.value;
      w.n++;
      if (w.fired) emit(w, "late", row.arrival);
    }
    if (future !== null && row.event > row.arrival + future) continue;
    const partition = partitioned ? (row.partition ?? "") : "";
    const before = seen.get(partition) ?? -Infinity;
    if (row.event > before) {
      seen.set(partition, row.event);
      if (partitioned)
        out.progress.push({ processing_time: row.arrival, partition, watermark: row.event - delay, idle: false });
      advance(Math.min(...seen.values()) - delay, row.arrival);
    }
  }
  if (complete && log.length > 0) advance(Infinity, log[log.length - 1].arrival);
  return out;
}

/** Makes a table of rows; columns whose values are all numbers are numbers. */
export function wire(rows: readonly object[], timestamps: readonly string[] = []): WireTable {
  const names = [...new Set(rows.flatMap(r => Object.keys(r)))];
  const columns = names.map((name): WireColumn => {
    const values = rows.map(r => (r as Record<string, unknown>)[name] ?? null);
    const numeric = values.every(v => typeof v === "number" || v === null) && values.some(v => typeof v === "number");
    if (!numeric) return { name, type: values.some(v => typeof v === "boolean") ? "boolean" : "string", values };
    return {
      name,
      type: timestamps.includes(name) ? "timestamp" : "number",
      values: Float64Array.from(values, v => (v === null ? NaN : (v as number))),
    };
  });
  return { length: rows.length, columns };
}

/** Groups rows by the text of their keys and makes one row of each group. */
export function grouped<R, K extends object, A extends object>(
  rows: readonly R[],
  key: (row: R) => K,
  aggregate: (rows: readonly R[]) => A,
): (K & A)[] {
  const groups = new Map<string, { key: K; rows: R[] }>();
  for (const row of rows) {
    const k = key(row);
    const id = JSON.stringify(k);
    let group = groups.get(id);
    if (group === undefined) {
      group = { key: k, rows: [] };
      groups.set(id, group);
    }
    group.rows.push(row);
  }
  return [...groups.values()].map(g => ({ ...g.key, ...aggregate(g.rows) }));
}

/** A generator of pseudo-random numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Makes a log with a skewed delay: most rows within 20 s, some minutes late, a few very late; in order of arrival. */
export function randomLog(
  seed: number,
  count: number,
  options: { start?: number; length?: number; partitions?: readonly string[]; scale?: number } = {},
): LogRow[] {
  const next = random(seed);
  const {
    start = Date.UTC(2026, 2, 28),
    length = 3_600_000,
    partitions = ["north", "south", "west"],
    scale = 1,
  } = options;
  const rows: LogRow[] = [];
  for (let i = 0; i < count; i++) {
    const event = start + Math.floor(next() * length);
    const u = next();
    const delay = u < 0.9 ? next() * 20_000 : u < 0.985 ? 20_000 + next() * 100_000 : 120_000 + next() * 600_000;
    const partition = partitions[Math.floor(next() * partitions.length)];
    rows.push({
      event,
      arrival: event + Math.round(delay * scale),
      value: Math.round(next() * 200 - 60),
      partition,
      key: partition,
    });
  }
  return rows.sort((a, b) => a.arrival - b.arrival);
}

const at = (text: string): number => Date.parse(`2015-08-05T${text}Z`);

/** The running example of Streaming 101 and 102: nine scores of one team. */
export const STREAMING_101: readonly LogRow[] = (
  [
    [5, "12:00:26", "12:05:19"],
    [7, "12:02:26", "12:05:39"],
    [3, "12:03:39", "12:06:13"],
    [4, "12:04:19", "12:06:39"],
    [8, "12:03:06", "12:07:06"],
    [3, "12:06:39", "12:07:19"],
    [9, "12:01:26", "12:08:19"],
    [8, "12:07:26", "12:08:39"],
    [1, "12:07:46", "12:09:00"],
  ] as const
).map(([value, event, arrival]) => ({ value, event: at(event), arrival: at(arrival), key: "team" }));
