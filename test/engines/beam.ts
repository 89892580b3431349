/** Runs exported scripts on Apache Beam's own Python runner. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ExportResult } from "../../src/exporters/exporter.ts";
import { ROOT, SAMPLES, written } from "../exporters/scripts.ts";

const run = promisify(execFile);

function beamPython(): string {
  const python = process.env.TIDEMARK_BEAM_PYTHON;
  if (python === undefined) throw new Error("Run these tests with npm run test:engines, which installs Beam.");
  return python;
}

/** Runs a script and returns the lines of JSON it prints. `folder` is where its data is. */
export async function onBeam(result: ExportResult, folder = SAMPLES, timeout = 120_000): Promise<string[]> {
  const python = beamPython();
  const path = await written("beam-python", result);
  const quick = join(ROOT, "test/engines/quick.py");
  const { stdout } = await run(python, [quick, path, folder], { maxBuffer: 1 << 28, timeout });
  return stdout.split("\n").filter(line => line !== "");
}

/** Runs Python text where Beam is installed, and returns what it prints. */
export function pythonOnBeam(text: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(beamPython(), ["-c", text], { maxBuffer: 1 << 28 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
    child.stdin?.end(input);
  });
}

/** Rows in an order of their own, numbers rounded to twelve digits: bundles of several keys come out in any order. */
export function comparable(lines: readonly string[]): string[] {
  const round = (_key: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(12)) : value;
  return lines.map(line => JSON.stringify(JSON.parse(line), round)).sort();
}
