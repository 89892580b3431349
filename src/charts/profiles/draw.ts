/** `profiles`, the page's half: the results that differ, engine by engine, and the rule that makes the difference. */
import * as Plot from "@observablehq/plot";
import type { ProfileName } from "../../model/profiles.ts";
import type { ChartDrawing, DrawOptions, Tables } from "../chart.ts";
import { CLICK_HINT, DROPPED, emptyState, figure, INK, INK_SOFT, LATE, plot, TIP_STYLE, widthOf } from "../look.ts";
import { asksFor, bearing, type MarkStory } from "../stories.ts";
import { windowNames, zoneNote } from "../time-axis.ts";
import type { WindowFacts } from "../twins.ts";
import { countText, numberText, signedText } from "../words.ts";
import { keyTexts, keyValues, numbers, table } from "../wire.ts";

type ProfileFacts = Partial<WindowFacts> & { readonly compared?: readonly ProfileName[] };

/** One result: under Tidemark's rules, and under each profile's; NaN where there is none. */
export interface Compared {
  readonly start: number;
  readonly end: number;
  readonly key: string;
  readonly keys: Readonly<Record<string, unknown>>;
  readonly own: number;
  readonly others: Readonly<Record<string, number>>;
  /** Greatest relative difference. */
  readonly size: number;
}

/** Why a profile may differ, in a phrase. */
const RULES: Readonly<Record<string, string>> = {
  beam: "Beam gives empty on-time panes too and asks triggers once per bundle",
  "beam-python": "Beam's Python runner keeps a row that arrives exactly at the end of allowed lateness",
  flink: "Flink moves its watermark every 200 ms, merges sessions that touch, and gives a pane for each late row",
  "flink-sql": "Flink SQL has no allowed lateness: what comes after the watermark is dropped",
  spark: "Spark's watermark is that of the micro-batch before, and it has no allowed lateness",
  kafka: "Kafka Streams takes one stream time over all partitions; its grace period is delay and lateness in one",
  batch: "A batch waits for the end of the input, so nothing is late",
};

/** Reads the results that differ, the greatest differences first; there are more of them where these are many. */
export function comparedOf(tables: Tables, options: ProfileFacts): readonly Compared[] {
  const names = options.compared ?? [];
  const rows = table(tables, "differing");
  const start = numbers(rows, "window_start");
  const end = numbers(rows, "window_end");
  const size = numbers(rows, "size");
  const key = keyTexts(rows, options.keys ?? []);
  const valueOf = ["tidemark", ...names].map((_, i) => {
    const value = numbers(rows, `value ${i}`);
    const there = numbers(rows, `there ${i}`);
    return (row: number): number => (there[row] > 0 ? value[row] : NaN);
  });
  return Array.from({ length: rows.length }, (_, row) => ({
    start: start[row],
    end: end[row],
    key: key[row],
    keys: keyValues(rows, options.keys ?? [], row),
    own: valueOf[0](row),
    others: Object.fromEntries(names.map((name, i) => [name, valueOf[i + 1](row)])),
    size: size[row],
  })).sort((a, b) => b.size - a.size || a.start - b.start);
}

/** How many results there are in all, how many of them differ under each profile, and which event time they span. */
function totalsOf(
  tables: Tables,
  options: ProfileFacts,
): { results: number; counts: readonly { n: string; count: number }[]; start: number; end: number } {
  const totals = table(tables, "totals");
  const one = (name: string): number => numbers(totals, name)[0] ?? NaN;
  return {
    results: one("results") || 0,
    counts: (options.compared ?? []).map((n, i) => ({ n, count: one(`differ ${i + 1}`) || 0 })),
    start: one("start"),
    end: one("end"),
  };
}

const same = (a: number, b: number): boolean =>
  (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
export const profiles: ChartDrawing<ProfileFacts> = {
  name: "profiles",
  draw(tables, options) {
    const { results, counts, start, end } = totalsOf(tables, options);
    if (results === 0)
      return emptyState(
        options,
        "profiles",
        "There is no result to compare: none has come out yet. Press play, until the watermark passes the end of a window.",
      );
    const differing = comparedOf(tables, options);
    const many = Math.max(...counts.map(c => c.count), differing.length);
    const rules = counts.filter(c => c.count > 0).map(c => `${RULES[c.n]}.`);
    return figure(options, {
      chart: "profiles",
      summary: summary(tables, options),
      body: differing.length === 0 ? [] : [matrix(differing.slice(0, 14), options)],
      notes: [
        ...(many > 14 ? [`The 14 greatest of at least ${numberText(many)} differences.`] : []),
        ...rules,
        ...(Number.isFinite(start) && Number.isFinite(end)
          ? [zoneNote(options.timeZone ?? options.zone ?? "UTC", start, end)]
          : []),
      ],
    });
  },
  summary,
};

function summary(tables: Tables, options: DrawOptions & ProfileFacts): string {
  const { results, counts } = totalsOf(tables, options);
  if (results === 0) return "No result has come out yet.";
  const differing = counts.filter(c => c.count > 0).sort((a, b) => b.count - a.count);
  const equal = counts.filter(c => c.count === 0).map(c => c.n);
  const list = (names: readonly string[]): string =>
    names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
  if (differing.length === 0) return `All ${countText(results, "result")} are the same under ${list(equal)}.`;
  return `Of ${countText(results, "result")}, ${list(differing.map(c => `${numberText(c.count)} differ under ${c.n}`))}${equal.length > 0 ? `; ${list(equal)} ${equal.length === 1 ? "gives" : "give"} the same` : ""}.`;
}

function matrix(shown: readonly Compared[], options: DrawOptions & ProfileFacts): Element {
  const width = widthOf(options);
  const timeZone = options.timeZone ?? options.zone ?? "UTC";
  const names = options.compared ?? [];
  const nameOf = windowNames(shown, timeZone);
  const label = (c: Compared): string => [c.key, nameOf(c.start, c.end)].filter(t => t !== "").join(", ");
  const rows = shown.map((c, i) => ({ c, i: String(i), label: label(c) }));
  const left = Math.min(Math.max(...rows.map(r => r.label.length * 6.4)) + 14, width * 0.34);
  const columns = ["tidemark", ...names];
  const cells = rows.flatMap(r =>
    names.map(name => ({ ...r, name, value: r.c.others[name], same: same(r.c.own, r.c.others[name]) })),
  );
  const text = (c: (typeof cells)[number]): string =>
    c.same
      ? "="
      : Number.isNaN(c.value)
        ? "no result"
        : Number.isNaN(c.c.own)
          ? numberText(c.value)
          : signedText(Number((c.value - c.c.own).toPrecision(10)));
  const differing = cells.filter(c => !c.same);
  const story = (c: (typeof cells)[number]): MarkStory => ({
    title: `${c.label} under ${c.name}`,
    sentences: [
      `Here it is ${numberText(c.c.own)}; under ${c.name} it would be ${Number.isNaN(c.value) ? "no result at all" : numberText(c.value)}.`,
      ...(RULES[c.name] === undefined ? [] : [`${RULES[c.name]}.`]),
    ],
    values: { ...c.c.keys, window_start: c.c.start, window_end: c.c.end },
  });
  return plot(options, {
    height: rows.length * 25 + 44,
    marginLeft: left,
    marginRight: 4,
    marginTop: 32,
    marginBottom: 6,
    x: { type: "band", domain: columns, padding: 0.06, axis: null },
    y: { type: "band", domain: rows.map(r => r.i), padding: 0.1, axis: null },
    marks: [
      Plot.axisX({ anchor: "top", label: null, tickSize: 0, color: INK_SOFT }),
      Plot.text(rows, { y: "i", text: "label", frameAnchor: "left", textAnchor: "end", dx: -8, fill: INK }),
      Plot.cell(differing, {
        x: "name",
        y: "i",
        fill: c => (Number.isNaN(c.value) ? DROPPED : LATE),
        fillOpacity: 0.22,
        rx: 2,
        title: c =>
          `${c.label}\ntidemark ${numberText(c.c.own)}\n${c.name} ${numberText(c.value)}\n${RULES[c.name] ?? ""}\n${CLICK_HINT}`,
        tip: TIP_STYLE,
        ...bearing(differing, story),
      }),
      asksFor(story),
      Plot.text(cells, { x: "name", y: "i", text, fill: c => (c.same ? INK_SOFT : INK), fontSize: 11 }),
      Plot.text(rows, {
        x: () => "tidemark",
        y: "i",
        text: r => numberText(r.c.own),
        fill: INK,
        fontWeight: 600,
        fontSize: 11,
      }),
    ],
  });
}
