/**
 * One shop's morning in three logs, as three systems give them: orders out of a database, payments out of a service that is
 * asked every minute, and fraud flags out of a topic with two partitions.
 */
import { isoUtc, jsonLines, Random } from "../random.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** 14 April 2026, 08:00 in Berlin, whose clock is two hours ahead of UTC that day. */
const START = Date.UTC(2026, 3, 14, 6);
const BERLIN = 2 * HOUR;
const ORDERS = 400;

interface Order {
  readonly id: number;
  readonly customer: string;
  readonly time: number;
  readonly pence: number;
}

function draw(random: Random): Order[] {
  const times = Array.from({ length: ORDERS }, () => START + random.integer(0, 4 * 3600 - 1) * SECOND).sort(
    (a, b) => a - b,
  );
  return times.map((time, i) => ({
    id: 5001 + i,
    customer: `C${String(random.integer(1, 120)).padStart(3, "0")}`,
    time,
    pence: Math.round(random.logNormal(4_500, 0.7)),
  }));
}

/** Writes a database's timestamp: wall-clock time without an offset. */
function sqlLocal(ms: number): string {
  return new Date(ms + BERLIN).toISOString().slice(0, 19).replace("T", " ");
}

/** Writes `orders.csv`, in order of the primary key. */
export function orders(): string {
  const random = new Random(14042026);
  const rows = draw(random).map(order => {
    const note = order.id % 57 === 0 ? '"ring twice, then wait"' : "";
    return `${order.id},${order.customer},${sqlLocal(order.time)},${(order.pence / 100).toFixed(2)},${note}`;
  });
  return `${["order_id,customer,ordered_at,total,note", ...rows].join("\n")}\n`;
}

/** Writes `payments-api.jsonl`: what the service answered, page after page, in order of asking. */
export function paymentsApi(): string {
  const random = new Random(14042026);
  const all = draw(random);
  const rows: {
    payment_id: string;
    order_id: number;
    paid: number;
    fetched: number;
    pence: number;
    method: string;
    card: object | null;
  }[] = [];
  for (const order of all) {
    // Four in a hundred never pay, three pay after more than an hour, the others within minutes.
    const fate = random.next();
    if (fate < 0.04) continue;
    const wait = fate < 0.07 ? random.between(1.1, 3) * HOUR : random.logNormal(90 * SECOND, 0.9);
    const paid = order.time + Math.round(wait);
    const method = random.pick(["card", "card", "card", "invoice", "wallet"]);
    rows.push({
      payment_id: `P${order.id}`,
      order_id: order.id,
      paid,
      fetched: (Math.floor(paid / MINUTE) + 1) * MINUTE + random.integer(200, 900),
      pence: order.pence,
      method,
      card:
        method === "card"
          ? { brand: random.pick(["visa", "mastercard"]), last4: String(random.integer(1000, 9999)) }
          : null,
    });
  }
  // Two payments for orders that the database does not have: they were deleted there.
  for (const [order_id, minute] of [
    [4988, 31],
    [4993, 77],
  ]) {
    const paid = START + minute * MINUTE + 20 * SECOND;
    rows.push({
      payment_id: `P${order_id}`,
      order_id,
      paid,
      fetched: paid + 41 * SECOND,
      pence: 2_990,
      method: "wallet",
      card: null,
    });
  }
  rows.sort((a, b) => a.fetched - b.fetched || a.order_id - b.order_id);
  return jsonLines(
    rows.map(r => ({
      payment_id: r.payment_id,
      order_id: r.order_id,
      paid_at: r.paid,
      fetched_at: r.fetched,
      amount: r.pence / 100,
      method: r.method,
      card: r.card,
    })),
  );
}

/** Writes `fraud-flags.jsonl`: messages as a consumer saw them, one of them delivered twice. */
export function fraudFlags(): string {
  const random = new Random(14042026);
  const all = draw(random);
  const chosen = new Random(99);
  const rows: {
    order_id: number;
    flagged: number;
    received: number;
    partition: number;
    offset: number;
    score: number;
    rule: string;
  }[] = [];
  for (const order of all) {
    if (!chosen.chance(0.06)) continue;
    // Most flags come before the payment does, some long after it.
    const wait = chosen.chance(0.2) ? chosen.between(20, 70) * MINUTE : chosen.between(5, 60) * SECOND;
    const flagged = order.time + Math.round(wait);
    rows.push({
      order_id: order.id,
      flagged,
      received: flagged + Math.round(chosen.logNormal(300, 0.7)),
      partition: order.id % 2,
      offset: 0,
      score: chosen.integer(70, 99) / 100,
      rule: chosen.pick(["velocity", "address", "amount"]),
    });
  }
  rows.sort((a, b) => a.received - b.received);
  const offsets = [1200, 880];
  for (const row of rows) row.offset = offsets[row.partition]++;
  // A consumer that died before it could commit: the sixth message is delivered again 45 seconds later.
  rows.push({ ...rows[5], received: rows[5].received + 45 * SECOND });
  rows.sort((a, b) => a.received - b.received);
  return jsonLines(
    rows.map(r => ({
      order_id: r.order_id,
      flagged_at: isoUtc(r.flagged),
      received_at: isoUtc(r.received),
      partition: r.partition,
      offset: r.offset,
      score: r.score,
      rule: r.rule,
    })),
  );
}
