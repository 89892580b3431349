/**
 * A small Nexmark: 2,000 events of an auction site in the proportions of the benchmark's generator (in every fifty one person,
 * three auctions and 46 bids, in that order; hot sellers, auctions and bidders; prices over six powers of ten). Source:
 * the generator of github.com/nexmark/nexmark (Apache-2.0) and its Apache Beam original. It runs at 20 events a second, not
 * 10,000, so that 2,000 events fill ten windows of ten seconds; one bid in ten arrives up to three seconds late.
 */
import { isoUtc, jsonLines, Random } from "../random.ts";

const EVENTS = 2_000;
const START = Date.UTC(2015, 6, 15);
const EVERY = 50;
const FIRST_ID = 1000;
const FIRST_CATEGORY = 10;
const IN_FLIGHT = 100;
const LN10 = 2.302585092994046;

const firstNames = ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"];
const lastNames = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];
const states = ["AZ", "CA", "ID", "OR", "WA", "WY"];
const cities = [
  "Phoenix",
  "Los Angeles",
  "San Francisco",
  "Boise",
  "Portland",
  "Bend",
  "Redmond",
  "Seattle",
  "Kent",
  "Cheyenne",
];
const hotChannels = ["Google", "Facebook", "Baidu", "Apple"];
const things = ["lamp", "clock", "chair", "atlas", "violin", "kettle", "radio", "globe"];

interface Events {
  readonly person: { row: object; received: number }[];
  readonly auction: { row: object; received: number }[];
  readonly bid: { row: object; received: number }[];
}

/** Draws a price in cents, as likely between 1 and 10 as between 10,000 and 100,000. */
function price(random: Random): number {
  return Math.round(Math.exp(random.next() * 6 * LN10) * 100);
}

function draw(): Events {
  const random = new Random(20150715);
  const events: Events = { person: [], auction: [], bid: [] };
  for (let n = 0; n < EVENTS; n++) {
    const time = START + n * EVERY;
    const received = time + (random.chance(0.1) ? random.integer(100, 3000) : random.integer(1, 40));
    const times = { dateTime: isoUtc(time), received_at: isoUtc(received) };
    const epoch = Math.floor(n / 50);
    const lastPerson = epoch;
    const lastAuction = epoch * 3 + Math.min(2, Math.max(0, (n % 50) - 1));
    const place = n % 50;
    if (place === 0) {
      const first = random.pick(firstNames);
      const last = random.pick(lastNames);
      const row = {
        id: FIRST_ID + lastPerson,
        name: `${first} ${last}`,
        emailAddress: `${first.toLowerCase()}@${last.toLowerCase()}.com`,
        creditCard: Array.from({ length: 4 }, () => String(random.integer(0, 9999)).padStart(4, "0")).join(" "),
        city: random.pick(cities),
        state: random.pick(states),
        ...times,
      };
      events.person.push({ row, received });
    } else if (place <= 3) {
      const hot = random.chance(0.75);
      const seller = hot ? Math.floor(lastPerson / 100) * 100 : random.integer(0, lastPerson);
      const initialBid = price(random);
      // Half of all auctions end before a hundred more have begun.
      const horizon = (IN_FLIGHT * EVERY * 50) / 3;
      const row = {
        id: FIRST_ID + lastAuction,
        itemName: random.pick(things),
        initialBid,
        reserve: initialBid + price(random),
        expires: isoUtc(time + 1 + Math.floor(random.next() * 2 * horizon)),
        seller: FIRST_ID + seller,
        category: FIRST_CATEGORY + random.integer(0, 4),
        ...times,
      };
      events.auction.push({ row, received });
    } else {
      const hotAuction = random.chance(0.5);
      const auction = hotAuction
        ? Math.floor(lastAuction / 100) * 100
        : random.integer(Math.max(0, lastAuction - IN_FLIGHT), lastAuction);
      const hotBidder = random.chance(0.75);
      const bidder = hotBidder
        ? Math.min(lastPerson, Math.floor(lastPerson / 100) * 100 + 1)
        : random.integer(0, lastPerson);
      const channel = random.chance(0.5) ? random.pick(hotChannels) : `channel-${random.integer(0, 9999)}`;
      const row = { auction: FIRST_ID + auction, bidder: FIRST_ID + bidder, price: price(random), channel, ...times };
      events.bid.push({ row, received });
    }
  }
  for (const list of [events.person, events.auction, events.bid]) list.sort((a, b) => a.received - b.received);
  return events;
}

/** Writes `nexmark-person.jsonl`, `nexmark-auction.jsonl` or `nexmark-bid.jsonl`, in order of arrival. */
export function nexmark(kind: keyof Events): () => string {
  return () => jsonLines(draw()[kind].map(event => event.row));
}
