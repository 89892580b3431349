import fc from "fast-check";
import { expect, test } from "vitest";
import type { Row } from "../../../src/columns/batch.ts";
import type { Schema } from "../../../src/columns/column.ts";
import { reconcile } from "../../../src/engine/operators/reconcile.ts";
import type { ReconcileNode } from "../../../src/pipeline/verbs/reconcile.ts";
import { type Arrival, driveEveryWay, input, type Moment, moments, zset } from "../drive.ts";

const FLOWS: Schema = [
  { name: "k", type: "string", nullable: false },
  { name: "x", type: "number", nullable: false },
];
const SNAPSHOTS: Schema = [
  { name: "account", type: "string", nullable: false },
  { name: "s", type: "number", nullable: false },
];
const column = (name: string) => ({ expr: { kind: "column", name, side: 0 } as const, parameters: {}, source: name });
const NODE: ReconcileNode = {
  verb: "reconcile",
  flows: input(),
  snapshots: input(false, "snapshots"),
  flowKeys: [{ name: "k", expression: column("k") }],
  snapshotKeys: [{ name: "k", expression: column("account") }],
  flow: column("x"),
  balance: column("s"),
};

const row = fc.record({
  k: fc.constantFrom("a", "b"),
  x: fc.integer({ min: -500, max: 500 }).map(c => c / 10),
  s: fc.integer({ min: -500, max: 500 }).map(c => c / 10),
});

const round = (v: number): number => Math.round(v * 10) / 10 + 0;

test("gives every complete snapshot its change, flows and residual, and restates what late rows change", () => {
  fc.assert(
    fc.property(moments(row, { inputs: 2 }), list => {
      const given: Moment[] = list.map(m => ({
        ...m,
        rows: m.rows?.map(r => ({
          ...r,
          row: (r.input === 0 ? { k: r.row.k, x: r.row.x } : { account: r.row.k, s: r.row.s }) as Row,
        })),
      }));
      const { main } = driveEveryWay(NODE, reconcile, [FLOWS, SNAPSHOTS], given);
      const flows: Arrival[] = [];
      const snapshots: Arrival[] = [];
      const current = [-Infinity, -Infinity];
      given.forEach((m, p) => {
        for (const r of m.rows ?? []) (r.input === 0 ? flows : snapshots).push(r);
        for (let i = 0; i < 2; i++) {
          const to = typeof m.watermark === "number" ? m.watermark : (m.watermark?.[i] ?? -Infinity);
          current[i] = Math.max(current[i], to);
        }
        const expected = ["a", "b"].flatMap(k => {
          const own = snapshots.filter(s => s.row.account === k).toSorted((a, b) => a.time - b.time);
          const between = (from: number, to: number): number =>
            round(
              flows
                .filter(f => f.row.k === k && f.time > from && f.time <= to)
                .reduce((sum, f) => sum + (f.row.x as number), 0),
            );
          let cumulative = 0;
          return own.flatMap((s, i) => {
            const before = own[i - 1];
            const said = before !== undefined;
            const change = said ? round((s.row.s as number) - (before.row.s as number)) : null;
            const flow = said ? between(before.time, s.time) : null;
            const residual = change === null ? null : round(change - (flow as number));
            cumulative = round(cumulative + (residual ?? 0));
            // Snapshots come out when the watermark is past them; the least of both counts.
            if (!(s.time < Math.min(...current))) return [];
            return [
              {
                row: { k, event_time: s.time, snapshot: s.row.s, change, flows: flow, residual, cumulative } as Row,
                weight: 1,
              },
            ];
          });
        });
        const clean = main
          .filter(e => e.at <= p)
          .map(e => ({
            ...e,
            row: Object.fromEntries(Object.entries(e.row).map(([n, v]) => [n, typeof v === "number" ? v + 0 : v])),
          }));
        expect(zset(clean)).toEqual(zset(expected));
      });
    }),
    { numRuns: 60 },
  );
});
