/**
 * How complete stretches of event time are: the watermark tells those that are from those that are not, and the complete ones tell
 * what is still to come to the others (`model/nowcast.ts`). Charts that cut event time into steps of their own use this; those of
 * windows read `nowcast()`, which knows keys and allowed lateness too.
 */
import { type Amount, type Nowcast, nowcast, type Precedent } from "../model/nowcast.ts";
import { Stream } from "../pipeline/stream.ts";
import type { DrawOptions, Tables } from "./chart.ts";
import { fatesOf, sourcesBelow } from "./twins.ts";
import { numbers, table } from "./wire.ts";

/** A table of one row: the greatest watermark so far, `reached`. Of several sources it is the one that the rows met. */
export function reachedTable(stream: Stream): Stream {
  const sources = sourcesBelow(stream.node);
  const said =
    sources.length === 1 ? new Stream(sources[0]).progress().filter("d => d.partition == null") : fatesOf(stream);
  return said.rollup({ reached: "d => op.max(d.watermark)" });
}

/** The watermark that has been reached: Infinity where the input is complete, NaN where nothing is known of it. */
export function reachedBy(tables: Tables, options: DrawOptions): number {
  if (options.finished === true) return Infinity;
  const reached = numbers(table(tables, "reached"), "reached")[0];
  return reached === undefined || reached === -Infinity ? NaN : reached;
}

/** What became known of a stretch between two moments of processing time, ms. */
export interface Known extends Amount {
  readonly from: number;
  readonly until: number;
}

/** A stretch of event time, ms, with all that is known of it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly parts: readonly Known[];
}

/** What a stretch is expected to come to: what goes up, what goes down, and both together. */
export interface Expectation {
  readonly stretch: Stretch;
  readonly up: Nowcast | null;
  readonly down: Nowcast | null;
  readonly net: Nowcast | null;
}

/** Complete stretches that are learned from, the latest ones. */
const LATEST = 100;

/**
 * Says of each stretch that has begun and is not complete what it is expected to come to at the processing time `now`. Stretches of one
 * length of which nothing has come yet are among them; an expectation is null where too few are complete.
 */
export function expectations(stretches: readonly Stretch[], reached: number, now: number): readonly Expectation[] {
  if (Number.isNaN(reached) || reached === Infinity || stretches.length === 0) return [];
  const complete = stretches.filter(s => s.end <= reached).slice(-LATEST);
  return withSilent(stretches, reached, now)
    .filter(s => s.end > reached && s.start < now)
    .map(stretch => {
      const age = now - stretch.start;
      const known = amountBy(stretch, Infinity);
      const precedents = complete.map(s => ({ before: amountBy(s, s.start + age), final: amountBy(s, Infinity) }));
      return {
        stretch,
        up: of(known, precedents, a => ({ up: a.up, down: 0 })),
        down: of(known, precedents, a => ({ up: 0, down: a.down })),
        net: nowcast(known, precedents),
      };
    });
}

function of(known: Amount, precedents: readonly Precedent[], sign: (of: Amount) => Amount): Nowcast | null {
  const own = precedents.map(p => ({ before: sign(p.before), final: sign(p.final) }));
  return nowcast(sign(known), own);
}

/** Silent stretches at the end are there too: nothing has come of them, which is not the same as zero. */
function withSilent(stretches: readonly Stretch[], reached: number, now: number): readonly Stretch[] {
  const last = stretches[stretches.length - 1];
  const length = last.end - last.start;
  const known = new Set(stretches.map(s => s.start));
  const out = [...stretches];
  const first = last.start - Math.ceil((last.start - reached) / length) * length;
  for (let start = Math.max(first, now - LATEST * length); start < now; start += length)
    if (!known.has(start)) out.push({ start, end: start + length, parts: [] });
  return out.sort((a, b) => a.start - b.start);
}

/** What was known at a moment; within a part what came is taken to have come evenly. */
function amountBy({ parts }: Stretch, at: number): Amount {
  let up = 0;
  let down = 0;
  for (const part of parts) {
    const share = part.until <= at ? 1 : part.from >= at ? 0 : (at - part.from) / (part.until - part.from);
    up += part.up * share;
    down += part.down * share;
  }
  return { up, down };
}
