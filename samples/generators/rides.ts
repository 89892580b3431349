/**
 * Two evenings of a ride service in six zones: riders' requests and the positions of free drivers. The first evening is
 * ordinary and serves as history; on the second a concert ends at 19:30 at the arena.
 */
import { isoUtc, jsonLines, Random } from "../random.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const EVENINGS = [Date.UTC(2026, 5, 4, 17), Date.UTC(2026, 5, 5, 17)];
const CONCERT_ENDS = Date.UTC(2026, 5, 5, 19, 30);

const zones = ["centre", "station", "arena", "harbour", "airport", "hills"];
/** Requests per minute on an ordinary evening, and how drivers spread. */
const demand = [1.3, 0.9, 0.3, 0.5, 0.6, 0.2];
const supply = [11, 8, 3, 5, 6, 2];

interface Ride {
  readonly kind: "request" | "driver";
  readonly id: string;
  readonly zone: string;
  readonly time: number;
  readonly received: number;
}

/** Writes `rides.jsonl`, in order of arrival. */
export function rides(): string {
  const random = new Random(5062026);
  const rows: Ride[] = [];
  let requests = 0;
  for (const evening of EVENINGS) {
    for (let minute = 0; minute < 180; minute++)
      for (const [z, zone] of zones.entries()) {
        const from = evening + minute * MINUTE;
        const since = (from - CONCERT_ENDS) / MINUTE;
        const surge = zone === "arena" && since >= 0 && since < 25 ? 12 * (1 - since / 25) : 0;
        let expected = demand[z] + surge;
        for (; random.next() < expected; expected--) {
          const time = from + random.integer(0, 59_999);
          const delay = random.logNormal(900, 0.8);
          requests++;
          rows.push({
            kind: "request",
            id: `R${String(requests).padStart(5, "0")}`,
            zone,
            time,
            received: time + Math.round(delay),
          });
        }
      }
    for (let driver = 0; driver < 35; driver++) {
      let zone = random.weighted(supply);
      // A free driver tells where he is every three minutes; behind the hills there is no network for a while.
      for (let time = evening + random.integer(0, 179_999); time < evening + 3 * HOUR; time += 3 * MINUTE) {
        if (random.chance(0.12)) zone = random.weighted(supply);
        const behind = zones[zone] === "hills" && random.chance(0.5);
        const delay = behind ? random.between(1, 6) * MINUTE : random.logNormal(1_500, 0.6);
        rows.push({
          kind: "driver",
          id: `D${String(driver + 1).padStart(2, "0")}`,
          zone: zones[zone],
          time,
          received: time + Math.round(delay),
        });
      }
    }
  }
  rows.sort((a, b) => a.received - b.received);
  return jsonLines(
    rows.map(r => ({ kind: r.kind, id: r.id, zone: r.zone, time: isoUtc(r.time), received_at: isoUtc(r.received) })),
  );
}
