/** A kernel for tests: its host calls back when told to, its clock counts what it is told, its code is compiled on the spot. */
import type { CellSource } from "../../src/notebook/document.ts";
import type { CellFunction, EmittedCell } from "../../src/notebook/emit.ts";
import { createKernel } from "../../src/notebook/kernel.ts";
import type { CellState, Kernel, KernelHost } from "../../src/notebook/kernel.ts";

const AsyncFunction = (async () => {}).constructor as FunctionConstructor;

export function compile(cell: EmittedCell): CellFunction {
  return new (cell.async ? AsyncFunction : Function)(...cell.parameters, cell.body) as CellFunction;
}

export function code(id: number, source: string, attributes: Record<string, string> = {}): CellSource {
  return {
    id,
    type: "text/x-typescript",
    source,
    attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
  };
}

export function markdown(id: number, source: string): CellSource {
  return { id, type: "text/markdown", source, attributes: [] };
}

export interface Laboratory {
  readonly kernel: Kernel;
  /** Every state that was reported, in order. */
  readonly log: CellState[];
  /** Runs all that is deferred, promises included, until nothing is left. */
  rest(): Promise<void>;
  /** Runs what is deferred now, and the promises that are resolved by it. */
  step(): Promise<void>;
  state(id: number): CellState;
  /** The number of runs of each cell since the last call. */
  ran(): Record<number, number>;
}

/** Lets promises that are resolved already have their say. */
export async function promises(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

export function laboratory(
  cells: readonly CellSource[],
  host: Partial<KernelHost> = {},
  mode: "auto" | "lazy" = "auto",
): Laboratory {
  let queue: (() => void)[] = [];
  const log: CellState[] = [];
  const kernel = createKernel(
    {
      evaluate: compile,
      defer: run => queue.push(run),
      now: () => 0,
      onCell: (_, state) => log.push(state),
      ...host,
    },
    mode,
  );
  kernel.setCells(cells);
  const step = async () => {
    const now = queue;
    queue = [];
    for (const run of now) run();
    await promises();
  };
  let counted: Record<number, number> = {};
  return {
    kernel,
    log,
    step,
    async rest() {
      await promises();
      for (let turn = 0; queue.length > 0; turn += 1) {
        if (turn > 10_000) throw new Error("the kernel does not come to rest");
        await step();
      }
    },
    state: id => kernel.state(id),
    ran() {
      const latest: Record<number, number> = {};
      for (const { id, runs } of log) latest[id] = runs;
      const since = Object.fromEntries(
        Object.entries(latest).flatMap(([id, runs]) =>
          runs > (counted[Number(id)] ?? 0) ? [[id, runs - (counted[Number(id)] ?? 0)]] : [],
        ),
      );
      counted = latest;
      return since;
    },
  };
}
