/** The life of each window as a lane: of one key where these are few, else over all keys. */
import { coursesOf, earlier, passedAt } from "../courses.ts";
import type { Tables } from "../chart.ts";
import { keyTexts, keyValues, numbers, table, texts } from "../wire.ts";

export interface Firing {
  readonly at: number;
  readonly timing: string;
}

/** One window, of one key or over all of them; NaN for what has not happened. */
export interface Lane {
  start: number;
  end: number;
  readonly key: string;
  /** The key columns of its row; nothing where it is drawn over all keys. */
  readonly keys: Readonly<Record<string, unknown>>;
  opened: number;
  fired: number;
  closed: number;
  readonly firings: Firing[];
  /** A session that another took in when it closed. */
  merged: boolean;
}

/** Reads the lanes in order of windows, then of keys. */
export function lanesOf(tables: Tables, keys: readonly string[], merging = false): readonly Lane[] {
  const exact = table(tables, "life");
  const source = exact.length > 0 ? exact : table(tables, "windows");
  const single = exact.length > 0;
  const start = numbers(source, "window_start");
  const end = numbers(source, "window_end");
  const what = texts(source, "what");
  const first = numbers(source, single ? "processing_time" : "first");
  const last = numbers(source, single ? "processing_time" : "last");
  const key = single ? keyTexts(source, keys) : [];
  const lanes: Lane[] = [];
  const known = new Map<string, Lane>();
  const laneOf = (i: number): Lane => {
    const id = `${start[i]}|${end[i]}|${key[i] ?? ""}`;
    let lane = known.get(id);
    // A session grows without being said so: what happens to it later bears its new bounds.
    if (lane === undefined && merging && what[i] !== "opened") {
      lane = lanes.find(
        l => l.key === (key[i] ?? "") && Number.isNaN(l.closed) && l.start < end[i] && start[i] < l.end,
      );
      if (lane !== undefined) [lane.start, lane.end] = [Math.min(lane.start, start[i]), Math.max(lane.end, end[i])];
    }
    if (lane === undefined) {
      lane = {
        start: start[i],
        end: end[i],
        key: key[i] ?? "",
        keys: single ? keyValues(source, keys, i) : {},
        opened: NaN,
        fired: NaN,
        closed: NaN,
        firings: [],
        merged: false,
      };
      lanes.push(lane);
    }
    known.set(id, lane);
    return lane;
  };
  for (let i = 0; i < source.length; i++) {
    const lane = laneOf(i);
    const event = what[i];
    if (event === "complete") lane.fired = earlier(lane.fired, first[i]);
    else if (event === "opened") lane.opened = Number.isNaN(lane.opened) ? first[i] : Math.min(lane.opened, first[i]);
    else if (event === "closed" || event === "merged") {
      lane.closed = last[i];
      lane.merged = event === "merged";
    } else if (event !== null) {
      if (event === "on-time" && Number.isNaN(lane.fired)) lane.fired = first[i];
      lane.firings.push({ at: first[i], timing: event });
      if (!single && last[i] !== first[i]) lane.firings.push({ at: last[i], timing: event });
    }
  }
  // Complete is complete, also where no pane came out because nothing was new.
  const course = coursesOf(tables).find(c => c.partition === null);
  if (course !== undefined)
    for (const lane of lanes) {
      const passed = passedAt(course, lane.end);
      if (!(passed > lane.closed)) lane.fired = earlier(lane.fired, passed);
    }
  return lanes.sort((a, b) => a.start - b.start || a.end - b.end || (a.key < b.key ? -1 : 1));
}
