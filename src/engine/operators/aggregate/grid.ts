/** Windows that cover event time without gap or overlap, each known by any time in it. */
import { periodStart, type WindowFunction } from "../../../model/windows.ts";
import { assigned, assigner } from "../../windowing/assign.ts";

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

/** The windows of a calendar. */
export function calendarGrid(window: Extract<WindowFunction, { kind: "calendar" }>): Grid {
  const assign = assigner(window);
  const found = assigned();
  return {
    regular: null,
    startOf(t) {
      assign(t, found);
      return found.start[0];
    },
    endOf(t) {
      assign(t, found);
      return found.end[0];
    },
  };
}
