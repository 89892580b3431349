/**
 * Conversion attribution, chapter 7 of *Streaming Systems*, restated from the book's own test: visits and impressions of one
 * user, an event-time timer at the earliest goal, and a walk along referers back to an impression.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Schema } from "../../../src/columns/column.ts";
import type { StatefulContext } from "../../../src/engine/operators/stateful.ts";
import { stateful } from "../../../src/engine/operators/stateful.ts";
import { parseFunction } from "../../../src/expressions/parse.ts";
import type { StatefulNode } from "../../../src/pipeline/verbs/stateful.ts";
import { ABSENT, material } from "../../conformance/material.ts";
import { driveEveryWay, input, type Moment, moments } from "../drive.ts";

const EVENTS: Schema = [
  { name: "user", type: "string", nullable: false },
  { name: "kind", type: "string", nullable: false },
  { name: "url", type: "string", nullable: true },
  { name: "referer", type: "string", nullable: true },
  { name: "goal", type: "boolean", nullable: true },
  { name: "impression", type: "number", nullable: true },
  { name: "at", type: "timestamp", nullable: false },
];

interface Visit {
  url: string;
  referer: string;
  at: number;
}
interface State {
  visits: Record<string, Visit>;
  impressions: Record<string, number>;
  goals: Visit[];
}
interface Event extends Visit {
  kind: string;
  goal: boolean;
  impression: number;
}

const onRow = parseFunction((state: State, d: Event, ctx: StatefulContext) => {
  if (d.kind === "impression") {
    // Impressions are the same by source and target; the first to arrive counts.
    const id = `${d.referer} ${d.url}`;
    if (!(id in state.impressions)) state.impressions[id] = d.impression;
    return;
  }
  if (!d.goal) {
    state.visits[d.url] = { url: d.url, referer: d.referer, at: d.at };
    return;
  }
  state.goals.push({ url: d.url, referer: d.referer, at: d.at });
  ctx.eventTimer(Math.min(...state.goals.map(g => g.at)), "goal");
});

const onTimer = parseFunction((state: State, timer: { time: number }, ctx: StatefulContext) => {
  const goal = state.goals.find(g => g.at === timer.time) as Visit;
  state.goals.splice(state.goals.indexOf(goal), 1);
  const trail = [];
  for (let visit: Visit | undefined = goal; visit !== undefined; visit = state.visits[visit.referer]) {
    trail.unshift(visit.url);
    const impression = state.impressions[`${visit.referer} ${visit.url}`];
    if (impression !== undefined) {
      ctx.emit({ impression, trail });
      break;
    }
  }
  if (state.goals.length > 0) ctx.eventTimer(Math.min(...state.goals.map(g => g.at)), "goal");
});

const key = (name: string) => ({
  name,
  expression: { expr: { kind: "column", name, side: 0 } as const, parameters: {}, source: name },
});

const attribution: StatefulNode = {
  verb: "stateful",
  input: input(),
  keys: [key("user")],
  initial: { visits: {}, impressions: {}, goals: [] },
  onRow,
  onTimer,
  fields: [
    { name: "impression", type: "number", nullable: true },
    { name: "trail", type: "json", nullable: true },
  ],
};

interface Figures {
  readonly attribution: {
    readonly events: readonly {
      readonly watermark?: string;
      readonly visit?: { url: string; ts: string; referer: string; goal: boolean };
      readonly impression?: { id: number; source: string; target: string; ts: string };
    }[];
    readonly expected: readonly { impression: number; trail: string[]; timestamp: string }[];
  };
}

const figures = material("figures.json");

test.skipIf(figures === null)(
  `attributes conversions to impressions as the book's own test does${figures === null ? ABSENT : ""}`,
  () => {
    const { events, expected } = (JSON.parse(figures as string) as Figures).attribution;
    const at = (clock: string): number => (clock === "+inf" ? Infinity : Date.parse(`2026-01-01T${clock}Z`));
    const list: Moment[] = events.map(({ watermark, visit, impression }) => {
      if (watermark !== undefined) return { watermark: at(watermark) };
      const row =
        visit !== undefined
          ? {
              kind: "visit",
              url: visit.url,
              referer: visit.referer,
              goal: visit.goal,
              impression: null,
              at: at(visit.ts),
            }
          : {
              kind: "impression",
              url: impression?.target,
              referer: impression?.source,
              goal: null,
              impression: impression?.id,
              at: at(impression?.ts ?? ""),
            };
      return { rows: [{ row: { user: "user", ...row } as never, time: row.at }] };
    });
    const { main } = driveEveryWay(attribution, stateful, [EVENTS], list);
    expect(main.map(e => ({ impression: e.row.impression, trail: e.row.trail, timestamp: e.time }))).toEqual(
      expected.map(e => ({ ...e, timestamp: at(e.timestamp) })),
    );
  },
);

const COUNTED: Schema = [
  { name: "k", type: "string", nullable: true },
  { name: "n", type: "number", nullable: false },
];

test("keeps timers by key and name, moves those set again, and fires them in order of time", () => {
  // Each row sets both timers a little after itself; a watermark or clock that reaches them makes them say so.
  const node: StatefulNode = {
    verb: "stateful",
    input: input(),
    keys: [key("k")],
    initial: { rows: 0 },
    onRow: parseFunction((state: { rows: number }, d: { n: number }, ctx: StatefulContext) => {
      state.rows++;
      if (d.n === 9) ctx.clear();
      else if (d.n === 8) ctx.clearTimer("e");
      else {
        ctx.eventTimer(ctx.time + d.n, "e");
        ctx.processingTimer(ctx.clock + 1_500 * d.n, "p");
      }
    }),
    onTimer: parseFunction(
      (state: { rows: number }, timer: { kind: string; name: string; time: number }, ctx: StatefulContext) =>
        ctx.emit({ k: ctx.key.k, rows: state.rows, what: timer.kind + timer.name, due: timer.time }),
    ),
    fields: [
      { name: "k", type: "string", nullable: true },
      { name: "rows", type: "number", nullable: true },
      { name: "what", type: "string", nullable: true },
      { name: "due", type: "timestamp", nullable: true },
    ],
  };
  const row = fc.record({ k: fc.constantFrom("x", "y", null), n: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(moments(row), list => {
      const { main } = driveEveryWay(node, stateful, [COUNTED], list);
      interface Twin {
        k: unknown;
        what: string;
        due: number;
        set: number;
      }
      let timers: Twin[] = [];
      const rows = new Map<unknown, number>();
      const expected: unknown[] = [];
      let met = -Infinity;
      let set = 0;
      const fire = (kind: string, isDue: (due: number) => boolean, at: number, clock: number): void => {
        for (;;) {
          const [next] = timers
            .filter(t => t.what.startsWith(kind) && isDue(t.due))
            .toSorted((a, b) => a.due - b.due || a.set - b.set);
          if (next === undefined) return;
          timers = timers.filter(t => t !== next);
          const own = kind === "processing" && next.due < clock ? next.due : clock;
          const time = kind === "event" ? next.due : met;
          expected.push({
            at,
            clock: own,
            time,
            weight: 1,
            row: { k: next.k, rows: rows.get(next.k), what: next.what, due: next.due },
          });
        }
      };
      list.forEach((m, at) => {
        const clock = at * 1_000;
        for (const r of m.rows ?? []) {
          fire("processing", due => due < clock, at, clock);
          const { k } = r.row;
          const n = r.row.n as number;
          rows.set(k, (rows.get(k) ?? 0) + 1);
          if (n === 9) {
            timers = timers.filter(t => t.k !== k);
            rows.set(k, 0);
          } else if (n === 8) timers = timers.filter(t => t.k !== k || t.what !== "evente");
          else {
            timers = timers.filter(t => t.k !== k);
            timers.push({ k, what: "evente", due: r.time + n, set: set++ });
            timers.push({ k, what: "processingp", due: clock + 1_500 * n, set: set++ });
          }
          fire("event", due => due <= met, at, clock);
        }
        fire("processing", due => due < clock, at, clock);
        if (at === list.length - 1) fire("processing", due => due <= clock, at, clock);
        const to = typeof m.watermark === "number" ? m.watermark : (m.watermark?.[0] ?? -Infinity);
        if (to > met) {
          met = to;
          fire("event", due => due <= met, at, clock);
        }
      });
      expect(main).toEqual(expected);
    }),
  );
});

test("says what does not fit: a state that cannot be kept, a row that was not stated", () => {
  const node = (fn: (...args: never[]) => unknown): StatefulNode => ({
    ...attribution,
    onRow: parseFunction(fn),
    onTimer: null,
  });
  const one: Moment[] = [
    {
      rows: [{ row: { user: "u", kind: "v", url: null, referer: null, goal: null, impression: null, at: 0 }, time: 0 }],
    },
  ];
  const run = (fn: (...args: never[]) => unknown): unknown => driveEveryWay(node(fn), stateful, [EVENTS], one);
  expect(() => run((state: { m: unknown }) => ((state.m = new Map()), undefined))).toThrow(/holds a Map/);
  expect(() => run((_s: unknown, _d: unknown, ctx: StatefulContext) => ctx.emit({ other: 1 }))).toThrow(
    /column "other" that was not stated/,
  );
  expect(() => run((_s: unknown, _d: unknown, ctx: StatefulContext) => ctx.eventTimer(Number.NaN))).toThrow(
    /timer needs a time/,
  );
});
