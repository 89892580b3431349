/** The app in a real browser: how soon it is there, and whether it stays alive while a million rows arrive. */
import { figure, table } from "../figures.mjs";
import { inOwnProcess } from "../harness.mjs";

export const app = {
  name: "app",
  asked: true,
  measure: () => inOwnProcess("app.ts"),

  lines(m) {
    return [
      "## The app",
      "",
      `Chromium without a screen, drawing in software on the same ${m.cores} cores that the engine and the server use. Medians of ${m.loads} reloads of`,
      `*Bank day totals* (${m.rows.toLocaleString("en")} rows of JSON lines, replayed by its cells), and frames of ${m.replays} replays of a million rows at full speed`,
      "with a table and a time map on the screen.",
      "",
      ...table(
        ["", ""],
        [
          ["first paint, ms", figure(m.firstPaint)],
          ["cells on the screen, ms", figure(m.cells)],
          ["log read and cells computed, ms", figure(m.ready)],
          ["shell, kB gzipped (scripts, styles and fonts before the first paint)", figure(m.shell / 1000)],
          ["frames: p50, p95, longest, ms", [m.frames.p50, m.frames.p95, m.frames.most].map(figure).join(", ")],
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
      what: "p95 frame of a million rows at full speed",
      target: "≤ 16 ms",
      got: `${figure(m.frames.p95)} ms`,
      reached: m.frames.p95 <= 16,
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
