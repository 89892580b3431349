/** The rules of a profile in words: what an engine does, one phrase for each answer it may give. */
import type { Profile } from "../model/profiles.ts";
import { formatDuration } from "../model/time.ts";

/** A question that profiles answer. The period of a watermark belongs to the watermark. */
export type Rule = Exclude<keyof Profile, "name" | "watermarkPeriod">;

/** What a profile's answer means. Exhaustive by its type: a rule without words does not compile. */
const WORDS: { readonly [R in Rule]: (answer: Profile[R], profile: Profile) => string } = {
  watermark: (answer, { watermarkPeriod }) =>
    ({
      row: "the watermark moves after each row",
      bundle: "the watermark moves when a bundle of rows has passed",
      periodic: `the watermark moves every ${formatDuration(watermarkPeriod)} of processing time`,
      "micro-batch": "the watermark moves between micro-batches",
      "end-of-input": "the watermark moves at the end of the input only",
    })[answer],
  completeness: answer =>
    answer === 0
      ? "a window is complete at its end and the delay"
      : `a window is complete ${-answer} ms before its end and the delay`,
  streamTime: answer =>
    answer
      ? "one stream time follows the greatest timestamp of all keys and partitions, the row itself included"
      : "the watermark is the least of the partitions', without the row that meets it",
  evaluate: answer =>
    answer === "row" ? "triggers are asked after each row" : "triggers are asked once for a bundle of rows",
  inclusiveSessions: answer => (answer ? "sessions that touch merge" : "sessions that touch stay apart"),
  sessionEnd: answer =>
    answer === "gap" ? "a session ends a gap after its last row" : "a session ends at its last row",
  fromEpoch: answer => (answer ? "windows that begin before 1970 are left out" : "windows may begin before 1970"),
  sessionLateness: answer =>
    answer === "before-merge"
      ? "a late row is judged by its own session"
      : "a late row is judged by the session that it joins",
  dropAt: answer =>
    answer === "<="
      ? "a window takes no more rows when the watermark reaches its end and the lateness"
      : "a window takes rows until the watermark has passed its end and the lateness",
  onTime: answer => (answer === "always" ? "an empty on-time pane is emitted" : "an empty on-time pane is not emitted"),
  closing: answer =>
    ({
      always: "a window always emits a last pane when it expires",
      ifNonEmpty: "a window emits what it still holds when it expires",
      never: "a window emits nothing when it expires",
    })[answer],
  latePanes: answer =>
    ({
      trigger: "the trigger decides about late panes",
      "each-row": "each late row makes a late pane",
      none: "there are no late panes",
    })[answer],
  knobs: answer =>
    ({
      two: "delay and allowed lateness are two settings",
      "delay-only": "there is a delay but no allowed lateness",
      one: "one setting stands for delay and lateness",
    })[answer],
  processingTimer: answer =>
    ({
      at: "a processing-time timer fires at its deadline, after the rows of that moment",
      "at-once": "a processing-time timer fires at its deadline, before the rows of that moment",
      after: "a processing-time timer fires once the clock is past it",
    })[answer],
  lastPane: answer =>
    answer === "expiry"
      ? "the last pane is known when its window expires"
      : "the last pane is known when the trigger finishes",
  outputWatermark: answer =>
    answer === "operator"
      ? "whether a pane is late depends on the output watermark of the whole operator"
      : "whether a pane is late depends on its own window alone",
  asksAtEnd: answer =>
    answer === "always"
      ? "the trigger is asked at the end of every window"
      : "the trigger is asked at the end of a window if it waits for that",
  repeats: answer =>
    answer === "whole"
      ? "early and late firings start their trigger afresh with all its parts"
      : "early and late firings start the outermost part of their trigger afresh",
  revives: answer =>
    answer
      ? "a merged session with the bounds of a finished one starts afresh"
      : "a merged session with the bounds of a finished one is finished too",
};

/** Every rule there is. */
export const RULES = Object.keys(WORDS) as readonly Rule[];

/** Says a profile's answer in words, as a clause. */
export function describeRule<R extends Rule>(rule: R, profile: Profile): string {
  return WORDS[rule](profile[rule], profile);
}
