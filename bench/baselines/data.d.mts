/** The data set of the benchmarks. */
export interface Data {
  readonly n: number;
  readonly key: Int32Array;
  readonly t: Float64Array;
  readonly v: Float64Array;
  readonly side: Uint8Array;
  readonly keyNames: readonly string[];
}
export const BASE: number;
/** Makes or reads the data set; `BENCH_N` rows by default. */
export function load(rows?: number): Data;
/** Makes the columns of a data set without loading one; `tail` times as late as usual are the latest hundredth of its rows. */
export function generate(n: number, tail?: number): Pick<Data, "key" | "t" | "v" | "side">;
export function names(): string[];
export function extra(data: Data, count?: number): { key: string; t: number; v: number; side: number }[];
