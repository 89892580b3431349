/** The app in a real browser: how soon it is there, and whether it stays alive while a million rows arrive. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

/** What a frame trace said; nothing of it in results from before there was one. */
const traceOf = m => ({ states: [], ...m.trace });
const list = figures => figures.map(figure).join(", ");

export const app = {
  name: "app",
  asked: true,
  measure: () => inOwnProcess("app.ts"),

  lines(m) {
    const trace = traceOf(m);
    return [
      "## The app",
      "",
      `Chromium without a screen, drawing in software on the same ${m.cores} cores that the engine and the server use. Medians of ${m.loads} reloads of`,
      `*Bank day totals* (${m.rows.toLocaleString("en")} rows of JSON lines, replayed by its cells), and frames of ${m.replays} replays of a million rows at full speed`,
      `with a table and a time map on the screen. *Work* is from a frame trace of ${trace.replays} more: the processor time of all tasks of the page's main`,
      "thread from one frame's begin to the next, tracing included. Until 2026-11-20 the time until cells were computed was found by a locator,",
      "which looks every 500 ms in the end: it read 150 + 770 ms and some evaluations, and is not to be compared with what is said here.",
      "",
      ...table(
        ["", ""],
        [
          ["first paint, ms", figure(m.firstPaint)],
          ["cells on the screen, ms", figure(m.cells)],
          ["log read and cells computed, ms", figure(m.ready)],
          ["shell, kB gzipped (scripts, styles and fonts before the first paint)", figure(m.shell / 1000)],
          ["from frame to frame at 60 Hz: p50, p95, longest, ms", list([m.frames.p50, m.frames.p95, m.frames.most])],
          ["work of the page for a frame: p50, p95, most, ms", list([trace.p50, trace.p95, trace.most])],
          ["its longest task, ms", figure(trace.longest)],
          ["traced frames that were presented whole, in part, dropped", list(trace.states)],
          ["a replay of a million rows, ms", figure(m.replay)],
          ["held by the page before and after these replays, MiB", m.page.map(figure).join(", ")],
          ["held by the engine before and after these replays, MiB", m.engine.map(figure).join(", ")],
        ],
      ),
    ];
  },

  targets: m => [
    { what: "first paint", target: "< 500 ms", got: `${figure(m.firstPaint)} ms`, reached: m.firstPaint < 500 },
    { what: "notebook interactive", target: "< 1 s", got: `${figure(m.ready)} ms`, reached: m.ready < 1000 },
    {
      what: "p95 frame of a million rows at full speed: work of the page for it",
      target: "≤ 16 ms",
      got: `${figure(traceOf(m).p95)} ms`,
      reached: traceOf(m).p95 <= 16,
    },
    {
      what: "p95 from frame to frame meanwhile, on a screen of 60 Hz",
      target: "one frame, 16.7 ms",
      got: `${figure(m.frames.p95)} ms`,
      reached: m.frames.p95 < 1.5 * (1000 / 60),
    },
    { what: "shell", target: "< 1 MB gzipped", got: `${figure(m.shell / 1000)} kB`, reached: m.shell < 1e6 },
    {
      what: "memory over repeated replays",
      target: "flat",
      got: `× ${figure(Math.max(m.page[1] / m.page[0], m.engine[1] / m.engine[0]))}`,
      reached: m.page[1] <= 1.15 * m.page[0] && m.engine[1] <= 1.15 * m.engine[0],
    },
  ],
};
