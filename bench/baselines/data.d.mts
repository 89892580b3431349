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
