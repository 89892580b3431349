/** The loops that nearly every row of a session takes, free of calls so that they keep what they read in registers. */

/**
 * Finds the sessions of rows that fall inside the newest open session of their key, and moves its end; returns the first
 * row that does not, or that is before `earliest`.
 */
export function inside(
  time: Float64Array,
  codes: Int32Array,
  head: Int32Array,
  start: Float64Array,
  reach: Float64Array,
  rows: Int32Array,
  located: Int32Array,
  pending: number,
  from: number,
  to: number,
  earliest: number,
  gap: number,
): number {
  let row = from;
  for (let place = pending; row < to; row++, place++) {
    const t = time[row];
    const session = head[codes[row] + 1];
    // Nobody's session 0 reaches nowhere.
    if (!(t < reach[session]) || t < start[session] || t <= earliest) break;
    located[place] = session;
    rows[session]++;
    if (t + gap > reach[session]) reach[session] = t + gap;
  }
  return row;
}

/** As `inside`, for rows named by a selection. */
export function insideSelected(
  time: Float64Array,
  selection: Int32Array,
  codes: Int32Array,
  head: Int32Array,
  start: Float64Array,
  reach: Float64Array,
  rows: Int32Array,
  located: Int32Array,
  pending: number,
  from: number,
  to: number,
  earliest: number,
  gap: number,
): number {
  let row = from;
  for (let place = pending; row < to; row++, place++) {
    const i = selection[row];
    const t = time[i];
    const session = head[codes[i] + 1];
    // Nobody's session 0 reaches nowhere.
    if (!(t < reach[session]) || t < start[session] || t <= earliest) break;
    located[place] = session;
    rows[session]++;
    if (t + gap > reach[session]) reach[session] = t + gap;
  }
  return row;
}
