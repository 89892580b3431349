/**
 * Whether the balances of a node are exact: then they are the same in whatever order the flows of different keys are counted,
 * and with whatever others. Amounts that are no decimals, or sums beyond 2⁵³ units, turn the counting of all keys to plain
 * doubles from their row on, which a shard that does not see that row could not know.
 */
import { compileColumn } from "../../expressions/compile.ts";
import type { Profile } from "../../model/profiles.ts";
import { identity } from "../../pipeline/identity.ts";
import { schemaOf } from "../../pipeline/node.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import type { IntegrateNode } from "../../pipeline/verbs/integrate.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { Unit } from "../decimal.ts";
import { dense } from "../flow.ts";
import { Run } from "../run.ts";

/** What is known of a log, by the identity of the balances' node. A node over several sources is kept with the first. */
const known = new WeakMap<SourceLog, Map<string, { readonly logs: readonly SourceLog[]; readonly exact: boolean }>>();

/** Runs what a node reads through, and looks at every amount. What was found is remembered as long as its logs are. */
export function sumsAreExact(node: IntegrateNode, logs: (source: SourceNode) => SourceLog, profile: Profile): boolean {
  const read: SourceLog[] = [];
  const run = new Run([node.input], {
    logs: source => {
      const log = logs(source);
      if (!read.includes(log)) read.push(log);
      return log;
    },
    profile,
    remember: false,
  });
  const [first] = read;
  const id = `${profile.name} ${identity(node)}`;
  const found = known.get(first)?.get(id);
  if (found !== undefined && found.logs.every((log, i) => log === read[i])) return found.exact;
  const exact = areExact(node, run, logs);
  if (!known.has(first)) known.set(first, new Map());
  known.get(first)?.set(id, { logs: read, exact });
  return exact;
}

function areExact(node: IntegrateNode, run: Run, logs: (source: SourceNode) => SourceLog): boolean {
  const { opening } = node;
  const unit = new Unit();
  let bound = 0;
  const rescale = (factor: number): void => {
    bound *= factor;
  };
  const count = (amount: number): void => {
    bound += Math.abs(unit.count(amount, bound, rescale));
  };
  if (opening.kind === "number") count(opening.value);
  if (opening.kind === "numbers") for (const value of Object.values(opening.values)) count(value);
  const schema = schemaOf(node.input, source => logs(source).batch.schema);
  const value = compileColumn(node.value, [schema], {});
  let rows = 0;
  run.tap({
    node: node.input,
    reset: () => {},
    apply(given) {
      if (given.count === 0 || !unit.exact) return;
      const flow = dense(given);
      const column = value(flow.batch);
      rows += flow.count;
      if (column.type !== "number") return;
      const { values, valid } = column;
      for (let row = 0; row < flow.count; row++) {
        if (valid !== null && valid[row] === 0) continue;
        const amount = flow.weight === null ? values[row] : values[row] * flow.weight[row];
        // Whole numbers, of which there are few enough, are the common case.
        if (unit.factor === 1 && amount === Math.trunc(amount) && bound < 2 ** 52 && Math.abs(amount) < 2 ** 51)
          bound += Math.abs(amount);
        else if (amount === amount) count(amount);
      }
    },
  });
  while (unit.exact && run.advance());
  if (!unit.exact) return false;
  // Every key begins with its opening, and is counted in units as well.
  const each = opening.kind === "number" ? Math.abs(opening.value) : 0;
  return bound + rows * each * unit.factor <= Number.MAX_SAFE_INTEGER;
}
