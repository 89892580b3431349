/**
 * A day of flows on three accounts and their hourly balances, which do not quite agree: one flow never reached the ledger
 * and one reached it twice. Both logs come from the same draws.
 */
import { isoUtc, jsonLines, Random } from "../random.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 4, 4);

interface Flow {
  id: string;
  account: string;
  time: number;
  posted: number;
  pence: number;
  note: string;
}

/** The accounts, what is on them at the day's beginning, and how many flows each has. */
const accounts = [
  { name: "current", opening: 125_000, flows: 320, typical: 4_200 },
  { name: "savings", opening: 1_840_000, flows: 60, typical: 25_000 },
  { name: "till", opening: 30_000, flows: 420, typical: 1_150 },
];

/** The flow that the ledger lacks, and the one that it has twice. */
const MISSING = { account: "till", hour: 10 };
const DOUBLED = { account: "current", hour: 15 };

function draw(): Flow[] {
  const random = new Random(20260504);
  const flows: Flow[] = [];
  for (const account of accounts)
    for (let i = 0; i < account.flows; i++) {
      // Whole seconds that are never a full hour: a balance taken on the hour leaves no doubt which flows are in it.
      const second = random.integer(1, 86_399);
      const time = START + (second % 3600 === 0 ? second + 1 : second) * 1000;
      const pence = Math.max(1, Math.round(random.logNormal(account.typical, 0.8)));
      const out = random.chance(0.48);
      // One in twenty-five is posted hours later, the others within a minute and a half.
      const late = random.chance(1 / 25);
      const delay = late ? random.between(1, 6) * HOUR : random.logNormal(9_000, 0.8);
      flows.push({
        id: "",
        account: account.name,
        time,
        posted: time + Math.round(delay),
        pence: out ? -pence : pence,
        note: late ? "posted by hand" : "",
      });
    }
  flows.sort((a, b) => a.time - b.time);
  for (const [i, flow] of flows.entries()) flow.id = `F${String(i + 1).padStart(4, "0")}`;
  return flows;
}

/** Finds the first flow in, of some size, of an account's hour. */
function planted(flows: readonly Flow[], at: { readonly account: string; readonly hour: number }): Flow {
  const found = flows.find(f => f.account === at.account && f.pence > 1_000 && f.time >= START + at.hour * HOUR);
  if (found === undefined) throw new Error(`${at.account} has no flow in after ${at.hour}:00.`);
  return found;
}

/** Writes `ledger.jsonl`, in order of posting. */
export function ledger(): string {
  const flows = draw();
  const missing = planted(flows, MISSING);
  const doubled = planted(flows, DOUBLED);
  const posted = flows.filter(flow => flow !== missing);
  posted.push({ ...doubled, id: `${doubled.id}-again`, posted: doubled.posted + 40 * MINUTE });
  posted.sort((a, b) => a.posted - b.posted);
  return jsonLines(
    posted.map(flow => ({
      id: flow.id,
      account: flow.account,
      time: isoUtc(flow.time),
      posted_at: isoUtc(flow.posted),
      amount: flow.pence / 100,
      note: flow.note,
    })),
  );
}

/** Writes `ledger-snapshots.csv`: each account's balance at every full hour, flows of that very moment included. */
export function ledgerSnapshots(): string {
  const flows = draw();
  const lines = ["account,taken_at,balance"];
  for (let hour = 0; hour <= 24; hour++)
    for (const account of accounts) {
      const until = START + hour * HOUR;
      let pence = account.opening;
      for (const flow of flows) if (flow.account === account.name && flow.time <= until) pence += flow.pence;
      lines.push(`${account.name},${isoUtc(until)},${(pence / 100).toFixed(2)}`);
    }
  return `${lines.join("\n")}\n`;
}
