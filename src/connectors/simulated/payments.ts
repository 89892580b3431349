/**
 * Card payments of four branches, as a seed makes them: most are booked a moment after they were made, some wait in a
 * branch, a few come half a minute late, and one branch falls silent for twenty seconds in every minute.
 */

const BRANCHES = ["Camden", "Leith", "Deansgate", "Clifton"] as const;
const SILENT = "Clifton";

export interface SimulatedPayment {
  readonly id: number;
  /** ISO 8601. */
  readonly paid_at: string;
  readonly branch: string;
  readonly amount: number;
}

/** Makes the payments one after the other. Each is asked for with the moment at which it arrives, ms. */
export function simulatedPayments(seed: number): (arrival: number) => SimulatedPayment {
  const random = mulberry32(seed);
  let id = 0;
  return arrival => {
    const branches = (arrival / 1_000) % 60 >= 40 ? BRANCHES.filter(b => b !== SILENT) : BRANCHES;
    const branch = branches[Math.floor(random() * branches.length)];
    const kind = random();
    const delay = kind < 0.85 ? 1_200 * random() : kind < 0.97 ? 1_200 + 6_000 * random() : 10_000 + 25_000 * random();
    const amount = Math.round(100 * Math.exp(1 + 2.2 * random())) / 100;
    return { id: ++id, paid_at: new Date(Math.round(arrival - delay)).toISOString(), branch, amount };
  };
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
