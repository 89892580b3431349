/** A quantile of some thousand numbers, again and again: found without putting them all in order. */

let scratch = new Float64Array(4_096);

/**
 * Returns the smallest of the values that at least `quantile` of them, between 0 and 1, do not exceed; 0 where there are none. The values
 * stay as they are. Costs O(n) on average: what is sought is narrowed down from both sides (Hoare: Algorithm 65, Find, CACM
 * 1961), with the median of three as pivot.
 */
export function quantileOf(values: Float64Array, quantile: number): number {
  const { length } = values;
  if (length === 0) return 0;
  if (scratch.length < length) scratch = new Float64Array(2 * length);
  scratch.set(values);
  return nth(scratch, length, Math.min(length - 1, Math.max(0, Math.ceil(quantile * length) - 1)));
}

/** The value that would be at `place` if the first `length` values were in order. Moves them about. */
function nth(values: Float64Array, length: number, place: number): number {
  let first = 0;
  let last = length - 1;
  while (first < last) {
    const pivot = medianOf(values[first], values[(first + last) >> 1], values[last]);
    let low = first;
    let high = last;
    while (low <= high) {
      while (values[low] < pivot) low++;
      while (values[high] > pivot) high--;
      if (low > high) break;
      const value = values[low];
      values[low++] = values[high];
      values[high--] = value;
    }
    // Between the two everything equals the pivot.
    if (place <= high) last = high;
    else if (place >= low) first = low;
    else return pivot;
  }
  return values[place];
}

function medianOf(a: number, b: number, c: number): number {
  return a < b ? (b < c ? b : a < c ? c : a) : a < c ? a : b < c ? c : b;
}
