/** Windows that cover event time without gap or overlap, each known by any time in it. */
import { periodStart } from "../../../model/windows.ts";

export interface Grid {
  /** Size and offset where all windows are equally long; null where a calendar says. */
  readonly regular: { readonly size: number; readonly offset: number } | null;
  /** The start of the window that holds `t`. */
  startOf(t: number): number;
  /** The end of the window that holds `t`, which is also the first window end after `t`. */
  endOf(t: number): number;
}

export function fixedGrid(size: number, offset: number): Grid {
  return {
    regular: { size, offset },
    startOf: t => periodStart(t, size, offset),
    endOf: t => periodStart(t, size, offset) + size,
  };
}
