/**
 * What Chromium itself says of the frames of a page: which of them reached the screen, and how much work each was for the page's
 * main thread. Time between animation frames cannot say that, because on a screen of 60 Hz they come every 16.7 ms however little there is
 * to do. Look at the same by hand in DevTools, Performance, with frames recorded.
 */
import type { RunningApp } from "./app.ts";

export interface FrameTrace {
  /** Frames that were to show something new, by what became of them. */
  readonly whole: number;
  /** Presented by the compositor in time, with what the main thread had drawn for it coming in a later one. */
  readonly partial: number;
  readonly dropped: number;
  /** Of each frame, processor time of all tasks of the page's main thread since the frame before, ms. */
  readonly work: readonly number[];
  /** Processor time of the longest single task of that thread, ms. */
  readonly longest: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** Of the processor. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string; readonly frame_reporter?: { readonly state: string } };
}

const CATEGORIES = ["toplevel", "disabled-by-default-devtools.timeline.frame"];

/** Traces the browser while `work` is done, and tells of the frames of the page that drew the most. */
export async function traceFrames(app: RunningApp, work: () => Promise<void>): Promise<FrameTrace> {
  const session = await app.browser.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise(done => session.once("Tracing.tracingComplete", done));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { recordMode: "recordContinuously", includedCategories: CATEGORIES, excludedCategories: ["*"] },
  });
  await work();
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  return readFrames(events);
}

/** Reads a trace. Throws where it has no frames. */
export function readFrames(events: readonly TraceEvent[]): FrameTrace {
  const reports = events.filter(e => e.name === "PipelineReporter" && e.args?.frame_reporter !== undefined);
  const states = new Map<number, Map<string, number>>();
  for (const { pid, args } of reports) {
    const of = states.get(pid) ?? new Map<string, number>();
    const state = args?.frame_reporter?.state ?? "";
    states.set(pid, of.set(state, (of.get(state) ?? 0) + 1));
  }
  const busiest = [...states].sort(([, a], [, b]) => total(b) - total(a))[0];
  if (busiest === undefined) throw new Error("The trace has no frames.");
  const [page, became] = busiest;
  const thread = events.find(e => e.name === "thread_name" && e.pid === page && e.args?.name === "CrRendererMain")?.tid;
  const own = events.filter(e => e.pid === page && e.tid === thread).sort((a, b) => a.ts - b.ts);
  const marks = own.filter(e => e.name === "BeginMainThreadFrame").map(e => e.ts);
  const tasks = own.filter(e => e.name === "ThreadControllerImpl::RunTask" && e.ph === "X");
  return {
    whole: became.get("STATE_PRESENTED_ALL") ?? 0,
    partial: became.get("STATE_PRESENTED_PARTIAL") ?? 0,
    dropped: became.get("STATE_DROPPED") ?? 0,
    work: workPerFrame(tasks, marks),
    longest: Math.max(0, ...tasks.map(milliseconds)),
  };
}

const total = (of: ReadonlyMap<string, number>): number => [...of.values()].reduce((sum, n) => sum + n, 0);
const milliseconds = (task: TraceEvent): number => (task.tdur ?? task.dur ?? 0) / 1_000;

/** Sums tasks by the frame that they end in; what was before the first and after the last frame is left out. */
function workPerFrame(tasks: readonly TraceEvent[], marks: readonly number[]): number[] {
  const sums = new Array<number>(Math.max(0, marks.length - 1)).fill(0);
  let frame = -1;
  for (const task of tasks) {
    const end = task.ts + (task.dur ?? 0);
    while (frame + 1 < marks.length && marks[frame + 1] < end) frame++;
    if (frame >= 0 && frame < sums.length) sums[frame] += milliseconds(task);
  }
  return sums;
}
