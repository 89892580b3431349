/** `tidemark compare`: what it prints, and how it refuses. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { compareCommand } from "../../src/cli/compare.ts";

/** A notebook with its rows in it: one of them is late, but within the allowed lateness. */
const TEXT = `<!doctype html>
<notebook>
  <title>Payments</title>
  <script id="1" type="text/x-typescript">
    const payments = rows([
      {at: 1_000, seen: 1_000, amount: 5, branch: "Leeds"},
      {at: 20_000, seen: 20_000, amount: 1, branch: "Leeds"},
      {at: 2_000, seen: 30_000, amount: 3, branch: "Leeds"},
    ], {eventTime: {column: "at", unit: "ms"}, arrivalTime: {column: "seen", unit: "ms"}});
    const totals = payments.groupby("branch").window(fixed("10 s")).allowedLateness("1 min").rollup({total: d => op.sum(d.amount)});
  </script>
</notebook>
`;
const folder = mkdtempSync(join(tmpdir(), "tidemark-"));
const NOTEBOOK = join(folder, "payments.html");
writeFileSync(NOTEBOOK, TEXT);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

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
  expect(await compareCommand([NOTEBOOK, "--profiles", "flink, flink-sql", "--examples", "1"])).toBe(0);
  expect(out).toBe(`totals: 2 final rows and 3 changes under tidemark

flink: the same

flink-sql: 2 final rows, 1 of them the same; 2 changes
  1 final row and 1 pane because there is a delay but no allowed lateness (here: delay and allowed lateness are two settings)
    Leeds 1970-01-01T00:00:00.000Z 1970-01-01T00:00:10.000Z: total 8 → 5
    … and 1 more
`);
});

test("writes every difference as a line of JSON", async () => {
  expect(await compareCommand([NOTEBOOK, "--cell", "totals", "--profiles", "spark", "--format", "jsonl"])).toBe(0);
  const lines = out
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as Record<string, unknown>);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines)
    expect(Object.keys(line)).toEqual(["profile", "what", "tidemark", "other", "rules", "together", "because"]);
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

/** The same, with an input for the delay. */
const WITH_DELAY = join(folder, "delay.html");
const DELAY = `  <script id="2" type="text/x-typescript">
    const delay = view(durationSlider(["0 s", "1 min"], {value: "0 s"}));
  </script>
</notebook>`;
writeFileSync(
  WITH_DELAY,
  TEXT.replace("</notebook>", DELAY)
    .replace(
      `arrivalTime: {column: "seen", unit: "ms"}`,
      `arrivalTime: {column: "seen", unit: "ms"}, watermark: bounded(delay)`,
    )
    .replace(`.allowedLateness("1 min")`, ""),
);

test("compares two settings of a notebook's inputs", async () => {
  expect(await compareCommand([WITH_DELAY, "--against", "delay=30s"])).toBe(0);
  expect(out).toBe(`totals: as the notebook stands → delay=30s
1 of 2 rows differs; total 6 → 9 (+50 %)
  Leeds 1970-01-01T00:00:00.000Z 1970-01-01T00:00:10.000Z: total 5 → 8
`);
  out = "";
  expect(await compareCommand([WITH_DELAY, "--param", "delay=30s", "--against", "delay=0", "--format", "jsonl"])).toBe(
    0,
  );
  expect(
    out
      .trim()
      .split("\n")
      .map(line => JSON.parse(line)),
  ).toEqual([
    {
      what: "changed",
      branch: "Leeds",
      window_start: "1970-01-01T00:00:00.000Z",
      window_end: "1970-01-01T00:00:10.000Z",
      "total pinned": 8,
      "total now": 5,
      "total Δ": -3,
    },
  ]);
  out = "";
  expect(await compareCommand([WITH_DELAY, "--param", "delay=30s", "--against", "delay=40s"])).toBe(0);
  expect(out).toBe("totals: delay=30s → delay=40s\nNone of 2 rows differs\n");
});

test("two settings and several engines are two questions", async () => {
  expect(await compareCommand([WITH_DELAY, "--against", "delay=30s", "--profiles", "flink"])).toBe(2);
  expect(err).toContain("--against compares two settings, --profiles two engines; take one of them");
  expect(await compareCommand([WITH_DELAY, "--against", "dely=30s"])).toBe(1);
  expect(err).toContain('No cell defines "dely"');
});
