/** What `samples/README.md` says of the small logs is really in them, read through the decoders. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Row, rowsOf } from "../../src/columns/batch.ts";
import type { ColumnType } from "../../src/columns/column.ts";
import { decodeAll, type ReadOptions } from "../../src/connectors/decode.ts";

const folder = new URL("../../samples/", import.meta.url);
const readme = readFileSync(new URL("README.md", folder), "utf8");

type Read = { readonly [name: string]: number } & Row;

/** Reads a log whose lines are all good, with its line numbers as `line`. */
async function read(name: string, times: readonly string[], options: ReadOptions = {}): Promise<Read[]> {
  const types = Object.fromEntries(times.map((field): [string, ColumnType] => [field, "timestamp"]));
  const log = await decodeAll(readFileSync(new URL(name, folder)), null, {
    file: name,
    types,
    required: times,
    ...options,
  });
  expect(log.errors.length).toBe(0);
  return rowsOf(log.batch).map((row, i) => ({ ...row, line: log.line[i] }) as Read);
}

function expectSorted(rows: readonly Read[], field: string): void {
  for (let i = 1; i < rows.length; i++) expect(rows[i - 1][field]).toBeLessThanOrEqual(rows[i][field]);
}

function expectInReadme(...words: string[]): void {
  for (const word of words) expect(readme.replaceAll("\n", " ").replaceAll(/ +/g, " ")).toContain(word);
}

const at = (iso: string): number => Date.parse(iso);
const HOUR = 3_600_000;

test("Streaming 101: nine scores, 48 in all, 14, 18, 4 and 12 by two minutes", async () => {
  const rows = await read("streaming-101.jsonl", ["event_time", "processing_time"]);
  expect(rows.length).toBe(9);
  expectSorted(rows, "processing_time");
  const sums = new Map<number, number>();
  for (const row of rows) {
    const window = Math.floor(row.event_time / 120_000) * 120_000;
    sums.set(window, (sums.get(window) ?? 0) + row.value);
  }
  expect([...sums].sort(([a], [b]) => a - b)).toEqual(
    [14, 18, 4, 12].map((sum, i) => [at("2015-08-05T12:00:00Z") + i * 120_000, sum]),
  );
  expectInReadme("sum to 48", "14, 18, 4 and 12", "The score of 9 of 12:01:26 is seen at 12:08:19");
  expect(rows.find(row => row.value === 9)).toMatchObject({
    event_time: at("2015-08-05T12:01:26Z"),
    processing_time: at("2015-08-05T12:08:19Z"),
  });
});

test("ledger and snapshots agree but for one missing and one doubled flow", async () => {
  const flows = await read("ledger.jsonl", ["time", "posted_at"]);
  const snapshots = await read("ledger-snapshots.csv", ["taken_at"]);
  expectSorted(flows, "posted_at");
  expect(flows.length).toBe(800);
  expect(snapshots.length).toBe(3 * 25);
  const pence = (amount: number): number => Math.round(amount * 100);
  const residuals: [unknown, number, number][] = [];
  for (const later of snapshots) {
    const earlier = snapshots.find(s => s.account === later.account && s.taken_at === later.taken_at - HOUR);
    if (earlier === undefined) continue;
    const inside = flows.filter(
      f => f.account === later.account && f.time > earlier.taken_at && f.time <= later.taken_at,
    );
    const sum = inside.reduce((total, flow) => total + pence(flow.amount), 0);
    const residual = pence(later.balance) - pence(earlier.balance) - sum;
    if (residual !== 0) residuals.push([later.account, later.taken_at, residual]);
  }
  expect(residuals).toEqual([
    ["till", at("2026-05-04T11:00:00Z"), 4686],
    ["current", at("2026-05-04T16:00:00Z"), -7221],
  ]);
  expect(flows.some(flow => String(flow.id) === "F0337")).toBe(false);
  const doubled = flows.filter(flow => String(flow.id).startsWith("F0487"));
  expect(doubled.map(flow => flow.line)).toEqual([483, 515]);
  expect(doubled.map(flow => flow.time)).toEqual([at("2026-05-04T15:01:18Z"), at("2026-05-04T15:01:18Z")]);
  expect(flows.filter(flow => flow.posted_at - flow.time >= HOUR).length).toBe(29);
  expectInReadme("29 of its 800 flows", "£46.86", "`F0337`", "£72.21", "lines 483 and 515");
});

test("rides: the arena surges after the concert on the second evening only", async () => {
  const rows = await read("rides.jsonl", ["time", "received_at"]);
  expectSorted(rows, "received_at");
  const count = (kind: string, day: string): number =>
    rows.filter(
      r =>
        String(r.kind) === kind &&
        String(r.zone) === "arena" &&
        r.time >= at(`${day}T19:30Z`) &&
        r.time < at(`${day}T19:55Z`),
    ).length;
  expect([count("request", "2026-06-04"), count("request", "2026-06-05")]).toEqual([9, 166]);
  expect(count("driver", "2026-06-05")).toBeLessThanOrEqual(count("driver", "2026-06-04"));
  const late = rows.filter(r => r.received_at - r.time > 60_000);
  expect(new Set(late.map(r => `${r.kind} ${r.zone}`))).toEqual(new Set(["driver hills"]));
  expect(late.length).toBe(83);
  expectInReadme("166 requests where it saw 9", "83 positions");
});

test("orders, payments and fraud flags fit together as described", async () => {
  await expect(read("orders.csv", ["ordered_at"])).rejects.toThrow(
    'orders.csv, line 2, field ordered_at: "2026-04-14 08:00:38" has no offset.',
  );
  const orders = await read("orders.csv", ["ordered_at"], { timeZone: "Europe/Berlin" });
  const payments = await read("payments-api.jsonl", ["paid_at", "fetched_at"]);
  const flags = await read("fraud-flags.jsonl", ["flagged_at", "received_at"]);
  expect(orders.length).toBe(400);
  expectSorted(orders, "order_id");
  expectSorted(payments, "fetched_at");
  expectSorted(flags, "received_at");
  expect(orders[0].ordered_at).toBe(at("2026-04-14T08:00:38+02:00"));
  expect(orders.filter(order => order.note !== null && String(order.note).includes(",")).length).toBe(7);

  const paidAt = new Map(payments.map(p => [p.order_id, p.paid_at]));
  const orderedAt = new Map(orders.map(o => [o.order_id, o.ordered_at]));
  expect(orders.filter(o => !paidAt.has(o.order_id)).length).toBe(14);
  expect(
    payments
      .filter(p => !orderedAt.has(p.order_id))
      .map(p => p.order_id)
      .sort(),
  ).toEqual([4988, 4993]);
  expect(payments.filter(p => p.paid_at - (orderedAt.get(p.order_id) ?? p.paid_at) > HOUR).length).toBe(5);
  expect(payments.every(p => p.paid_at >= (orderedAt.get(p.order_id) ?? 0))).toBe(true);
  expect(payments.find(p => String(p.method) === "card")?.card).toMatchObject({
    last4: expect.stringMatching(/^\d{4}$/),
  });

  expect(flags.length).toBe(33);
  expect(flags.filter(f => f.flagged_at < (paidAt.get(f.order_id) ?? NaN)).length).toBe(22);
  expect(flags.filter(f => f.flagged_at > (paidAt.get(f.order_id) ?? NaN)).length).toBe(11);
  const twice = flags.filter((f, i) =>
    flags.some((g, j) => i !== j && f.partition === g.partition && f.offset === g.offset),
  );
  expect(twice.map(f => [f.line, f.partition, f.offset, f.order_id])).toEqual([
    [6, 0, 1203, 5094],
    [7, 0, 1203, 5094],
  ]);
  expectInReadme(
    "400 orders",
    "Seven notes",
    "14 orders are never paid, 5 are paid",
    "33 messages, 22 of them",
    "offset 1203 of partition 0 (order 5094)",
    "lines 6 and 7",
  );
});

test("Nexmark keeps the generator's proportions and references", async () => {
  const options = { rename: { dateTime: "time" } };
  const persons = await read("nexmark-person.jsonl", ["time", "received_at"], options);
  const auctions = await read("nexmark-auction.jsonl", ["time", "received_at", "expires"], options);
  const bids = await read("nexmark-bid.jsonl", ["time", "received_at"], options);
  expect([persons.length, auctions.length, bids.length]).toEqual([40, 120, 1840]);
  for (const rows of [persons, auctions, bids]) expectSorted(rows, "received_at");
  const personIds = new Set(persons.map(p => p.id));
  const auctionIds = new Set(auctions.map(a => a.id));
  expect(
    auctions.every(
      a =>
        personIds.has(a.seller) &&
        a.category >= 10 &&
        a.category <= 14 &&
        a.expires > a.time &&
        a.reserve > a.initialBid,
    ),
  ).toBe(true);
  expect(
    bids.every(b => auctionIds.has(b.auction) && personIds.has(b.bidder) && b.price >= 100 && b.price <= 1e8),
  ).toBe(true);
  const hot = bids.filter(b => b.auction % 100 === 0).length / bids.length;
  expect(hot).toBeGreaterThan(0.45);
  expect(hot).toBeLessThan(0.6);
  expect(bids.filter(b => b.received_at - b.time >= 100).length).toBe(177);
  expect(Math.max(...bids.map(b => b.received_at - b.time))).toBeLessThanOrEqual(3000);
  expectInReadme("40 persons, 120 auctions, 1,840 bids", "177 bids");
});

test("sensors: partition 3 is silent from 12:01:40 to 12:06:00, and no other is", async () => {
  const rows = await read("sensors-silent.jsonl", ["time", "received_at"]);
  expectSorted(rows, "received_at");
  const gaps: [number, number, number][] = [];
  for (const partition of [0, 1, 2, 3]) {
    const own = rows.filter(r => r.partition === partition);
    for (let i = 1; i < own.length; i++)
      if (own[i].time - own[i - 1].time > 4000) gaps.push([partition, own[i - 1].line, own[i].line]);
  }
  expect(gaps).toEqual([[3, 104, 298]]);
  expect([rows[103].time, rows[297].time]).toEqual([at("2026-07-01T12:01:40Z"), at("2026-07-01T12:06:00Z")]);
  expectInReadme("12:01:40 (line 104)", "12:06:00 (line 298)");
});
