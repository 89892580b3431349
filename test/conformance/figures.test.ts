/**
 * The running example of *The Dataflow Model*, *Streaming 101/102* and *Streaming Systems*: the drawings with the moment
 * and the weight of every pane, the same figures as Beam code, and the book's retracting sessions.
 */
import { describe, expect, test } from "vitest";
import { type ConformPane, conformTrace } from "../../src/session/conform.ts";
import { ABSENT, material } from "./material.ts";

const text = material("figures.json");

type Clock = string;
interface Element {
  readonly value: number;
  readonly event_time: Clock;
  readonly processing_time: Clock;
}
interface ExpectedRow {
  readonly window: "global" | readonly [Clock, Clock];
  readonly emit_time: Clock;
  readonly value: number;
  readonly timing: string;
  readonly weight: number;
}
interface Drawing {
  readonly figure: string;
  readonly dataset: string;
  readonly window: "global" | { readonly fixed_minutes?: number; readonly session_minutes?: number };
  readonly trigger: string;
  readonly accumulation: string;
  readonly watermark: string | null;
  readonly allowed_lateness_minutes: number | "unbounded" | null;
  readonly expected: readonly ExpectedRow[];
}
type StreamEvent =
  | { readonly watermark: Clock }
  | { readonly processing_time: Clock }
  | { readonly element: { readonly key: string; readonly value: number; readonly event_time: Clock } };
interface CodeFigure {
  readonly figure: string;
  readonly input: string;
  readonly window: "global" | { readonly fixed?: number; readonly sessions?: number };
  readonly trigger: unknown;
  readonly accumulation: string;
  readonly allowed_lateness: number | string;
  readonly expected_panes: readonly {
    readonly window: "global" | readonly [Clock, Clock];
    readonly value: number;
    readonly timestamp: string;
    readonly timing: string;
    readonly index: number;
    readonly onTimeIndex: number | null;
    readonly isFirst: boolean;
    readonly isLast: boolean;
    readonly derived_emit_time?: Clock;
  }[];
}
interface Figures {
  readonly drawings: {
    readonly datasets: Readonly<Record<string, readonly Element[]>>;
    readonly watermarks: Readonly<
      Record<string, readonly { readonly watermark_reaches: Clock; readonly at_processing_time: Clock }[]>
    >;
    readonly figures: readonly Drawing[];
  };
  readonly figures: readonly CodeFigure[];
  readonly streams: Readonly<Record<string, readonly StreamEvent[]>>;
  readonly bounded_input: readonly { readonly key: string; readonly value: number; readonly event_time: Clock }[];
  readonly book: {
    readonly sessions_dataset_shifted_processing_time: readonly {
      readonly score: number;
      readonly event_time: Clock;
      readonly processing_time: Clock;
    }[];
    readonly fig_8_13_sessions_per_record_accumulating: { readonly rows: readonly BookRow[] };
    readonly fig_8_14_sessions_per_record_retracting: { readonly rows: readonly BookRow[] };
  };
}
interface BookRow {
  readonly total: number;
  readonly window: readonly [Clock, Clock];
  readonly emit_time: Clock;
  readonly weight?: number;
}

const MINUTE = 60_000;

/** `12:05:19` → milliseconds. */
function ms(clock: Clock): number {
  const [h, m, s] = clock.split(":").map(Number);
  return ((h * 60 + m) * 60 + s) * 1_000;
}

function clockOf(time: number): Clock {
  const two = (n: number): string => String(n).padStart(2, "0");
  const s = Math.floor(time / 1_000);
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

interface Timed {
  readonly at: number;
  readonly event: object;
}

/** Puts events of processing time on a timeline that moves on by whole seconds, and says when each pane came out. */
function replay(
  pipeline: object,
  events: readonly Timed[],
  { profile = "tidemark", shift = 0, until = ms("12:13:00") } = {},
): (ConformPane & { emitted: Clock })[] {
  const trace: object[] = [];
  const times: number[] = [];
  for (let now = ms("12:04:00"); now <= until; now += 500) {
    trace.push({ processingTime: now + shift });
    times.push(now);
    for (const { at, event } of events)
      if (at === now) {
        trace.push(event);
        times.push(now);
      }
  }
  const results = conformTrace({ profile, pipeline, events: trace });
  return results.flatMap(({ panes }, i) => panes.map(pane => ({ ...pane, emitted: clockOf(times[i]) })));
}

const input = (at: number, value: number, ts: number): Timed => ({ at, event: { input: { key: "TeamX", value, ts } } });

function drawingTrigger({ trigger }: Drawing): unknown {
  if (trigger === "watermark") return "afterWatermark";
  const count = /^(?:per-record \()?repeatedly count (\d)/.exec(trigger);
  if (count !== null) return { repeatedly: { afterCount: Number(count[1]) } };
  const period = /repeatedly (aligned|unaligned)(?: delay)? (\d) min/.exec(trigger);
  if (period !== null)
    return { repeatedly: { afterProcessingTime: Number(period[2]) * MINUTE, aligned: period[1] === "aligned" } };
  expect(trigger).toBe("early aligned 1 min, on-time, late count 1");
  return { afterWatermark: { early: { afterProcessingTime: MINUTE, aligned: true }, late: { afterCount: 1 } } };
}

function drawingPipeline(drawing: Drawing): object {
  const { window, accumulation, allowed_lateness_minutes: lateness } = drawing;
  return {
    window:
      window === "global"
        ? "global"
        : window.fixed_minutes !== undefined
          ? { fixed: window.fixed_minutes * MINUTE }
          : { sessions: (window.session_minutes as number) * MINUTE, inclusive: true },
    trigger: drawingTrigger(drawing),
    mode: accumulation,
    allowedLateness: typeof lateness === "number" ? lateness * MINUTE : null,
  };
}

const show = (window: ConformPane["window"]): string =>
  window === null ? "global" : window.map(t => clockOf(t as number)).join("–");

describe.skipIf(text === null)(text === null ? `figures: ${ABSENT}` : "figures", () => {
  const figures = text === null ? null : (JSON.parse(text) as Figures);

  test.each(figures?.drawings.figures ?? [])("drawing $figure ($accumulation)", drawing => {
    const { datasets, watermarks } = (figures as Figures).drawings;
    const [, dataset] = Object.entries(datasets).find(
      ([name]) => name === drawing.dataset || name.startsWith(`${drawing.dataset} (`),
    ) as [string, readonly Element[]];
    const watermark = drawing.watermark === null ? [] : watermarks[drawing.watermark];
    const events: Timed[] = [
      ...dataset.map(e => input(ms(e.processing_time), e.value, ms(e.event_time))),
      ...watermark.map(w => ({ at: ms(w.at_processing_time), event: { watermark: ms(w.watermark_reaches) } })),
    ];
    // Figure 2-7 ticks at odd minutes; multiples of two minutes are even ones.
    const shift = drawing.trigger.includes("12:07") ? MINUTE : 0;
    const panes = replay(drawingPipeline(drawing), events, { shift });
    const shown = panes.map(
      p => `${p.emitted} ${show(p.window)} ${p.value} ${p.weight} ${drawing.watermark === null ? "n/a" : p.timing}`,
    );
    const expected = drawing.expected.map(row => {
      const window = row.window === "global" ? "global" : row.window.join("–");
      return `${row.emit_time} ${window} ${row.value} ${row.weight} ${row.timing}`;
    });
    expect(shown).toEqual(expected);
  });

  const code = (figures?.figures ?? []).filter(
    f => !["2-7", "2-8"].includes(f.figure) && (f.window === "global" || typeof f.window === "object"),
  );
  test.each(code)("code figure $figure", figure => {
    const all = figures as Figures;
    const pipeline = {
      window:
        figure.window === "global"
          ? "global"
          : figure.window.fixed !== undefined
            ? { fixed: figure.window.fixed * 1_000 }
            : { sessions: (figure.window.sessions as number) * 1_000 },
      trigger: codeTrigger(figure.trigger),
      mode: figure.accumulation,
      allowedLateness: typeof figure.allowed_lateness === "number" ? figure.allowed_lateness * 1_000 : "1000 d",
    };
    const trace: object[] = [];
    if (figure.input === "bounded")
      trace.push(
        { input: all.bounded_input.map(({ key, value, event_time }) => ({ key, value, ts: ms(event_time) })) },
        { watermark: "MAX" },
      );
    else
      for (const event of all.streams[figure.input])
        if ("watermark" in event) trace.push({ watermark: event.watermark === "+inf" ? "MAX" : ms(event.watermark) });
        else if ("processing_time" in event) trace.push({ processingTime: ms(event.processing_time) });
        else trace.push({ input: { ...event.element, ts: ms(event.element.event_time) } });
    const panes = conformTrace({ profile: "beam", pipeline, events: trace }).flatMap(result => result.panes);
    const shown = panes.map(p => ({
      window: p.window === null ? "global" : p.window.map(t => clockOf(t as number)),
      value: p.value,
      timestamp: p.timestamp === "MAX" ? "END_OF_GLOBAL_WINDOW" : clockOf(p.timestamp as number),
      timing: p.timing.toUpperCase().replace("-", "_"),
      index: p.index,
      onTimeIndex: p.nonSpeculativeIndex < 0 ? null : p.nonSpeculativeIndex,
      isFirst: p.isFirst,
      isLast: p.isLast,
    }));
    const expected = figure.expected_panes.map(({ derived_emit_time: _when, ...pane }) => pane);
    expect(sorted(shown)).toEqual(sorted(expected));
  });

  test.each(["8-13", "8-14"])("book figure %s", name => {
    const { book } = figures as Figures;
    const retracting = name === "8-14";
    const rows = retracting
      ? book.fig_8_14_sessions_per_record_retracting.rows
      : book.fig_8_13_sessions_per_record_accumulating.rows;
    const events = book.sessions_dataset_shifted_processing_time.map(e =>
      input(ms(e.processing_time), e.score, ms(e.event_time)),
    );
    const panes = replay(
      {
        window: { sessions: MINUTE, inclusive: true },
        trigger: { repeatedly: { afterCount: 1 } },
        mode: retracting ? "retracting" : "accumulating",
      },
      events,
    );
    expect(panes.map(p => `${p.emitted} ${show(p.window)} ${p.value} ${p.weight}`)).toEqual(
      rows.map(row => `${row.emit_time} ${row.window.join("–")} ${row.total} ${row.weight ?? 1}`),
    );
  });
});

/** The code figures' own words for triggers, in those of traces. */
function codeTrigger(trigger: unknown): unknown {
  if (typeof trigger === "string") return trigger;
  const [[kind, inner]] = Object.entries(trigger as Record<string, unknown>);
  switch (kind) {
    case "repeatedly":
      return { repeatedly: codeTrigger(inner) };
    case "count":
      return { afterCount: inner };
    case "processing_time_delay":
      return { afterProcessingTime: (inner as number) * 1_000 };
    case "after_watermark": {
      const { early, late } = inner as { early: unknown; late: unknown };
      return { afterWatermark: { early: codeTrigger(early), late: codeTrigger(late) } };
    }
    default:
      throw new Error(`no trigger ${kind}`);
  }
}

function sorted(panes: readonly object[]): string[] {
  return panes.map(pane => JSON.stringify(Object.entries(pane).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
}
