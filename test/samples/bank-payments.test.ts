import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { rowsOf } from "../../src/columns/batch.ts";
import { jsonLinesDecoder } from "../../src/connectors/jsonlines/decode.ts";

const read = (name: string): string => readFileSync(new URL(`../../samples/${name}`, import.meta.url), "utf8");

interface Payment {
  readonly line: number;
  readonly id: string;
  readonly booked_at: string;
  readonly received_at: string;
  readonly branch: string;
  readonly account: string;
  readonly amount: number;
  readonly kind: string;
}

const text = read("bank-payments.jsonl");
const lines = text.trimEnd().split("\n");
const readme = read("README.md");
const malformed = [6401, 14252, 23703, 30904, 39205, 47806];
const payments = lines
  .map((line, i) => ({ line, number: i + 1 }))
  .filter(({ number }) => !malformed.includes(number))
  .map(({ line, number }): Payment => ({ line: number, ...(JSON.parse(line) as Omit<Payment, "line">) }));
const delay = (p: Payment): number => Date.parse(p.received_at) - Date.parse(p.booked_at);
const isBadClock = (p: Payment): boolean => delay(p) < 0;

/** Says that the README names a line as it names lines. */
function expectInReadme(...words: (string | number)[]): void {
  for (const word of words) expect(readme).toContain(typeof word === "number" ? word.toLocaleString("en-GB") : word);
}

test("it is large, small enough, in order of arrival, and counted in the README", () => {
  expect(payments.length).toBeGreaterThan(50_000);
  expect(text.length).toBeLessThan(12e6);
  for (let i = 1; i < payments.length; i++) expect(payments[i - 1].received_at <= payments[i].received_at).toBe(true);
  expectInReadme(lines.length, payments.length);
});

test("it spans three days of London's clock, one of 23 hours", () => {
  const booked = payments.filter(p => !isBadClock(p)).map(p => p.booked_at);
  const daysSeen = new Set(booked.map(b => b.slice(0, 10)));
  expect([...daysSeen].sort()).toEqual(["2026-03-28", "2026-03-29", "2026-03-30"]);
  const sunday = new Set(booked.filter(b => b.startsWith("2026-03-29")).map(b => b.slice(11, 13)));
  expect(sunday.has("01")).toBe(false);
  expect(sunday.size).toBe(23);
  for (const b of booked)
    expect(b.slice(19)).toBe(Date.parse(b) >= Date.parse("2026-03-29T01:00:00Z") ? "+01:00" : "+00:00");
});

test("branches differ in their delays, and few payments take more than an hour", () => {
  const medians: Record<string, number> = {};
  for (const branch of ["London", "Leeds", "Cardiff", "Glasgow", "Belfast"]) {
    const delays = payments
      .filter(p => p.branch === branch)
      .map(delay)
      .sort((a, b) => a - b);
    medians[branch] = delays[delays.length >> 1] / 1000;
  }
  expect(medians.London).toBeLessThan(medians.Leeds);
  expect(medians.Leeds).toBeLessThan(medians.Cardiff);
  expect(medians.Cardiff).toBeLessThan(medians.Glasgow);
  expect(medians.Glasgow).toBeLessThan(medians.Belfast);
  const most = payments.filter(p => delay(p) >= 1000 && delay(p) <= 20_000).length / payments.length;
  expect(most).toBeGreaterThan(0.85);
  const hour = payments.filter(p => delay(p) > 3_600_000).length / payments.length;
  expect(hour).toBeGreaterThan(0.002);
  expect(hour).toBeLessThan(0.02);
});

test("a payment of 23:55 arrives at 00:07", () => {
  const found = payments.filter(
    p => p.booked_at === "2026-03-28T23:55:00+00:00" && p.received_at === "2026-03-29T00:07:00.000Z",
  );
  expect(found).toMatchObject([{ line: 17383, id: "LDN-007028", account: "AC-0042", amount: 2500, branch: "London" }]);
  expectInReadme(17383, "LDN-007028");
});

test("Glasgow falls silent and comes back with its backlog", () => {
  const glasgow = payments.filter(p => p.branch === "Glasgow");
  const back = glasgow.findIndex(p => p.received_at >= "2026-03-29T10:00");
  expect(glasgow[back - 1].line).toBe(20152);
  expect(glasgow[back]).toMatchObject({ line: 23145, received_at: "2026-03-29T13:30:00.000Z" });
  const backlog = glasgow.slice(back, back + 500);
  for (let i = 1; i < backlog.length; i++)
    expect(Date.parse(backlog[i].received_at) - Date.parse(backlog[i - 1].received_at)).toBeLessThanOrEqual(50);
  expect(payments.filter(p => p.line > 20152 && p.line < 23145 && p.branch !== "Glasgow").length).toBeGreaterThan(2900);
  expectInReadme(20152, 23145);
});

test("a till in Cardiff is a day ahead for four payments", () => {
  const ahead = payments.filter(isBadClock);
  expect(ahead.map(p => p.line)).toEqual([10308, 10318, 10325, 10326]);
  for (const p of ahead) {
    expect(p.branch).toBe("Cardiff");
    expect(-delay(p)).toBeGreaterThan(23.9 * 3_600_000);
  }
  expectInReadme("CDF-001434", "CDF-001437", 10308, 10318, 10325, 10326);
});

test("52 payments are sent twice and no other id is", () => {
  const byId = Map.groupBy(payments, p => p.id);
  const twice = [...byId.values()].filter(group => group.length > 1);
  expect(twice.length).toBe(52);
  for (const group of twice) {
    expect(group.length).toBe(2);
    const apart = Date.parse(group[1].received_at) - Date.parse(group[0].received_at);
    expect(apart).toBeGreaterThanOrEqual(5000);
    expect(apart).toBeLessThanOrEqual(90_000);
    expect({ ...group[1], line: 0, received_at: "" }).toEqual({ ...group[0], line: 0, received_at: "" });
  }
  expect(twice[0].map(p => p.line)).toEqual([362, 363]);
  expectInReadme("BFS-000041", "52 payments");
});

test("the decoder finds exactly the six malformed lines, and reads all others as JSON.parse does", () => {
  const decoder = jsonLinesDecoder({
    file: "bank-payments.jsonl",
    types: { booked_at: "timestamp", received_at: "timestamp" },
    required: ["booked_at", "received_at", "branch"],
  });
  decoder.push(new TextEncoder().encode(text), true);
  const log = decoder.finish();
  expect(rowsOf(log.errors).map(e => [e.line, e.field, e.value])).toEqual([
    [6401, null, lines[6400]],
    [14252, null, "-- connection reset by peer --"],
    [23703, "booked_at", null],
    [30904, "booked_at", "30/03/2026 08:31"],
    [39205, "amount", "12,50 GBP"],
    [47806, "booked_at", null],
  ]);
  expect(log.schema.map(f => `${f.name}: ${f.type}`)).toEqual([
    "id: string",
    "booked_at: timestamp",
    "received_at: timestamp",
    "branch: string",
    "account: string",
    "amount: number",
    "kind: string",
  ]);
  expect(rowsOf(log.batch)).toEqual(
    payments.map(({ line: _, ...p }) => ({
      ...p,
      booked_at: Date.parse(p.booked_at),
      received_at: Date.parse(p.received_at),
    })),
  );
  expect([...log.line]).toEqual(payments.map(p => p.line));
  expectInReadme(...malformed);
});
