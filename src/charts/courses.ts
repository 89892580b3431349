/** The courses of watermarks over processing time, of sources and of their partitions, as charts read them from their tables. */
import type { Tables } from "./chart.ts";
import { numbers, table, texts } from "./wire.ts";

/** The watermark's course, of the source or of one of its partitions: from `at[i]` on it is `watermark[i]`. */
export interface Course {
  readonly partition: string | null;
  readonly at: readonly number[];
  readonly watermark: readonly number[];
  /** When the last word of each step came, where the course came in steps; else as `at`. */
  readonly last: readonly number[];
}

/** Reads the courses step by step where they are short enough to be sent whole, else bin by bin. */
export function coursesOf(tables: Tables): Course[] {
  const exact = table(tables, "progress");
  const source = exact.length > 0 ? exact : table(tables, "course");
  const at = numbers(source, exact.length > 0 ? "processing_time" : "at");
  const watermark = numbers(source, "watermark");
  // Several sources together have no name; they come as the empty one.
  const partition = texts(source, "partition").map(p => (p === "" ? null : p));
  const order = Array.from({ length: source.length }, (_, i) => i).sort((a, b) => at[a] - at[b]);
  const last = exact.length > 0 ? at : numbers(source, "last");
  const courses = new Map<string | null, Course & { at: number[]; watermark: number[]; last: number[] }>();
  for (const i of order) {
    let course = courses.get(partition[i]);
    if (course === undefined) {
      course = { partition: partition[i], at: [], watermark: [], last: [] };
      courses.set(partition[i], course);
    }
    course.at.push(at[i]);
    course.watermark.push(watermark[i]);
    course.last.push(last[i]);
  }
  return [...courses.values()];
}

/** When a watermark first reached `end`: the window is complete then, whether or not a pane came out. NaN if it has not. */
export function passedAt(course: Course, end: number): number {
  let low = 0;
  let high = course.watermark.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (course.watermark[middle] >= end) high = middle;
    else low = middle + 1;
  }
  return low < course.at.length ? course.at[low] : NaN;
}

/** The earlier of two moments, of which either may be unknown. */
export function earlier(a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b);
}
