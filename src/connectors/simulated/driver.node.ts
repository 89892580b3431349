/** Makes up a live source on this machine, so that one can be looked at without a network. */
import type { OpenLive } from "../live/driver.ts";
import { simulatedPayments } from "./payments.ts";

const TICK = 50;

export const openSimulated: OpenLive = (input, sink, place) => {
  const { rate = 5, seed = 1 } = input.options as { rate?: number; seed?: number };
  const next = simulatedPayments(seed);
  let made = 0;
  let owed = 0;
  let before = place.now();
  const timer = setInterval(() => {
    const now = place.now();
    // A machine that slept does not make up for it.
    owed += (Math.min(now - before, 1_000) * rate) / 1_000;
    before = now;
    if (sink.full) return;
    const records = [];
    for (; owed >= 1; owed--) records.push({ text: JSON.stringify(next(now)), offset: ++made });
    if (records.length > 0) sink.take(records);
  }, TICK);
  sink.state({ status: "connected" });
  return { close: () => clearInterval(timer), retry() {}, resume() {} };
};
