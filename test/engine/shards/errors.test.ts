/** An error is reported as by one run, whosever row it is, and ends the shards elsewhere. */
import { expect, test } from "vitest";
import { Run } from "../../../src/engine/run.ts";
import { divide } from "../../../src/engine/shards/divide.ts";
import { ShardedRun } from "../../../src/engine/shards/sharded-run.ts";
import { bounded } from "../../../src/model/watermarks.ts";
import { logOf, logSource } from "../logs.ts";
import { InProcess } from "./in-process.ts";

test.each([true, false])("errors of keys of either shard, one of them worked here: %s", async here => {
  const wrong = new Set<number>();
  for (let bad = 0; bad < 6; bad++) {
    const log = logOf(Array.from({ length: 60 }, (_, t) => ({ t, key: `k${t % 6}`, v: t % 6 === bad ? 1 : 0 })));
    const { node } = logSource("log", bounded(0))
      .groupby("key")
      .stateful({
        initial: { n: 0 },
        onRow: (state, row, ctx) => {
          ctx.emit(row.v === 1 && state.n === 5 ? { other: 1 } : { n: state.n });
          return { n: state.n + 1 };
        },
        columns: { n: "number" },
      });
    const options = { logs: () => log, shards: 2, stepLength: 10, here };
    const division = divide([node], options);
    if ("reason" in division) throw new Error(division.reason);
    wrong.add(division.owners[0][0]?.[bad] ?? -1);
    let message = "";
    try {
      new Run([node], { ...options, remember: false }).finish();
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message).toContain('"other"');
    const host = new InProcess();
    const sharded = new ShardedRun([node], division, { ...options, host });
    await expect(sharded.finish()).rejects.toThrow(message);
    expect(host.closed).toBe(here ? 1 : 2);
    await expect(sharded.advance()).rejects.toThrow();
  }
  expect([...wrong].sort()).toEqual([0, 1]);
});
