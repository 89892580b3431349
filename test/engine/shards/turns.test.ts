/** What a session takes back at its end comes out in the session's own turn, and not in that of the bounds it had before. */
import { expect, test } from "vitest";
import { rowAt } from "../../../src/columns/batch.ts";
import type { Flow } from "../../../src/engine/flow.ts";
import { Run, type Tap } from "../../../src/engine/run.ts";
import { divide } from "../../../src/engine/shards/divide.ts";
import { ShardedRun } from "../../../src/engine/shards/sharded-run.ts";
import { afterCount, afterWatermark } from "../../../src/model/triggers.ts";
import { bounded } from "../../../src/model/watermarks.ts";
import { sessions } from "../../../src/model/windows.ts";
import type { Node } from "../../../src/pipeline/node.ts";
import { logOf, logSource } from "../logs.ts";
import { InProcess } from "./in-process.ts";

class Panes implements Tap {
  readonly node: Node;
  readonly said: string[] = [];
  constructor(node: Node) {
    this.node = node;
  }
  apply({ batch, count, weight }: Flow): void {
    for (let i = 0; i < count; i++) {
      const { key, window_start: start, window_end: end } = rowAt(batch, i);
      this.said.push(`${(weight?.[i] ?? 1) > 0 ? "+" : "−"} ${String(key)} [${String(start)}, ${String(end)})`);
    }
  }
  reset(): void {}
}

test.each([true, false])("specialised: %s", async specialize => {
  const { node } = logSource("log", bounded(0))
    .groupby("key")
    .window(sessions(10))
    .trigger(afterWatermark({ late: afterCount(1) }))
    .allowedLateness(Infinity)
    .accumulation("retracting")
    .rollup({ n: "count()" });
  let apart = 0;
  for (const other of ["b", "d", "e", "f", "g", "h"]) {
    // The session of `a` has fired when a late row makes it longer; it speaks again when the watermark passes its new end.
    const log = logOf([
      { t: 0, at: 0, key: "a" },
      { t: 0, at: 0, key: "a" },
      { t: 11, at: 1, key: "c" },
      { t: 8, at: 2, key: "a" },
      { t: 5, at: 3, key: other },
      { t: 30, at: 4, key: "c" },
    ]);
    const options = { logs: () => log, specialize, shards: 2, host: new InProcess() };
    // Even shares, so that the keys do not stay together.
    const division = divide([node], { ...options, here: false });
    if ("reason" in division) throw new Error(division.reason);
    const [owners] = division.owners[0];
    if (owners?.[0] !== owners?.[4]) apart++;
    const single = new Run([node], { logs: options.logs, specialize, remember: false });
    const expected = new Panes(node);
    single.tap(expected);
    single.finish();
    expect(expected.said.slice(1, 4)).toEqual([`+ ${other} [5, 15)`, "− a [0, 10)", "+ a [0, 18)"]);
    const sharded = new ShardedRun([node], division, options);
    const panes = new Panes(node);
    sharded.run.tap(panes);
    await sharded.finish();
    expect(panes.said).toEqual(expected.said);
  }
  expect(apart).toBeGreaterThan(0);
});
