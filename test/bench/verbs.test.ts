/** The benchmark of every verb measures every verb, and each of its pipelines gives the same without specialised operators and kernels. */
import { expect, test } from "vitest";
import { generate, names } from "../../bench/baselines/data.mjs";
import { missingWorks, VerbLogs, type VerbWork, WORKS } from "../../bench/verb-works.ts";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { Run, type RunOptions } from "../../src/engine/run.ts";

const ROWS = 4_000;
const logs = new VerbLogs({ ...generate(ROWS), n: ROWS, keyNames: names() });

function outcome({ stream }: VerbWork, options: Partial<RunOptions> = {}): string {
  const run = new Run([stream.node], { logs: node => logs.log(node), remember: false, ...options });
  const hash = new OutputHash();
  run.tap({ node: stream.node, apply: (flow, step) => hash.apply(flow, step), reset: () => {} });
  run.finish();
  return hash.digest();
}

test("every verb, kind, aggregate and port is measured", () => {
  expect(missingWorks()).toEqual([]);
});

const works = Object.entries(WORKS).flatMap(([verb, list]) =>
  list.map(work => ({ name: `${verb}: ${work.about}`, work })),
);

test("each pipeline has a name of its own", () => {
  expect(new Set(works.map(w => w.name)).size).toBe(works.length);
});

test.for(works)("$name", ({ work }) => {
  const expected = outcome(work);
  expect(outcome(work, { specialize: false })).toBe(expected);
  expect(outcome(work, { codegen: false })).toBe(expected);
});
