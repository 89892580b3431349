/**
 * The notebook of the Dataflow paper against the drawings it brings to life: every pane of every figure's stream, with
 * its window, moment, value, weight and, where the drawing has a watermark, its timing.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { schemaOf } from "../../src/pipeline/node.ts";
import { openStream, runOf } from "../../src/session/headless.ts";
import { ABSENT, material } from "./material.ts";

const text = material("figures.json");
const FILE = "dataflow-paper.html";
const NOTEBOOK = resolve(import.meta.dirname, "../../notebooks", FILE);
const MINUTE = 60_000;

interface Drawing {
  readonly figure: string;
  readonly watermark: string | null;
  readonly expected: readonly {
    readonly window: "global" | readonly [string, string];
    readonly emit_time: string;
    readonly value: number;
    readonly timing: string;
    readonly weight: number;
  }[];
}

/** The stream that draws each figure. */
const STREAMS: Readonly<Record<string, string>> = {
  "2-6": "perRow",
  "2-7": "alignedDelay",
  "2-8": "unalignedDelay",
  "2-10 left": "atPerfectWatermark",
  "2-10 right": "atHeuristicWatermark",
  "2-11 left": "refinedPerfectly",
  "2-11 right": "refined",
  "2-12": "bounded1Minute",
  "2-13": "discarding",
  "2-14": "retracting",
  "4-7": "activity",
  "4-3 left": "inOrderA",
  "4-3 right": "inOrderB",
  "VLDB-like: global, every 1 min, accumulating": "everyMinuteAccumulating",
  "VLDB-like: global, every 1 min, discarding": "everyMinuteDiscarding",
  "VLDB-like: global, every 2 elements, discarding": "everyTwoRows",
  "VLDB-like: fixed, perfect watermark": "tenAtPerfectWatermark",
};

/**
 * How much later than in its drawing a figure plays, ms. Aligned firings come at multiples of their period since the epoch,
 * so every two minutes at even ones; the drawing of 2-7 has odd ones, and the notebook shows it a minute later and says so.
 */
const LATER: Readonly<Record<string, number>> = { "2-7": MINUTE };

/** A moment's time of day; the drawings have whole seconds. */
const clock = (time: unknown): string => new Date(time as number).toISOString().slice(11, 19);

/** Runs a stream of the notebook to the end and gives its panes in the order in which they came out. */
async function panesOf(name: string): Promise<Readonly<Record<string, unknown>>[]> {
  const open = await openStream(await readFile(NOTEBOOK, "utf8"), name, {
    file: FILE,
    read: async file => {
      throw new Error(`${FILE} reads no files, but asked for ${file}.`);
    },
    now: () => 0,
    defer: work => void setImmediate(work),
  });
  const stream = open.stream.panes();
  const schema = schemaOf(stream.node, source => open.sources.log(source).batch.schema);
  const { run, table } = runOf({ ...open, stream, schema });
  run.finish();
  return table.rows();
}

describe.skipIf(text === null)(text === null ? `the paper's notebook: ${ABSENT}` : "the paper's notebook", () => {
  const drawings = text === null ? [] : (JSON.parse(text) as { drawings: { figures: Drawing[] } }).drawings.figures;

  test("has a stream for every drawing", () => {
    expect(Object.keys(STREAMS).sort()).toEqual(drawings.map(d => d.figure).sort());
  });

  test.each(drawings)("figure $figure", async ({ figure, watermark, expected }) => {
    const later = LATER[figure] ?? 0;
    const shown = (await panesOf(STREAMS[figure])).map(pane => {
      const window = "window_start" in pane ? `${clock(pane["window_start"])}–${clock(pane["window_end"])}` : "global";
      const timing = watermark === null ? "n/a" : pane["timing"];
      return `${clock((pane["emitted_at"] as number) - later)} ${window} ${pane["sum"]} ${pane["weight"]} ${timing}`;
    });
    expect(shown).toEqual(
      expected.map(({ window, emit_time, value, weight, timing }) => {
        return `${emit_time} ${window === "global" ? window : window.join("–")} ${value} ${weight} ${timing}`;
      }),
    );
  });

  // Figure 4-4 is drawn with the sums of 4-3, in windows of two minutes that end when those of 4-3 fire.
  test.each([
    ["4-3 left", "ingressInOrderA"],
    ["4-3 right", "ingressInOrderB"],
  ])("figure 4-4 has the sums of %s", async (figure, name) => {
    const { expected } = drawings.find(d => d.figure === figure) as Drawing;
    const shown = (await panesOf(name)).map(pane => {
      const window = `${clock(pane["window_start"])}–${clock(pane["window_end"])}`;
      return `${clock(pane["emitted_at"])} ${window} ${pane["sum"]} ${pane["timing"]}`;
    });
    const windows = ["12:04:00–12:06:00", "12:06:00–12:08:00", "12:08:00–12:10:00"];
    expect(shown).toEqual(expected.map(({ emit_time, value }, i) => `${emit_time} ${windows[i]} ${value} on-time`));
  });
});
