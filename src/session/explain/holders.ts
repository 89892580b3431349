/** Who holds a watermark back, and what would release it. */
import type { Slices } from "../../engine/slices.ts";
import type { SourceFeed } from "../../engine/feed.ts";
import type { Run } from "../../engine/run.ts";
import { formatDuration } from "../../model/time.ts";
import { identity } from "../../pipeline/identity.ts";
import { type Node, topological } from "../../pipeline/node.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { filteredEmpty, passageOf } from "./filtered.ts";
import { fileOf } from "./sight.ts";
import { atLeast, counted, list, type Words } from "./words.ts";

export interface Holding {
  readonly sentences: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Says who keeps the watermark of a node below `needed`, by the sources under it. */
export function* holders(node: Node, needed: number, run: Run, words: Words): Slices<Holding> {
  const sources = new Map<string, SourceNode>();
  for (const below of topological([node])) if (below.verb === "source") sources.set(identity(below), below);
  const holding = [...sources].flatMap(([id, source]) => {
    const feed = run.feed(id);
    return feed === undefined || feed.watermark >= needed ? [] : [{ source, feed }];
  });
  if (holding.length === 0) return { sentences: [], facts: {} };
  if (run.profile.watermark === "end-of-input")
    return { sentences: ["By the rules of this run nothing fires before the input has ended."], facts: {} };
  const told: Holding[] = [];
  for (const { source, feed } of holding.sort((a, b) => a.feed.watermark - b.feed.watermark)) {
    const one = held(source, feed, needed, run, words, sources.size > 1);
    const { held_by: holder } = one.facts;
    const passage = typeof holder === "string" ? yield* passageOf(node, source, holder, run) : null;
    const empty = filteredEmpty(passage, String(holder));
    told.push(
      empty === null ? one : { sentences: [...one.sentences, empty], facts: { ...one.facts, filtered_empty: true } },
    );
  }
  return { sentences: told.flatMap(t => t.sentences), facts: told[0].facts };
}

function held(source: SourceNode, feed: SourceFeed, needed: number, run: Run, words: Words, several: boolean): Holding {
  const of = several ? ` of ${fileOf(source)}` : "";
  const { basis, idle } = source.watermark;
  const delay = basis.kind === "bounded" ? basis.delay : null;
  const from = (): string => (delay === null ? "" : ` from ${words.at(needed + delay)} on`);
  const part = source.watermark.per === "key" ? "key" : "partition";
  const partitions = feed.partitions();
  const holder = feed.holder;
  if (holder === null) {
    if (partitions.length > 1 && partitions.every(p => p.idle))
      return {
        sentences: [`All ${counted(partitions.length, part)}${of} are idle: the next row${from()} releases it.`],
        facts: { held_by: null, idle: true },
      };
    return {
      sentences: [`The next row${of}${from()} would release it.`],
      facts: { held_by: several ? fileOf(source) : null },
    };
  }
  const lastRow = feed.lastRowOf(holder);
  const seen = lastRow < 0 ? -Infinity : feed.log.arrival[lastRow];
  const { clock } = run.progress;
  const silent = clock - seen;
  const short = partitions.filter(p => !p.idle && p.name !== holder && p.watermark < needed);
  const silence = silent > 0 ? `silent for ${formatDuration(silent)}` : "heard of just now";
  const release =
    idle === null
      ? `the next row on ${holder}${from()} would release it`
      : `the next row on ${holder}${from()} or the idle timeout (${formatDuration(idle)}, at ${words.at(seen + idle)}) would release it`;
  const sentences = [`Held by ${part} ${holder}${of}, ${silence}; ${release}.`];
  if (short.length > 0)
    sentences.push(
      `Behind it ${short.length === 1 ? "is" : "are"} ${list(short.slice(0, 5).map(p => `${part} ${p.name} (${words.at(p.watermark)})`))}${short.length > 5 ? ` and ${short.length - 5} more` : ""}.`,
    );
  else if (partitions.length > 1) {
    const next = Math.min(...partitions.filter(p => p.name !== holder && !p.idle).map(p => p.watermark));
    if (Number.isFinite(next))
      sentences.push(`All others have passed it; the earliest of them is at ${words.at(next)}.`);
  }
  if (idle === null && short.length === 0 && silent >= 1_000)
    sentences.push(
      `No idle timeout is set; one of less than ${atLeast(silent)} would have released it, at the price that what ${holder} brings then is late.`,
    );
  return {
    sentences,
    facts: { held_by: holder, silent_for: silent, idle_timeout: idle, held_since: seen },
  };
}
