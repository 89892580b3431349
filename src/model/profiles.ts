/**
 * Profiles: what each engine answers where the model leaves room, so that a pipeline can be run "as Beam would".
 * One record per engine, one field per question; the table in ARCHITECTURE.md is read from here.
 */
import type { EmptyPanes } from "./strategy.ts";
import type { Duration } from "./time.ts";

export type ProfileName = "tidemark" | "beam" | "beam-python" | "flink" | "flink-sql" | "spark" | "kafka" | "batch";

export interface Profile {
  readonly name: ProfileName;
  /** When a source's watermark moves: after each row, each bundle, at multiples of a period, from the micro-batch before, or at the end. */
  readonly watermark: "row" | "bundle" | "periodic" | "micro-batch" | "end-of-input";
  /** Period of `periodic`, milliseconds of processing time. */
  readonly watermarkPeriod: Duration;
  /** Added to the delay of a bounded watermark, and so to `end + delay` in the completeness check, ms: Flink SQL's −1. */
  readonly completeness: number;
  /** Whether one watermark follows the maximum over all keys and partitions (Kafka's stream time) instead of the least over partitions. */
  readonly streamTime: boolean;
  /** Whether triggers are evaluated after every row or once per bundle. */
  readonly evaluate: "row" | "bundle";
  /** Whether touching sessions merge. */
  readonly inclusiveSessions: boolean;
  /** Where a session ends: gap after its last row, or at its last row (Kafka). */
  readonly sessionEnd: "gap" | "last-row";
  /** Whether windows that begin before 1970 are left out (Kafka). */
  readonly fromEpoch: boolean;
  /** Whether a row's lateness is checked for its own window, or after merging (Flink, Kafka). */
  readonly sessionLateness: "before-merge" | "after-merge";
  /** Whether a row is dropped when `end + lateness <= w` or only when `end + lateness < w`. */
  readonly dropAt: "<=" | "<";
  /** Default for the strategy's `onTime`. */
  readonly onTime: EmptyPanes;
  /** Default for the strategy's `closing`; "never" emits no final pane when a window expires. */
  readonly closing: EmptyPanes | "never";
  /** Which late panes there are: the trigger's, one for each late row, or none. */
  readonly latePanes: "trigger" | "each-row" | "none";
  /** Whether delay and allowed lateness are two settings, or the second is ignored ("delay only"), or both are one. */
  readonly knobs: "two" | "delay-only" | "one";
  /**
   * When a processing-time timer fires: at its deadline, after the rows of that moment; at its deadline, before them; or
   * only when the clock is past it.
   */
  readonly processingTimer: "at" | "at-once" | "after";
  /** Whether a pane is the last when its window expires or its trigger finishes, or only when its trigger finishes. */
  readonly lastPane: "expiry" | "finish";
  /**
   * Which output watermark decides whether a pane is late and whether a row still counts for a pane's timestamp: that of
   * the whole operator (Beam), or what the window by itself would allow, so that keys do not influence each other.
   */
  readonly outputWatermark: "operator" | "window";
  /**
   * Whether the trigger is asked in any case when the watermark passes a window's end, or only if a part of it that waits
   * for that has seen a row (Beam, where it is that part which sets the timer).
   */
  readonly asksAtEnd: "always" | "awaited";
  /**
   * What starts afresh when early and late firings repeat: the trigger with all its parts (Beam Python), or its outermost part
   * alone, so that parts which have finished stay so (Beam Java, whose rule is that these triggers fire once).
   */
  readonly repeats: "whole" | "outermost";
  /** Whether a merge that ends up at the very bounds of a finished session starts afresh, or is finished too (Beam). */
  readonly revives: boolean;
}

const TIDEMARK: Profile = {
  name: "tidemark",
  watermark: "row",
  watermarkPeriod: 0,
  completeness: 0,
  streamTime: false,
  evaluate: "row",
  inclusiveSessions: false,
  sessionEnd: "gap",
  fromEpoch: false,
  sessionLateness: "before-merge",
  dropAt: "<=",
  onTime: "ifNonEmpty",
  closing: "ifNonEmpty",
  latePanes: "trigger",
  knobs: "two",
  processingTimer: "at",
  lastPane: "expiry",
  outputWatermark: "window",
  asksAtEnd: "always",
  repeats: "outermost",
  revives: true,
};

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  tidemark: TIDEMARK,
  beam: {
    ...TIDEMARK,
    name: "beam",
    watermark: "bundle",
    evaluate: "bundle",
    onTime: "always",
    processingTimer: "after",
    outputWatermark: "operator",
    asksAtEnd: "awaited",
    revives: false,
  },
  "beam-python": {
    ...TIDEMARK,
    name: "beam-python",
    watermark: "bundle",
    evaluate: "bundle",
    onTime: "always",
    closing: "never",
    dropAt: "<",
    processingTimer: "at-once",
    lastPane: "finish",
    repeats: "whole",
    revives: false,
  },
  flink: {
    ...TIDEMARK,
    name: "flink",
    watermark: "periodic",
    watermarkPeriod: 200,
    inclusiveSessions: true,
    sessionLateness: "after-merge",
    closing: "never",
    latePanes: "each-row",
    processingTimer: "at-once",
  },
  "flink-sql": {
    ...TIDEMARK,
    name: "flink-sql",
    watermark: "periodic",
    watermarkPeriod: 200,
    completeness: -1,
    inclusiveSessions: true,
    sessionLateness: "after-merge",
    closing: "never",
    latePanes: "none",
    knobs: "delay-only",
    processingTimer: "at-once",
  },
  spark: {
    ...TIDEMARK,
    name: "spark",
    watermark: "micro-batch",
    evaluate: "bundle",
    closing: "never",
    latePanes: "none",
    knobs: "one",
  },
  kafka: {
    ...TIDEMARK,
    name: "kafka",
    streamTime: true,
    inclusiveSessions: true,
    sessionEnd: "last-row",
    fromEpoch: true,
    sessionLateness: "after-merge",
    closing: "never",
    latePanes: "trigger",
    knobs: "one",
  },
  batch: { ...TIDEMARK, name: "batch", watermark: "end-of-input" },
};

/** Finds a profile by name. Throws with the names there are. */
export function profileNamed(name: string): Profile {
  if (Object.hasOwn(PROFILES, name)) return PROFILES[name as ProfileName];
  throw new Error(`There is no profile "${name}". There are: ${Object.keys(PROFILES).join(", ")}.`);
}
