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
import { bounded } from "../../src/model/watermarks.ts";
import { exported, opened } from "../exporters/scripts.ts";
import { streamOf } from "./stream.ts";
import { scenarios, traceOf } from "./transcripts.ts";

const typescript = Parser.extend(tsPlugin());

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
  // No script can follow a watermark that is moved by hand, so it follows the rows.
  stream: streamOf(traceOf(scenario), bounded(0)),
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
