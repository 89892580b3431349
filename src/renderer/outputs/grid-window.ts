/**
 * Which rows of a long table are on screen. Rows have one height, so that is arithmetic. A browser can't make an element
 * of more than some ten million pixels; beyond that the scrollbar stands for the table in proportion.
 */

/** The tallest scrolled content, px. */
const tallest = 8_000_000;

export interface GridWindow {
  /** First row to draw, and how many. */
  readonly from: number;
  readonly count: number;
  /** Empty space above and below the drawn rows, px. */
  readonly above: number;
  readonly below: number;
}

/** Says what to draw for a scroll position; `margin` rows more than fit are drawn on either side. */
export function gridWindow(
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
  total: number,
  margin = 8,
): GridWindow {
  const fit = Math.ceil(viewHeight / rowHeight) + 1;
  const full = total * rowHeight;
  const height = Math.min(full, tallest);
  const travel = Math.max(height - viewHeight, 1);
  const share = Math.min(Math.max(scrollTop / travel, 0), 1);
  // Without the proportion this is scrollTop / rowHeight.
  const first = full <= tallest ? Math.floor(scrollTop / rowHeight) : Math.floor(share * Math.max(total - fit + 1, 0));
  const from = Math.min(Math.max(first - margin, 0), Math.max(total - 1, 0));
  const count = Math.min(fit + 2 * margin, total - from);
  const above = full <= tallest ? from * rowHeight : Math.max(scrollTop - (first - from) * rowHeight, 0);
  return { from, count: Math.max(count, 0), above, below: Math.max(height - above - count * rowHeight, 0) };
}

/** The page to ask for: whole blocks, so that scrolling by a row doesn't ask again. */
export function pageFor(window: GridWindow, total: number, block = 50): { from: number; count: number } {
  const from = Math.floor(window.from / block) * block;
  const to = Math.ceil((window.from + Math.max(window.count, 1)) / block) * block;
  return { from, count: Math.max(Math.min(to, Math.max(total, block)) - from, block) };
}

/** Rows that a frame has room for before anything is known of it, and at most. */
export const fewestRows = 4;
export const mostRows = 10;

/**
 * For how many rows a frame has room. It grows to ten and does not shrink, so that nothing below it jumps while a log replays; once
 * the input is complete a small table has no empty band.
 */
export function heldRows(before: number, total: number, complete: boolean): number {
  // A table without rows says so in the room of two.
  if (complete) return Math.min(total === 0 ? 2 : total, mostRows);
  return Math.min(Math.max(before, total, fewestRows), mostRows);
}
