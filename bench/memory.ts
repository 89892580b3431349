/** Memory and time of W1 over a large log, as JSON: run by `run.mjs` in a process of its own, with `--expose-gc`. */
import { type Data, load } from "./baselines/data.mjs";
import tidemark from "./tidemark.ts";

const data: Data = load();
// The first run fills the columns and warms the loops up.
tidemark.W1.run(data);
globalThis.gc?.();
const before = process.memoryUsage();
const from = performance.now();
const { changes } = tidemark.W1.run(data);
const milliseconds = performance.now() - from;
const after = process.memoryUsage();
const rows = data.n;
console.log(
  JSON.stringify({
    rows,
    panes: changes.count,
    milliseconds,
    logBytes: rows * (4 + 8 + 8 + 8),
    allocated: Math.max(0, after.heapUsed + after.external - before.heapUsed - before.external),
    peak: process.resourceUsage().maxRSS * 1024,
  }),
);
