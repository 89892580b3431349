/** Draws every figure of the gallery from the engine's tables: each says something, in numbers, with a bounded number of marks. */
import { expect, test } from "vitest";
import { CHARTS } from "../../src/charts/index.ts";
import { drawFigure, FIGURES, prepareFigure } from "./figures.ts";
import { normalised } from "./page.ts";

test("the gallery shows every chart", () => {
  expect(new Set(FIGURES.map(f => f.chart))).toEqual(new Set(Object.keys(CHARTS)));
});

/** What each figure has to say: the figures in these sentences were checked by hand or by the tests of their mathematics. */
const SAYS: Readonly<Record<string, RegExp>> = {
  "timeMap: the running example of Streaming 101": /^9 rows: 1 late but accepted, 1 dropped \(11\.1 %\)/,
  "timeMap: three days of payments": /^52,053 rows: 1,919 late but accepted, 2 dropped/,
  "lateness: three days of payments":
    /^Of 52,053 rows half arrive within 4\.\d s, .* the latest took (5 h 5\d min|6 h)/,
  "dropCurve: payments by the hour": /^A delay of 30 s drops 626 rows \(1\.2 %\)\./,
  "corrections: daily totals": /London, Sat 28 Mar: from 481,187\.23 to 483,987\.92 \(\+2,800\.69\)/,
  "panes: the running example of Streaming 101":
    /^team, Wed 5 Aug 12:02–12:04 came out in 3 panes and ends at 18\. Who adds panes up gets 18 discarding, 35 accumulating/,
  "balanceVsFlow: a ledger with a gap":
    /900 is unexplained in the end; the residual is a step of 900 from Fri 3 Apr 12:00:00\. A flow is missing/,
  "watermarkHold: five branches": /^Belfast held the watermark for 80\.\d % of the time/,
  "wholeDay: UTC and London": /Sun 29 Mar has 23 hours\.$/,
  "joinMisses: orders and payments":
    /of 400 rows .* find no match within 5 min; \d+ of them have no counterpart at all/,
  "profiles: payments by the hour": /differ under batch, .* beam, flink and kafka give the same/,
};

for (const figure of FIGURES) {
  test(`${figure.chart}: ${figure.title}`, async () => {
    const draw = await prepareFigure(figure);
    const element = draw(720);
    const html = normalised(element);
    expect(html).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expect(element.classList.contains("tm-chart-empty")).toBe(false);
    const summary = element.getAttribute("aria-label") ?? "";
    expect(summary).toMatch(/\d/);
    expect(summary).toMatch(/\.$/);
    const says = SAYS[`${figure.chart}: ${figure.title}`];
    if (says !== undefined) expect(summary).toMatch(says);
    expect(element.querySelectorAll("*").length).toBeLessThan(3_000);
    // Narrow columns are drawn too, without anything falling off the left edge.
    expect(normalised(draw(380))).not.toMatch(/NaN|undefined|Infinity/);
  });
}

for (const [chart, title, file] of [
  ["panes", "the running example of Streaming 101", "panes"],
  ["sessionSurgery", "two users", "session-surgery"],
  ["waterfall", "three days of payments", "waterfall"],
  ["knowledgeTriangle", "payments in mid-replay", "knowledge-triangle"],
  ["delayVsLateness", "payments by the hour", "delay-vs-lateness"],
] as const)
  test(`${chart} is the reviewed picture`, async () => {
    const figure = FIGURES.find(f => f.chart === chart && f.title === title);
    if (figure === undefined) throw new Error(`There is no figure "${title}" of ${chart}.`);
    await expect(normalised(await drawFigure(figure))).toMatchFileSnapshot(`snapshots/${file}.html`);
  });
