/**
 * Exports the pipeline of every scenario, over its rows with the clock's times as their arrivals: what is written in
 * TypeScript must parse as TypeScript and what is written for Beam must compile as Python; what is refused says why.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tsPlugin } from "@sveltejs/acorn-typescript";
import { Parser } from "acorn";
import { describe, expect, test } from "vitest";
import type { Value } from "../../src/columns/column.ts";
import { bounded } from "../../src/model/watermarks.ts";
import { rows } from "../../src/pipeline/sources.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import type { AggregateNode } from "../../src/pipeline/verbs/aggregate.ts";
import type { Trace } from "../../src/session/trace.ts";
import { exported, opened } from "../exporters/scripts.ts";
import { scenarios, traceOf } from "./transcripts.ts";

const typescript = Parser.extend(tsPlugin());

const ROLLUPS = { sum: "sum(d.value)", count: "count()", list: "collect(d.value)" } as const;

/** The stream that a trace is about. Its watermark is one that follows the rows: no script can follow one moved by hand. */
function streamOf({ strategy, aggregate, events }: Trace): Stream {
  let clock = 0;
  const given: Record<string, Value>[] = [];
  for (const event of events)
    if (event.kind === "processingTime") clock = Math.max(clock, event.time);
    else if (event.kind === "input") given.push(...event.rows.map(row => ({ ...row, at: clock })));
  const source = rows(given.length === 0 ? [{ key: "k", value: 1, ts: 0, at: 0 }] : given, {
    eventTime: { column: "ts", unit: "ms" },
    arrivalTime: { column: "at", unit: "ms" },
    watermark: bounded(0),
  });
  const { node } = source.groupby("key").rollup({ value: ROLLUPS[aggregate] });
  return new Stream({ ...(node as AggregateNode), strategy });
}

const python = (() => {
  try {
    return execFileSync("python3", ["--version"], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
})();

const streams = scenarios.map(({ name, scenario }) => ({
  name,
  as: name.replaceAll("-", "_"),
  stream: streamOf(traceOf(scenario)),
}));

/** Exports everything, holds refusals to have reasons, and returns the scripts that were written. */
async function scripts(target: string): Promise<{ name: string; text: string }[]> {
  const written: { name: string; text: string }[] = [];
  const refused: string[] = [];
  for (const { name, as, stream } of streams) {
    const { files, obstacles } = exported(await opened(stream, as), target);
    const reasons = obstacles.filter(o => o.severity === "refuse");
    for (const { reason, where } of reasons) {
      expect(reason, name).toMatch(/\w+ \w+/);
      expect(where, name).not.toBe("");
    }
    if (files.length === 0) {
      expect(reasons, `${name} is refused without a reason`).not.toEqual([]);
      refused.push(`${name}: ${reasons.map(o => o.reason).join(" ")}`);
    } else {
      expect(reasons, name).toEqual([]);
      written.push(...files);
    }
  }
  console.info(`${target}: ${written.length} scripts, ${refused.length} refused\n${refused.join("\n")}`);
  return written;
}

describe("the pipelines of all scenarios", () => {
  test("in TypeScript parse, every one of them", async () => {
    const written = await scripts("typescript");
    expect(written).toHaveLength(streams.length);
    for (const { name, text } of written) {
      const parse = (): unknown =>
        typescript.parse(text, { ecmaVersion: "latest", sourceType: "module", locations: true });
      expect(parse, name).not.toThrow();
    }
  });

  test.skipIf(python === null)(
    `for Beam compile (${python ?? "not checked: there is no python3 here"})`,
    async () => {
      const written = await scripts("beam-python");
      expect(written.length).toBeGreaterThan(0);
      const folder = mkdtempSync(join(tmpdir(), "tidemark-scenarios-"));
      try {
        const paths = written.map(({ name, text }) => {
          const path = join(folder, name);
          writeFileSync(path, text);
          return path;
        });
        expect(new Set(paths).size).toBe(paths.length);
        execFileSync("python3", ["-m", "py_compile", ...paths], { stdio: "pipe" });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    60_000,
  );
});
