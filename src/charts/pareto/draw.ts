/** `pareto`, the page's half: the curve of all bounded delays, and other strategies as points; the best lie at the top left. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { steppedCourse, latencies, median } from "../delay-vs-lateness/settings.ts";
import { distributionOf, quantile } from "../distribution.ts";
import { rowsAtLeast } from "../drop-curve/closed-form.ts";
import { durationAxisX } from "../duration-axis.ts";
import { ACCENT, emptyState, figure, GRID, INK, INK_SOFT, ON_TIME, PAPER, plot, tip, widthOf } from "../look.ts";
import { FINE } from "../lateness/plan.ts";
import { bearing, type MarkStory } from "../stories.ts";
import type { WindowFacts } from "../twins.ts";
import { aboutText, countText, shareText } from "../words.ts";
import { numbers, sum, table } from "../wire.ts";
import { WAIT_BINS } from "./plan.ts";

type ParetoFacts = Partial<WindowFacts> & {
  readonly courseStep?: number;
  readonly names?: readonly string[];
  readonly meanings?: readonly string[];
  readonly hindsight?: readonly boolean[];
};

/** A strategy or a delay: the median wait from a window's end to its first complete result, ms, and the share of rows in it. */
export interface Choice {
  readonly name: string;
  readonly wait: number;
  readonly complete: number;
  /** Of a bounded one, ms. */
  readonly delay?: number;
  /** What it promises, in a sentence. */
  readonly meaning?: string;
  /** Whether it knows what is still to come: a measure for the others, and no choice. */
  readonly hindsight?: boolean;
}

/** Those choices that no other beats in both respects, by wait. */
export function front(choices: readonly Choice[]): readonly Choice[] {
  const sorted = [...choices].sort((a, b) => a.wait - b.wait || b.complete - a.complete);
  const out: Choice[] = [];
  for (const c of sorted) if (out.length === 0 || c.complete > out[out.length - 1].complete) out.push(c);
  return out;
}

interface Reading {
  readonly rows: number;
  readonly curve: readonly Choice[];
  readonly points: readonly Choice[];
  readonly present: Choice | null;
}

const GRID_OF_DELAYS = 48;

function read(tables: Tables, options: ParetoFacts): Reading {
  const rows = sum(numbers(table(tables, "fates"), "rows"));
  const margins = distributionOf(table(tables, "margins"), FINE);
  const course = table(tables, "course");
  const eager = steppedCourse(numbers(course, "last"), numbers(course, "watermark"), options.courseStep ?? 0);
  const ends = Array.from(numbers(table(tables, "windows"), "window_end")).filter(Number.isFinite);
  const choice = (delay: number): Choice => ({
    name: `delay ${aboutText(delay)}`,
    delay,
    wait: median(latencies(eager, ends, delay)),
    complete: 1 - rowsAtLeast(margins, delay) / rows,
  });
  const longest = Math.max(Number.isNaN(margins.max) ? 0 : margins.max, 60_000);
  const delays = [
    0,
    ...Array.from({ length: GRID_OF_DELAYS }, (_, i) => 1_000 * (longest / 1_000) ** (i / (GRID_OF_DELAYS - 1))),
  ];
  const curve = delays.map(choice).filter(c => Number.isFinite(c.wait));
  const points = (options.names ?? []).flatMap((name, i) => {
    const waits = distributionOf(table(tables, `waits ${i}`), WAIT_BINS);
    const onTime = sum(numbers(table(tables, `on time ${i}`), "rows"));
    return waits.rows === 0 || rows === 0
      ? []
      : [
          {
            name,
            wait: quantile(waits, 0.5),
            complete: onTime / rows,
            meaning: options.meanings?.[i],
            hindsight: options.hindsight?.[i] ?? false,
          },
        ];
  });
  const delay = options.delay ?? null;
  const present = delay === null ? null : { ...choice(delay), name: `present: ${formatDuration(delay)}` };
  return { rows, curve, points, present: present !== null && Number.isFinite(present.wait) ? present : null };
}

export const pareto: ChartDrawing<ParetoFacts> = {
  name: "pareto",
  draw(tables, options) {
    const reading = read(tables, options);
    if (reading.rows === 0 || reading.curve.length === 0)
      return emptyState(
        options,
        "pareto",
        "No window is complete yet. Play on: a wait can be measured once a first result is out.",
      );
    return figure(options, {
      chart: "pareto",
      summary: summary(tables, options),
      legend: [
        { label: "a bounded delay, from none upwards", shape: "line", colour: ON_TIME },
        { label: "another strategy", shape: "diamond", colour: ACCENT },
        { label: "present setting", shape: "dot", colour: INK },
      ],
      body: [picture(reading, options)],
      notes: [
        `Of ${countText(reading.rows, "row")}. Complete is what is in the on-time pane; what comes later corrects it or is dropped. The scale is that of what is missing.`,
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: DrawOptions & ParetoFacts): string {
  const { rows, curve, points, present } = read(tables, options);
  if (rows === 0 || curve.length === 0) return "No window is complete yet.";
  const best = front([...curve, ...points]);
  const parts: string[] = [];
  if (present !== null)
    parts.push(
      `The present delay gives first results that are ${shareText(present.complete)} complete, ${aboutText(present.wait)} after the window's end.`,
    );
  const good = best.find(c => c.complete >= 0.999);
  parts.push(
    good === undefined
      ? `No choice here reaches 99.9 %; the best is ${shareText(best[best.length - 1].complete)} (${best[best.length - 1].name}).`
      : `The quickest way to 99.9 % is ${good.name}: ${aboutText(good.wait)}.`,
  );
  return parts.join(" ");
}

/** What a choice gives, against the present one and against the others; which rows a delay leaves behind the session knows. */
function storyOf(choice: Choice, present: Choice | null, others: readonly Choice[], lateness: number): MarkStory {
  const { name, wait, complete, delay, meaning } = choice;
  const sentences = meaning === undefined ? [] : [meaning];
  sentences.push(
    `First results come ${aboutText(wait)} after the window's end, half of them sooner, and are ${shareText(complete)} complete.`,
  );
  if (present !== null && choice !== present && present.delay !== delay) {
    const [sooner, more] = [present.wait - wait, complete - present.complete];
    sentences.push(
      `Against the present delay that is ${aboutText(Math.abs(sooner))} ${sooner >= 0 ? "sooner" : "later"} and ${shareText(Math.abs(more))} of the rows ${more >= 0 ? "more" : "fewer"}.`,
    );
  }
  // A gain of less than a hundredth is none: waits are read from bins.
  const better = front(others.filter(o => o.hindsight !== true)).find(
    o => o.name !== name && o.wait < wait * 0.99 && o.complete >= complete && o.complete > 0,
  );
  sentences.push(
    better === undefined
      ? "No other choice that anybody has is quicker and as complete."
      : `${better.name[0].toUpperCase()}${better.name.slice(1)} is as complete (${shareText(better.complete)}) and quicker: ${aboutText(better.wait)}.`,
  );
  return {
    title: name,
    sentences,
    values: delay === undefined ? null : { about: "setting", delay: Math.round(delay), lateness },
  };
}

function picture({ rows, curve, points, present }: Reading, options: DrawOptions & ParetoFacts): Element {
  const width = widthOf(options);
  const all = [...curve, ...points, ...(present === null ? [] : [present])];
  const low = Math.max(Math.min(...all.map(c => c.wait)) * 0.7, 100);
  const high = Math.max(...all.map(c => c.wait)) * 1.5;
  // Completeness is told by what is missing, on a logarithmic scale turned over: 90 %, 99 %, 99.9 % are equally far apart.
  const least = 0.5 / rows;
  const missing = (c: Choice): number => Math.max(1 - c.complete, least);
  const worst = Math.min(Math.max(...all.map(missing)) * 2.2, 1);
  const ticks = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0001, 0.00001].filter(
    t => t <= worst && t >= least,
  );
  const spaced = ticks.length > 7 ? ticks.filter(t => Math.abs(Math.log10(t) % 1) < 1e-9) : ticks;
  const place = { x: (c: Choice) => Math.max(c.wait, low), y: missing };
  const title = (c: Choice): string =>
    `${c.name}\n${shareText(c.complete)} complete\n${aboutText(c.wait)} after the window's end`;
  const best = front([...curve, ...points]);
  const story = (c: Choice): MarkStory => storyOf(c, present, [...curve, ...points], options.allowedLateness ?? 0);
  const here = present === null ? [] : [present];
  // Labels that would lie on one another are moved apart upwards, where the chart is empty.
  const labelled = [...points, ...(present === null ? [] : [present])].sort((a, b) => missing(b) - missing(a));
  const h = 300;
  const toY = (c: Choice): number => (Math.log(missing(c) / least) / Math.log(worst / least)) * (h - 70);
  let previous = Infinity;
  const labels = labelled.map(c => {
    const y = Math.min(toY(c) - 13, previous - 15);
    previous = y;
    return { c, dy: y - toY(c) };
  });
  return plot(options, {
    height: h,
    marginLeft: 72,
    marginRight: 20,
    marginTop: 28,
    marginBottom: 42,
    x: { type: "log", domain: [low, high] },
    y: { type: "log", domain: [worst, least] },
    marks: [
      ...durationAxisX(low, high, width - 92, "wait for a first result, median →"),
      Plot.gridY(spaced, { stroke: GRID, strokeOpacity: 1 }),
      Plot.axisY(spaced, {
        text: (t: number) => `${Number(((1 - t) * 100).toPrecision(7))} %`,
        label: "↑ complete",
        labelArrow: "none",
        color: INK_SOFT,
        tickSize: 4,
      }),
      Plot.line(best as Choice[], {
        ...place,
        stroke: ON_TIME,
        strokeWidth: 7,
        strokeOpacity: 0.14,
        curve: "step-after",
      }),
      Plot.line(curve as Choice[], { ...place, stroke: ON_TIME, strokeWidth: 2 }),
      // The delays along the line, for the keyboard and the hand.
      Plot.dot(curve as Choice[], { ...place, r: 5, fill: "transparent", ...bearing(curve, story) }),
      Plot.dot(points as Choice[], {
        ...place,
        symbol: "diamond",
        r: 5.5,
        fill: ACCENT,
        stroke: PAPER,
        ...bearing(points, story),
      }),
      Plot.dot(here, { ...place, r: 5.5, fill: INK, stroke: PAPER, strokeWidth: 1.5, ...bearing(here, story) }),
      labels.map(({ c, dy }) => {
        const right = c.wait > Math.sqrt(low * high) * 1.6;
        return Plot.text([c], {
          ...place,
          text: "name",
          dx: right ? -4 : -4,
          dy,
          textAnchor: right ? "end" : "start",
          fill: c === present ? INK : ACCENT,
          fontWeight: 600,
          stroke: PAPER,
          strokeWidth: 4,
        });
      }),
      tip(all, { ...place, title }, story),
    ],
  });
}
