/** `tidemark run` over a log in groups prints what it prints over the whole one, also the log itself, which it does not keep. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runCommand } from "../../src/cli/run.ts";
import { parquetOf, testRows } from "../connectors/groups/files.ts";

let folder: string;

function notebook(memory: string): string {
  const log = `const log = source("log.parquet", {eventTime: "at", arrivalTime: {column: "arrived", unit: "ms"}, watermark: bounded("1 s"), memory: "${memory}"})`;
  const sums = `const sums = log.groupby("key").window(fixed("1 min")).rollup({n: op.count(), total: d => op.sum(d.amount)})`;
  const cell = (id: number, text: string): string =>
    `  <script id="${id}" type="text/x-typescript">\n    ${text}\n  </script>\n`;
  return `<!doctype html>\n<notebook theme="air">\n  <title>Large</title>\n${cell(1, log)}${cell(2, sums)}</notebook>\n`;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-run-"));
  writeFileSync(join(folder, "log.parquet"), parquetOf(testRows(80_000, 400), 9_000));
  for (const memory of ["whole", "groups"]) writeFileSync(join(folder, `${memory}.html`), notebook(memory));
});

afterAll(() => rmSync(folder, { recursive: true }));

async function printed(...args: string[]): Promise<{ code: number; out: string; said: string }> {
  let out = "";
  let said = "";
  const writing = vi.spyOn(process.stdout, "write").mockImplementation(text => {
    out += String(text);
    return true;
  });
  const saying = vi.spyOn(process.stderr, "write").mockImplementation(text => {
    said += String(text);
    return true;
  });
  try {
    return { code: await runCommand(args), out, said };
  } finally {
    writing.mockRestore();
    saying.mockRestore();
  }
}

test.each([
  ["log", "csv"],
  ["log", "jsonl"],
  ["sums", "csv"],
  ["sums", "table"],
])("%s as %s", async (cell, format) => {
  const args = ["--cell", cell, "--format", format, "--hash"];
  const whole = await printed(join(folder, "whole.html"), ...args);
  const groups = await printed(join(folder, "groups.html"), ...args);
  expect(whole.code).toBe(0);
  expect(groups.code).toBe(0);
  expect(groups.out === whole.out).toBe(true);
  expect(groups.out.split("\n").length).toBeGreaterThan(cell === "log" ? 80_000 : 100);
  expect(/output hash \w+/.exec(groups.said)?.[0]).toBe(/output hash \w+/.exec(whole.said)?.[0]);
});
