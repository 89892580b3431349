/** How the difference between two replays is said: in sentences with numbers, always from the pinned replay to the present one. */
import type { ComparedOutput, ComparedRows, Comparison } from "./comparison.ts";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const plain = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
const written = (amount: number): string => plain.format(amount).replace("-", "−");

function many(count: number, one: string): string {
  return `${whole.format(count)} ${one}${count === 1 ? "" : "s"}`;
}

/** Writes a change of a number: `1,204 → 1,310 (+8.8 %)`; where a share says nothing, the difference itself. */
export function changeText(pinned: number, now: number): string {
  return `${written(pinned)} → ${written(now)} (${shareText(pinned, now)})`;
}

function shareText(pinned: number, now: number): string {
  const difference = now - pinned;
  const sign = difference < 0 ? "−" : "+";
  const share = (Math.abs(difference) / Math.abs(pinned)) * 100;
  // Below a hundredth of a per cent, or from nothing, a share is no help.
  if (!Number.isFinite(share) || share < 0.005) return `${sign}${written(Math.abs(difference))}`;
  return `${sign}${share >= 100 ? whole.format(share) : Number(share.toPrecision(2))} %`;
}

/**
 * Says how many rows of a table differ, and what that comes to: `3 of 124 rows differ; total 1,204 → 1,310 (+8.8 %)`. `sides` are
 * what the two are called where a row is in one of them alone.
 */
export function rowsSentence(rows: ComparedRows, sides = { now: "now", pinned: "pinned" }): string {
  const { by, total, changed, onlyNow, onlyPinned } = rows;
  const sums = rows.sums
    .filter(sum => sum.pinned !== sum.now)
    .map(sum => `${sum.column} ${changeText(sum.pinned, sum.now)}`);
  const differ = changed + onlyNow + onlyPinned;
  if (total === 0) return "No rows yet in either";
  if (by === "row") {
    if (differ === 0) return "Both have the same rows";
    const alone = [
      ...(onlyNow > 0 ? [`${many(onlyNow, "row")} only ${sides.now}`] : []),
      ...(onlyPinned > 0 ? [`${many(onlyPinned, "row")} only ${sides.pinned}`] : []),
    ];
    return [alone.join(", "), ...sums].join("; ");
  }
  if (differ === 0) return `None of ${many(total, "row")} differs`;
  const alone = [
    ...(onlyNow > 0 ? [`${whole.format(onlyNow)} only ${sides.now}`] : []),
    ...(onlyPinned > 0 ? [`${whole.format(onlyPinned)} only ${sides.pinned}`] : []),
  ].join(", ");
  const verb = differ === 1 ? "differs" : "differ";
  return [`${whole.format(differ)} of ${many(total, "row")} ${verb}${alone === "" ? "" : ` (${alone})`}`, ...sums].join(
    "; ",
  );
}

/** Counts the outputs that depend on what was changed, of how many, and the rows of tables that differ by it. */
export function countDifferences({ outputs }: Comparison): { differ: number; of: number; rows: number } {
  const all = Object.values(outputs);
  const differing = all.filter((o): o is Extract<ComparedOutput, { state: "differs" }> => o.state === "differs");
  const rows = differing.reduce((sum, { rows: r }) => sum + (r === null ? 0 : r.changed + r.onlyNow + r.onlyPinned), 0);
  return { differ: differing.length, of: all.length, rows };
}
