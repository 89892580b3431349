/**
 * Three days of payments of a small bank, from Saturday 28 to Monday 30 March 2026 in London. In the night to Sunday the
 * clock goes from 01:00 to 02:00, so Sunday has 23 hours. The log is in order of arrival, as a log is; README.md says
 * which oddities were planted in it.
 */
import { isoUtc, isoWithOffset, Random, Zipf } from "../random.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The first instant of 28 March and the first of 31 March, both on London's clock. */
const START = Date.UTC(2026, 2, 28);
const END = Date.UTC(2026, 2, 30, 23);
/** When the clock goes forward. */
const CHANGE = Date.UTC(2026, 2, 29, 1);

const PAYMENTS = 52_000;

/** Glasgow's line is down from 11:00 to 14:30 on Sunday, London time: nothing arrives, and then all of it. */
const SILENT_FROM = Date.UTC(2026, 2, 29, 10);
const SILENT_TO = Date.UTC(2026, 2, 29, 13, 30);

/** A till in Cardiff whose clock is a day ahead, on Saturday from 15:00, for as many payments. */
const AHEAD_FROM = Date.UTC(2026, 2, 28, 15);
const AHEAD_PAYMENTS = 4;

interface Payment {
  id: string;
  booked: number;
  received: number;
  branch: string;
  account: string;
  amount: number;
  kind: string;
}

interface Branch {
  readonly name: string;
  readonly code: string;
  readonly share: number;
  /** Draws how long a payment booked at `booked` takes to arrive, in milliseconds. */
  readonly delay: (random: Random, booked: number) => number;
}

const branches: readonly Branch[] = [
  { name: "London", code: "LDN", share: 40, delay: random => random.logNormal(2.5 * SECOND, 0.5) },
  { name: "Leeds", code: "LDS", share: 22, delay: random => random.logNormal(4 * SECOND, 0.6) },
  {
    name: "Cardiff",
    code: "CDF",
    share: 14,
    // One in twelve waits for a busy line.
    delay: random => (random.chance(1 / 12) ? random.logNormal(70 * SECOND, 0.7) : random.logNormal(6 * SECOND, 0.6)),
  },
  {
    name: "Glasgow",
    code: "GLA",
    share: 16,
    delay: random => (random.chance(1 / 40) ? random.logNormal(3 * MINUTE, 0.8) : random.logNormal(8 * SECOND, 0.5)),
  },
  {
    name: "Belfast",
    code: "BFS",
    share: 8,
    // It sends what it has every two minutes, so its payments wait for the next sending.
    delay: (random, booked) =>
      (Math.floor(booked / (2 * MINUTE)) + 1) * 2 * MINUTE - booked + random.between(400, 1600),
  },
];

/** How busy each hour of the day is, on London's clock. */
const hours = [5, 3, 2, 2, 3, 6, 14, 30, 52, 66, 74, 82, 95, 88, 76, 70, 68, 72, 66, 50, 36, 26, 17, 10];
/** How busy each of the three days is: a Saturday, a Sunday, a Monday. */
const days = [0.95, 0.6, 1.25];

const kinds = ["card", "transfer", "direct-debit", "cash"];
const kindWeights = [62, 22, 10, 6];
const medians = [18, 140, 55, 40];

const londonOffset = (instant: number): number => (instant >= CHANGE ? HOUR : 0);

function drawBooked(random: Random): number {
  const highest = 95 * 1.25;
  for (;;) {
    const at = START + Math.floor(random.next() * ((END - START) / SECOND)) * SECOND;
    const local = at + londonOffset(at) - START;
    const busy = hours[Math.floor(local / HOUR) % 24] * days[Math.floor(local / DAY)];
    if (random.next() * highest < busy) return at;
  }
}

function draw(random: Random, accounts: Zipf): Payment {
  const booked = drawBooked(random);
  const branch = branches[random.weighted(branches.map(b => b.share))];
  const kind = random.weighted(kindWeights);
  const refund = random.chance(0.03);
  const pence = Math.max(1, Math.round(random.logNormal(medians[kind] * 100, 0.9)));
  let delay = Math.max(SECOND, branch.delay(random, booked));
  // Three in a thousand were lying about somewhere for more than an hour.
  if (random.chance(0.003)) delay = HOUR + random.between(0, 5 * HOUR);
  return {
    id: branch.code,
    booked,
    received: booked + Math.round(delay),
    branch: branch.name,
    account: `AC-${String(accounts.draw(random) + 1).padStart(4, "0")}`,
    amount: (refund ? -pence : pence) / 100,
    kind: refund ? "refund" : kinds[kind],
  };
}

/** Makes Glasgow silent: what would have arrived then waits, and comes in order of booking, twenty a second. */
function fallSilent(payments: readonly Payment[]): void {
  let held = 0;
  for (const payment of payments)
    if (payment.branch === "Glasgow" && payment.received >= SILENT_FROM && payment.received < SILENT_TO)
      payment.received = SILENT_TO + 50 * held++;
}

function setAhead(payments: readonly Payment[]): void {
  let left = AHEAD_PAYMENTS;
  for (const payment of payments)
    if (left > 0 && payment.branch === "Cardiff" && payment.booked >= AHEAD_FROM) {
      payment.booked += DAY;
      left--;
    }
}

function lineOf(payment: Payment): string {
  return JSON.stringify({
    id: payment.id,
    booked_at: isoWithOffset(payment.booked, londonOffset(payment.booked)),
    received_at: isoUtc(payment.received),
    branch: payment.branch,
    account: payment.account,
    amount: payment.amount,
    kind: payment.kind,
  });
}

/** The lines that are not payments, and after how many lines of payments each stands. */
const malformed: readonly (readonly [after: number, line: (near: Payment) => string])[] = [
  [6_400, near => lineOf({ ...near, id: "LDN-X00001" }).slice(0, 74)],
  [14_250, () => "-- connection reset by peer --"],
  [
    23_700,
    near =>
      JSON.stringify({
        id: "LDS-X00002",
        received_at: isoUtc(near.received),
        branch: "Leeds",
        account: "AC-0017",
        amount: 31.2,
        kind: "card",
      }),
  ],
  [
    30_900,
    near =>
      JSON.stringify({
        id: "BFS-X00003",
        booked_at: "30/03/2026 08:31",
        received_at: isoUtc(near.received),
        branch: "Belfast",
        account: "AC-0003",
        amount: 12,
        kind: "cash",
      }),
  ],
  [
    39_200,
    near =>
      JSON.stringify({
        id: "GLA-X00004",
        booked_at: isoWithOffset(near.booked, londonOffset(near.booked)),
        received_at: isoUtc(near.received),
        branch: "Glasgow",
        account: "AC-0120",
        amount: "12,50 GBP",
        kind: "card",
      }),
  ],
  [47_800, () => "{}"],
];

/** Writes `bank-payments.jsonl`. */
export function bankPayments(): string {
  const random = new Random(20260329);
  const accounts = new Zipf(400);
  const payments = Array.from({ length: PAYMENTS }, () => draw(random, accounts));
  // The payment that this log is about: booked five minutes before midnight, there seven minutes after.
  payments.push({
    id: "LDN",
    booked: Date.UTC(2026, 2, 28, 23, 55),
    received: Date.UTC(2026, 2, 29, 0, 7),
    branch: "London",
    account: "AC-0042",
    amount: 2500,
    kind: "transfer",
  });
  payments.sort((a, b) => a.booked - b.booked);
  const counts = new Map<string, number>();
  for (const payment of payments) {
    const count = (counts.get(payment.id) ?? 0) + 1;
    counts.set(payment.id, count);
    payment.id = `${payment.id}-${String(count).padStart(6, "0")}`;
  }
  fallSilent(payments);
  setAhead(payments);
  // One in 1,300 is sent twice: the same payment, a little later.
  const twice = payments.filter(() => random.chance(1 / 1300));
  for (const payment of twice)
    payments.push({ ...payment, received: payment.received + Math.round(random.between(5 * SECOND, 90 * SECOND)) });
  payments.sort((a, b) => a.received - b.received);

  const lines: string[] = [];
  let bad = 0;
  for (const [i, payment] of payments.entries()) {
    if (bad < malformed.length && malformed[bad][0] === i) lines.push(malformed[bad++][1](payment));
    lines.push(lineOf(payment));
  }
  return `${lines.join("\n")}\n`;
}
