/** `tidemark compare`: what it prints, and how it refuses. */
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { compareCommand } from "../../src/cli/compare.ts";

const NOTEBOOK = resolve(import.meta.dirname, "../../notebooks/bank-day-totals.html");

let out = "";
let err = "";
beforeEach(() => {
  out = "";
  err = "";
  vi.spyOn(process.stdout, "write").mockImplementation(text => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation(text => {
    err += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

test("says what differs, how often and why, with examples", async () => {
  const code = await compareCommand([NOTEBOOK, "--cell", "daily", "--profiles", "spark, batch", "--examples", "1"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^daily: 15 final rows and 364 changes under tidemark\n/);
  expect(out).toMatch(/\nspark: 15 final rows, \d+ of them the same; /);
  expect(out).toContain(
    "because one setting stands for delay and lateness (here: delay and allowed lateness are two settings)",
  );
  expect(out).toMatch(
    /\n {4}Leeds 2026-03-28T00:00:00\.000Z 2026-03-29T00:00:00\.000Z: total 249351\.9 → 249247\.4, payments 3833 → 3832\n/,
  );
  expect(out).toContain("because the watermark moves at the end of the input only");
  expect(out).not.toContain("kafka");
});

test("writes every difference as a line of JSON", async () => {
  const code = await compareCommand([NOTEBOOK, "--cell", "daily", "--profiles", "flink-sql", "--format", "jsonl"]);
  expect(code).toBe(0);
  const lines = out
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as Record<string, unknown>);
  const finals = lines.filter(l => l["what"] === "final");
  expect(finals.length).toBe(4);
  for (const line of finals) expect(line).toMatchObject({ profile: "flink-sql", rules: ["knobs"], together: false });
});

test.each([
  [[], "name a notebook"],
  [[NOTEBOOK, "--profiles", "flank"], 'there is no profile "flank" to compare with; there are beam'],
  [[NOTEBOOK, "--examples", "1.5"], '--examples takes a whole number, not "1.5"'],
  [[NOTEBOOK, "--format", "pdf"], 'there is no format "pdf"; there are text, jsonl'],
])("refuses %j", async (args, message) => {
  expect(await compareCommand(args)).toBe(2);
  expect(err).toContain(message);
});

test("a notebook that is not there is an error of one line", async () => {
  expect(await compareCommand(["nowhere.html"])).toBe(1);
  expect(err).toBe("tidemark compare: there is no notebook at nowhere.html; check the name\n");
});
