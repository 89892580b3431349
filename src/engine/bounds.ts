/** Searches in ascending arrays. */

/** Returns the first index in `[from, to)` whose value is greater than `limit`; `to` if there is none. */
export function upperBound(values: Float64Array, limit: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns the first index in `[from, to)` whose value is at least `limit`; `to` if there is none. */
export function lowerBound(values: Float64Array, limit: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
