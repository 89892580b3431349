/** What a source says of its watermark: each strategy by hand, at its exact moments. */
import { describe, expect, test } from "vitest";
import { hindsight, NO_ROW, SourceFeed } from "../../src/engine/feed.ts";
import { punctuation } from "../../src/engine/watermarks/punctuation.ts";
import { type Profile, PROFILES } from "../../src/model/profiles.ts";
import {
  adaptive,
  bounded,
  manual,
  percentile,
  perfect,
  punctuated,
  type WatermarkStrategy,
} from "../../src/model/watermarks.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { logOf, type LogRow, logSource } from "./logs.ts";

function feedOf(
  watermark: WatermarkStrategy,
  rows: readonly LogRow[],
  profile: Profile = PROFILES.tidemark,
): SourceFeed {
  const node = logSource("log", watermark).node as SourceNode;
  const log = logOf(rows);
  return new SourceFeed(node, log, profile, punctuation(node));
}

/** Everything a feed says until its rows are out: processing time, row (or null), watermark. */
function story(feed: SourceFeed): [number, number | null, number][] {
  const out: [number, number | null, number][] = [];
  while (feed.next() !== Infinity) {
    const at = feed.next();
    const row = feed.take();
    out.push([at, row === NO_ROW ? null : row, feed.watermark]);
  }
  return out;
}

const watermarks = (watermark: WatermarkStrategy, rows: readonly LogRow[], profile?: Profile): number[] =>
  story(feedOf(watermark, rows, profile)).map(([, , w]) => w);

describe("bounded", () => {
  test("follows the greatest timestamp and never goes back", () => {
    expect(watermarks(bounded(10), [{ t: 100 }, { t: 90, at: 101 }, { t: 120 }])).toEqual([90, 90, 110]);
  });

  test("a source ends at the end of time", () => {
    const feed = feedOf(bounded(10), [{ t: 100 }]);
    story(feed);
    expect([feed.ended, feed.watermark]).toEqual([false, 90]);
    feed.end();
    expect([feed.ended, feed.watermark]).toEqual([true, Infinity]);
  });

  test("counts rows behind the watermark that they met", () => {
    const feed = feedOf(bounded(10), [{ t: 100 }, { t: 90, at: 101 }, { t: 89, at: 102 }, { t: 120 }]);
    story(feed);
    expect(feed.late).toBe(1);
  });

  test("takes whole stretches as it takes rows", () => {
    const rows = [5, 3, 9, 9, 1, 30, 12, 31].map((t, i) => ({ t, at: 100 + i }));
    const single = feedOf(bounded(4), rows);
    const whole = feedOf(bounded(4), rows);
    expect(whole.plain).toBe(true);
    const out = new Float64Array(5);
    whole.stretch(5, out);
    const rest = new Float64Array(3);
    whole.stretch(8, rest);
    expect([...out, ...rest]).toEqual(story(single).map(([, , w]) => w));
    expect([whole.late, whole.offset, whole.watermark]).toEqual([single.late, 8, 27]);
  });
});

describe("partitions", () => {
  test("the least of them counts, each from its first row on", () => {
    const rows = [
      { t: 100, p: "a" },
      { t: 50, at: 101, p: "b" },
      { t: 200, at: 102, p: "a" },
      { t: 150, at: 103, p: "b" },
      { t: 300, at: 104, p: "b" },
    ];
    // b cannot take back what a alone had promised.
    expect(watermarks(bounded(0), rows)).toEqual([100, 100, 100, 150, 200]);
  });

  test("rows without a partition are one of their own", () => {
    const rows = [
      { t: 100, p: "a" },
      { t: 60, at: 101, p: null },
      { t: 200, at: 102, p: "a" },
    ];
    expect(watermarks(bounded(0), rows)).toEqual([100, 100, 100]);
  });

  test("one watermark for the source as a whole, where that is wanted", () => {
    const rows = [
      { t: 100, p: "a" },
      { t: 50, at: 101, p: "b" },
      { t: 200, at: 102, p: "a" },
    ];
    expect(watermarks(bounded(0, { per: "source" }), rows)).toEqual([100, 100, 200]);
    expect(watermarks(bounded(0), rows, PROFILES.kafka)).toEqual([100, 100, 200]);
  });

  test("names the partition that holds the others back", () => {
    const feed = feedOf(bounded(0), [
      { t: 100, p: "a" },
      { t: 50, at: 101, p: "b" },
    ]);
    story(feed);
    expect(feed.holder).toBe("b");
    expect(feed.partitions().map(p => [p.name, p.watermark, p.idle, p.rows])).toEqual([
      ["a", 100, false, 1],
      ["b", 50, false, 1],
    ]);
  });
});

describe("keys", () => {
  const perKey = bounded(0, { per: "key", key: "key" });
  const rows = [
    { t: 100, p: "x", key: "a" },
    { t: 50, at: 101, p: "x", key: "b" },
    { t: 200, at: 102, p: "y", key: "a" },
    { t: 150, at: 103, p: "y", key: "b" },
    { t: 300, at: 104, p: "x", key: "b" },
  ];

  test("the least of the keys counts, whatever partitions their rows came through", () => {
    expect(watermarks(perKey, rows)).toEqual([100, 100, 100, 150, 200]);
    expect(watermarks(bounded(0), rows)).toEqual([100, 100, 100, 100, 200]);
    const feed = feedOf(perKey, rows);
    story(feed);
    expect([feed.partitioned, feed.holder]).toEqual([true, "a"]);
    expect(feed.partitions().map(p => [p.name, p.watermark])).toEqual([
      ["a", 200],
      ["b", 300],
    ]);
  });

  test("a source without partitions has keys all the same", () => {
    const whole = rows.map(({ t, at, key }) => ({ t, at: at ?? t, key }));
    expect(watermarks(perKey, whole)).toEqual([100, 100, 100, 150, 200]);
  });

  test("keys may be numbers, and a longer log keeps their codes", () => {
    const numbered = rows.map(({ t, at, key }) => ({ t, at: at ?? t, v: key === "a" ? 7 : null }));
    const feed = feedOf(bounded(0, { per: "key", key: "v" }), numbered.slice(0, 2));
    expect(story(feed).map(([, , w]) => w)).toEqual([100, 100]);
    feed.extend(logOf(numbered));
    expect(story(feed).map(([, , w]) => w)).toEqual([100, 150, 200]);
    expect(feed.partitions().map(p => [p.name, p.watermark])).toEqual([
      ["", 300],
      ["7", 200],
    ]);
  });

  test("Kafka's stream time knows no keys", () => {
    expect(watermarks(perKey, rows, PROFILES.kafka)).toEqual([100, 100, 200, 200, 300]);
  });

  test("a column that is not there is named, with those that are", () => {
    expect(() => feedOf(bounded(0, { per: "key", key: "acount" }), rows)).toThrow(
      'The watermark is per key of "acount", and the source has no such column. There are: t, p, key, v.',
    );
    expect(() => bounded(0, { per: "key" })).toThrow('bounded("30 s", {per: "key", key: "account"})');
    expect(() => bounded(0, { key: "account" })).toThrow('Say {per: "key", key: "account"}');
  });
});

describe("idle", () => {
  test("at its exact deadline a silent partition no longer holds the others back", () => {
    const rows = [
      { t: 100, at: 0, p: "a" },
      { t: 50, at: 1, p: "b" },
      { t: 110, at: 5, p: "a" },
      { t: 120, at: 30, p: "a" },
    ];
    expect(story(feedOf(bounded(0, { idle: 10 }), rows))).toEqual([
      [0, 0, 100],
      [1, 1, 100],
      [5, 2, 100],
      // At 10 it looks and finds that a has been heard since; b's time comes at 11.
      [10, null, 100],
      [11, null, 110],
      [15, null, 110],
      [30, 3, 120],
    ]);
  });

  test("a row that arrives at the very deadline keeps its partition awake", () => {
    const rows = [
      { t: 100, at: 0, p: "a" },
      { t: 90, at: 0, p: "b" },
      { t: 91, at: 10, p: "b" },
      { t: 200, at: 10, p: "a" },
    ];
    expect(story(feedOf(bounded(0, { idle: 10 }), rows))).toEqual([
      [0, 0, 100],
      [0, 1, 100],
      [10, 2, 100],
      [10, 3, 100],
    ]);
  });

  test("a partition that returns counts again, and its old rows are late", () => {
    const rows = [
      { t: 100, at: 0, p: "a" },
      { t: 50, at: 0, p: "b" },
      { t: 200, at: 8, p: "a" },
      { t: 60, at: 12, p: "b" },
      { t: 300, at: 13, p: "a" },
      { t: 250, at: 14, p: "b" },
    ];
    const feed = feedOf(bounded(0, { idle: 10 }), rows);
    expect(story(feed)).toEqual([
      [0, 0, 100],
      [0, 1, 100],
      [8, 2, 100],
      [10, null, 200],
      [12, 3, 200],
      [13, 4, 200],
      [14, 5, 250],
    ]);
    expect(feed.late).toBe(2);
  });

  test("when all are idle, nobody is waited for", () => {
    const rows = [
      { t: 100, at: 0, p: "a" },
      { t: 50, at: 1, p: "b" },
      { t: 40, at: 90, p: "b" },
    ];
    expect(story(feedOf(bounded(5, { idle: 10 }), rows))).toEqual([
      [0, 0, 95],
      [1, 1, 95],
      [10, null, 95],
      [11, null, 95],
      [90, 2, 95],
    ]);
  });

  test("says nothing after the last row: the end is all that is left", () => {
    expect(story(feedOf(bounded(0, { idle: 10 }), [{ t: 1, at: 0 }]))).toEqual([[0, 0, 1]]);
  });
});

test("a row from the future does not move the watermark", () => {
  const rows = [
    { t: 100, at: 100 },
    { t: 205, at: 105 },
    { t: 115, at: 106 },
    { t: 156, at: 106 },
  ];
  expect(watermarks(bounded(0, { future: 50 }), rows)).toEqual([100, 100, 115, 156]);
});

test("a row from the future keeps its partition awake", () => {
  const rows = [
    { t: 0, at: 0, p: "a" },
    { t: 0, at: 0, p: "b" },
    { t: 900, at: 8, p: "b" },
    { t: 12, at: 12, p: "a" },
    { t: 13, at: 17, p: "a" },
    { t: 19, at: 19, p: "a" },
  ];
  // b is silent from 8 on, not from 0 on.
  expect(story(feedOf(bounded(0, { idle: 10, future: 5 }), rows))).toEqual([
    [0, 0, 0],
    [0, 1, 0],
    [8, 2, 0],
    [10, null, 0],
    [12, 3, 0],
    [17, 4, 0],
    [18, null, 13],
    [19, 5, 19],
  ]);
});

describe("periodic", () => {
  test("says the watermark at multiples of the period, before the rows of that moment", () => {
    const rows = [
      { t: 101, at: 1 },
      { t: 109, at: 9 },
      { t: 110, at: 10 },
      { t: 125, at: 25 },
    ];
    expect(story(feedOf(bounded(0, { every: 10 }), rows))).toEqual([
      [1, 0, -Infinity],
      [9, 1, -Infinity],
      [10, null, 109],
      [10, 2, 109],
      [20, null, 110],
      [25, 3, 110],
    ]);
  });

  test("flink's profile does so every 200 ms", () => {
    const rows = [
      { t: 5, at: 1000 },
      { t: 6, at: 1300 },
    ];
    expect(story(feedOf(bounded(0), rows, PROFILES.flink))).toEqual([
      [1000, 0, -Infinity],
      [1200, null, 5],
      [1300, 1, 5],
    ]);
  });

  test("rows of a micro-batch see the watermark of the batch before", () => {
    const rows = [
      { t: 1, at: 0 },
      { t: 9, at: 9 },
      { t: 12, at: 12 },
      { t: 31, at: 31 },
    ];
    expect(story(feedOf(bounded(2, { microBatch: 10 }), rows))).toEqual([
      [0, 0, -Infinity],
      [9, 1, -Infinity],
      [10, null, 7],
      [12, 2, 7],
      [20, null, 10],
      [31, 3, 10],
    ]);
  });
});

describe("punctuated", () => {
  const marked = (options: object = {}): WatermarkStrategy =>
    punctuated({ source: "d => d.v === 0", parameters: {} }, options);

  test("only marked rows move the watermark", () => {
    const rows = [
      { t: 10, v: 0 },
      { t: 20, v: 1 },
      { t: 15, at: 21, v: 0 },
      { t: 30, v: 1 },
    ];
    expect(watermarks(marked(), rows)).toEqual([10, 10, 15, 15]);
  });

  test("a row without a mark keeps its partition awake all the same", () => {
    const rows = [
      { t: 100, at: 0, p: "a", v: 0 },
      { t: 50, at: 0, p: "b", v: 0 },
      { t: 51, at: 8, p: "b", v: 1 },
      { t: 120, at: 9, p: "a", v: 0 },
      { t: 130, at: 15, p: "a", v: 0 },
    ];
    expect(watermarks(marked({ idle: 10 }), rows)).toEqual([100, 100, 100, 100, 100, 100]);
  });

  test("looks at rows that came after it began", () => {
    const first = [{ t: 10, v: 0 }];
    const feed = feedOf(marked(), first);
    expect(story(feed)).toEqual([[10, 0, 10]]);
    feed.extend(logOf([...first, { t: 20, v: 1 }, { t: 30, v: 0 }]));
    expect(story(feed)).toEqual([
      [20, 1, 10],
      [30, 2, 30],
    ]);
  });
});

test("perfect is the least timestamp among the rows still to come", () => {
  const rows = [5, 9, 3, 8, 20, 12].map((t, i) => ({ t, at: i }));
  const naive = rows.map((_, i) => Math.min(Infinity, ...rows.slice(i + 1).map(r => r.t)));
  expect(watermarks(perfect(), rows)).toEqual([3, 3, 8, 12, 12, Infinity]);
  expect([...hindsight(Float64Array.from(rows, r => r.t))]).toEqual(naive);
});

test("percentile keeps the distance that would have covered its share of the last rows", () => {
  const rows = [100, 101, 91, 102, 103, 104, 105, 106].map((t, i) => ({ t, at: i }));
  // Of ten in disorder by 10, the median is 0 and the greatest 10; four rows later it is forgotten.
  expect(watermarks(percentile(0.5, 4), rows)).toEqual([100, 101, 101, 102, 103, 104, 105, 106]);
  expect(watermarks(percentile(1, 4), rows)).toEqual([100, 101, 101, 101, 101, 101, 105, 106]);
});

test("adaptive widens with disorder and forgets it when it has passed", () => {
  const calm = Array.from({ length: 600 }, (_, i) => ({ t: 10 * i, at: i }));
  const wild = Array.from({ length: 600 }, (_, i) => ({ t: 6_000 + 10 * i - (i % 2) * 500, at: 600 + i }));
  const later = Array.from({ length: 2_000 }, (_, i) => ({ t: 12_000 + 10 * i, at: 1_200 + i }));
  const rows = [...calm, ...wild, ...later];
  const out = watermarks(adaptive(0.9, 0.002), rows);
  const greatest: number[] = [];
  for (const { t } of rows) greatest.push(Math.max(greatest.at(-1) ?? -Infinity, t));
  const distance = (i: number): number => greatest[i] - out[i];
  expect(distance(599)).toBe(0);
  expect(distance(1_199)).toBeGreaterThanOrEqual(480);
  expect(distance(rows.length - 1)).toBe(0);
});

test("manual leaves the watermark alone until the end", () => {
  expect(watermarks(manual(), [{ t: 5 }, { t: 9 }])).toEqual([-Infinity, -Infinity]);
});

test("batch says nothing before the end", () => {
  expect(watermarks(bounded(0), [{ t: 5 }, { t: 9 }], PROFILES.batch)).toEqual([-Infinity, -Infinity]);
});

test("snapshot and restore at any row go on alike, whatever the strategy", () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({
    t: 10 * i - (i % 7) * 13,
    at: i * 3 + (i >= 30 ? 25 : 0),
    p: ["x", "y", "z"][i % 3],
    v: i % 4,
  }));
  for (const strategy of [
    bounded(20, { idle: 5, future: 100 }),
    bounded(0, { every: 7 }),
    percentile(0.8, 10),
    adaptive(),
    punctuated({ source: "d => d.v === 0", parameters: {} }, { idle: 4 }),
    perfect(),
  ]) {
    const whole = story(feedOf(strategy, rows));
    for (const cut of [1, 13, 40]) {
      const before = feedOf(strategy, rows);
      const said: [number, number | null, number][] = [];
      for (let i = 0; i < cut; i++) {
        const at = before.next();
        const row = before.take();
        said.push([at, row === NO_ROW ? null : row, before.watermark]);
      }
      const after = feedOf(strategy, rows);
      after.restore(structuredClone(before.snapshot()));
      expect([...said, ...story(after)]).toEqual(whole);
      story(before);
      expect(after.late).toBe(before.late);
    }
  }
});

test("under flink-sql a window is complete one millisecond before its end and the delay", () => {
  const rows = [{ t: 1_000 }, { t: 900, at: 2_000 }];
  const last = (profile: Profile): number | undefined => watermarks(bounded(10), rows, profile).at(-1);
  expect([last(PROFILES.tidemark), last(PROFILES["flink-sql"])]).toEqual([990, 991]);
});
