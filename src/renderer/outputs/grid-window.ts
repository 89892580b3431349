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
