/** `delayVsLateness`, the page's half: two maps over both settings, and under each delay the wait for the first result. */
import * as Plot from "@observablehq/plot";
import { formatDuration } from "../../model/time.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { type Distribution, distributionOf } from "../distribution.ts";
import { documentOf, DROPPED, emptyState, figure, INK, INK_SOFT, LATE, PAPER, plot, widthOf } from "../look.ts";
import { FINE } from "../lateness/plan.ts";
import type { WindowFacts } from "../twins.ts";
import { aboutText, shareText } from "../words.ts";
import { numbers, sum, table } from "../wire.ts";
import { steppedCourse, latencies, median, outcome } from "./settings.ts";

type SettingFacts = Partial<WindowFacts> & { readonly courseStep?: number };

interface Reading {
  readonly rows: number;
  readonly margins: Distribution;
  readonly delays: readonly number[];
  readonly latenesses: readonly number[];
  readonly wait: (delay: number) => number;
}

const CHOICES = [
  0, 1_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000,
  86_400_000,
];

function read(tables: Tables, options: SettingFacts): Reading {
  const margins = distributionOf(table(tables, "margins"), FINE);
  const rows = sum(numbers(table(tables, "fates"), "rows"));
  const reach = Number.isNaN(margins.max) ? 60_000 : margins.max;
  const upTo = (here: number | null | undefined): number[] => {
    const inside = CHOICES.filter((c, i) => c <= reach || CHOICES[i - 1] < reach);
    // Eight steps fit; the setting at hand is one of them.
    const thinned = inside.filter((_, i) => inside.length <= 9 || i % 2 === 0 || i === inside.length - 1);
    const finite = here !== null && here !== undefined && Number.isFinite(here) && here >= 0 ? [here] : [];
    return [...new Set([...thinned, ...finite])].sort((a, b) => a - b);
  };
  const course = table(tables, "course");
  const eager = steppedCourse(numbers(course, "last"), numbers(course, "watermark"), options.courseStep ?? 0);
  const ends = Array.from(numbers(table(tables, "windows"), "window_end")).filter(Number.isFinite);
  return {
    rows,
    margins,
    delays: upTo(options.delay),
    latenesses: upTo(options.allowedLateness),
    wait: delay => median(latencies(eager, ends, delay)),
  };
}

export const delayVsLateness: ChartDrawing<SettingFacts> = {
  name: "delayVsLateness",
  draw(tables, options) {
    const reading = read(tables, options);
    if (reading.rows === 0)
      return emptyState(
        options,
        "delayVsLateness",
        "No row has arrived yet. Press play to see what each pair of settings would do.",
      );
    const width = widthOf(options);
    const half = width >= 620 ? Math.floor((width - 20) / 2) : width;
    const row = documentOf(options).createElement("div");
    Object.assign(row.style, { display: "flex", flexWrap: "wrap", gap: "10px 20px" });
    row.append(
      map(reading, "dropped for good", DROPPED, o => o.dropped, { ...options, width: half }),
      map(reading, "corrected after the first result", LATE, o => o.corrected, { ...options, width: half }),
    );
    return figure(options, {
      chart: "delayVsLateness",
      summary: summary(tables, options),
      body: [row],
      notes: [
        "The frame marks the present settings. Shares are counted from each row's margin; waits are medians over the windows, from their end to their first complete result.",
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: DrawOptions & SettingFacts): string {
  const reading = read(tables, options);
  if (reading.rows === 0) return "No row has arrived yet.";
  const delay = options.delay ?? 0;
  const lateness = options.allowedLateness ?? 0;
  const now = outcome(reading.margins, reading.rows, delay, lateness);
  const wait = reading.wait(delay);
  return (
    `With a delay of ${formatDuration(delay)} and ${lateness === 0 ? "no allowed lateness" : `an allowed lateness of ${formatDuration(lateness)}`}, first results take ${Number.isNaN(wait) ? "an unknown time" : aboutText(wait)} after the window's end, ` +
    `${shareText(now.corrected)} of the rows correct them later and ${shareText(now.dropped)} are dropped. Delay makes results wait; allowed lateness makes them change.`
  );
}

/** Writes a wait in its greatest unit alone, so that it fits under a column. */
function roughly(wait: number): string {
  return Number.isNaN(wait) ? "–" : aboutText(wait).split(" ").slice(0, 2).join(" ");
}

function map(
  reading: Reading,
  label: string,
  colour: string,
  value: (o: { corrected: number; dropped: number }) => number,
  options: DrawOptions & SettingFacts,
): Element {
  const { delays, latenesses, rows, margins } = reading;
  const cells = delays.flatMap(delay =>
    latenesses.map(lateness => ({
      delay: String(delay),
      lateness: String(lateness),
      share: value(outcome(margins, rows, delay, lateness)),
    })),
  );
  const most = Math.max(...cells.map(c => c.share), 1e-9);
  const name = (v: string): string => formatDuration(Number(v)).replace("0 ms", "0");
  const here = cells.filter(c => Number(c.delay) === options.delay && Number(c.lateness) === options.allowedLateness);
  // Shares span four decades, so the shade follows their fourth root.
  const shade = (share: number): number => (share === 0 ? 0.03 : 0.08 + 0.82 * (share / most) ** 0.25);
  const left = 62;
  const waits = delays.map(d => ({
    delay: String(d),
    text: roughly(reading.wait(d)),
  }));
  const room = (widthOf(options) - left) / delays.length;
  return plot(options, {
    height: latenesses.length * 25 + 110,
    marginLeft: left,
    marginRight: 4,
    marginTop: 44,
    marginBottom: 66,
    x: { type: "band", domain: delays.map(String), padding: 0.06 },
    y: { type: "band", domain: latenesses.map(String).reverse(), padding: 0.06 },
    marks: [
      Plot.axisX({
        tickFormat: name,
        label: null,
        tickSize: 0,
        color: INK_SOFT,
        fontSize: 10.5,
        tickRotate: room < 40 ? -35 : 0,
      }),
      Plot.axisY({ tickFormat: name, label: null, tickSize: 0, color: INK_SOFT }),
      Plot.text([`${label}, % of rows`], {
        frameAnchor: "top-left",
        dx: -left + 2,
        dy: -32,
        fill: INK,
        fontWeight: 600,
        fontSize: 12.5,
      }),
      Plot.text(["↑ allowed lateness"], { frameAnchor: "top-left", dx: -left + 2, dy: -12, fill: INK_SOFT }),
      Plot.text(["watermark delay →"], { frameAnchor: "bottom-right", dy: room < 40 ? 62 : 52, fill: INK_SOFT }),
      room < 40
        ? null
        : [
            Plot.text(waits, { x: "delay", frameAnchor: "bottom", dy: 33, text: "text", fill: INK, fontSize: 10.5 }),
            Plot.text(["first result"], {
              frameAnchor: "bottom-left",
              dx: -left + 2,
              dy: 33,
              fill: INK_SOFT,
              fontSize: 10.5,
            }),
          ],
      Plot.cell(cells, {
        x: "delay",
        y: "lateness",
        fill: colour,
        fillOpacity: c => shade(c.share),
        rx: 2,
        title: c =>
          `delay ${name(c.delay)}, allowed lateness ${name(c.lateness)}\n${shareText(c.share)} ${label}\nfirst result after ${waits.find(w => w.delay === c.delay)?.text}`,
        tip: true,
      }),
      Plot.text(cells, {
        x: "delay",
        y: "lateness",
        text: c => (room > 34 ? shareText(c.share).replace(" %", "").replace("< 0.01", "·") : ""),
        fill: c => (shade(c.share) > 0.72 ? PAPER : INK),
        fontSize: 10.5,
      }),
      Plot.cell(here, { x: "delay", y: "lateness", fill: "none", stroke: INK, strokeWidth: 2, rx: 2, inset: -1 }),
    ],
  });
}
