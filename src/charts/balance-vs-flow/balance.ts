/** Balances from cells of flows: `B(T; p)` is the opening plus every flow that happened by T and was known by p. */

/** Flows that happened in the step that ends at `at` and became known in the step that ends at `known`, ms. */
export interface FlowCell {
  readonly at: number;
  readonly known: number;
  readonly inflow: number;
  readonly outflow: number;
  readonly rows: number;
}

/** One step of event time. */
export interface FlowStep {
  readonly at: number;
  readonly inflow: number;
  readonly outflow: number;
  /** The balance at its end as known now, as it was when that moment came, and as known at the time asked for. */
  readonly balance: number;
  readonly published: number;
  readonly asOf: number;
}

/** Adds cells up along event time. `asOf` is a processing time, or null for now. */
export function flowSteps(cells: readonly FlowCell[], opening: number, asOf: number | null): readonly FlowStep[] {
  const steps = new Map<number, { inflow: number; outflow: number; asOf: number }>();
  // What is known when a moment comes: flows by the later of both times.
  const published = new Map<number, number>();
  for (const c of cells) {
    const step = steps.get(c.at) ?? { inflow: 0, outflow: 0, asOf: 0 };
    steps.set(c.at, step);
    step.inflow += c.inflow;
    step.outflow += c.outflow;
    if (asOf === null || c.known <= asOf) step.asOf += c.inflow + c.outflow;
    const known = Math.max(c.at, c.known);
    published.set(known, (published.get(known) ?? 0) + c.inflow + c.outflow);
  }
  const publications = [...published].sort(([a], [b]) => a - b);
  let balance = opening;
  let then = opening;
  let first = opening;
  let p = 0;
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([at, step]) => {
      balance += step.inflow + step.outflow;
      then += step.asOf;
      while (p < publications.length && publications[p][0] <= at) first += publications[p++][1];
      return { at, inflow: step.inflow, outflow: step.outflow, balance, published: first, asOf: then };
    });
}

/** The balance at a moment: that of the last step that ended by then. */
export function balanceAt(steps: readonly FlowStep[], at: number, opening: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle].at <= at) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? opening : steps[low - 1].balance;
}
