export function median(values: readonly number[]): number;
export function quantile(values: readonly number[], q: number): number;
export function ratio(a: readonly number[], b: readonly number[]): number;
export function rounds(
  entries: readonly (() => void | Promise<void>)[],
  options: { readonly count: number; readonly warmup: number },
): Promise<number[][]>;
/** Milliseconds of this thread's processor time per run. */
export function processorTime(work: () => void, runs: number): number;
