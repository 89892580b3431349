/**
 * A windowing strategy with every question answered: what the strategy left open, the profile says here, once. The
 * operator asks these rules and never looks at a profile's name.
 */
import type { Profile } from "../../model/profiles.ts";
import type { EmptyPanes, WindowingStrategy } from "../../model/strategy.ts";
import { afterCount, repeatedly, type Trigger } from "../../model/triggers.ts";
import { merges } from "../../model/windows.ts";

export interface WindowRules {
  readonly strategy: WindowingStrategy;
  readonly profile: Profile;
  readonly trigger: Trigger;
  readonly merging: boolean;
  /** Whether windows that only touch merge. */
  readonly touching: boolean;
  /** How long after its end a window takes rows, ms. */
  readonly lateness: number;
  readonly onTime: EmptyPanes;
  readonly closing: EmptyPanes | "never";
  readonly discarding: boolean;
  readonly retracting: boolean;
  /** Whether the panes of sessions that were merged away are taken back, whatever the accumulation. */
  readonly tombstones: boolean;
  /** What is subtracted from a session's end when it is shown: the gap where a session ends with its last row. */
  readonly shownEnd: number;
  /** Whether a window that ends exactly `lateness` before the watermark is still open. */
  readonly openAtLimit: boolean;
  /**
   * How long an expired window is still kept, ms: where lateness is checked after merging, a row that is in time may
   * reach back to a session that would not be by itself.
   */
  readonly linger: number;
}

/** Answers what `strategy` leaves to the profile. */
export function windowRules(strategy: WindowingStrategy, profile: Profile): WindowRules {
  const { window } = strategy;
  const lastRow = window.kind === "sessions" && profile.sessionEnd === "last-row";
  const emitFinal = profile.streamTime && isPlainAfterWatermark(strategy.trigger);
  const closing = strategy.closing ?? (emitFinal ? "ifNonEmpty" : profile.closing);
  return {
    strategy,
    profile,
    trigger: profiledTrigger(strategy.trigger, profile),
    merging: merges(window),
    touching: window.kind === "sessions" && (window.inclusive ?? profile.inclusiveSessions),
    // One knob, or the delay alone, leaves nothing for lateness, except where the knob is Kafka's grace.
    lateness: profile.knobs === "two" || profile.streamTime ? strategy.allowedLateness : 0,
    onTime: strategy.onTime ?? profile.onTime,
    closing,
    discarding: strategy.accumulation === "discarding",
    retracting: strategy.accumulation === "retracting",
    tombstones: strategy.accumulation === "retracting" || lastRow,
    shownEnd: lastRow ? window.gap : 0,
    openAtLimit: profile.dropAt === "<" || lastRow,
    linger: lastRow && closing === "never" ? window.gap : 0,
  };
}

function isPlainAfterWatermark(trigger: Trigger): boolean {
  return trigger.kind === "afterWatermark" && trigger.early === null && trigger.late === null;
}

/** Says a trigger in the words of an engine that has fewer of them. */
function profiledTrigger(trigger: Trigger, profile: Profile): Trigger {
  if (profile.streamTime) {
    // Kafka emits at each update; one that waits is suppressed until its window closes (EMIT FINAL).
    if (trigger.kind === "default") return { kind: "repeatedly", trigger: afterCount(1) };
    return isPlainAfterWatermark(trigger) ? { kind: "never" } : trigger;
  }
  if (profile.repeats === "whole") return repeatingWhole(trigger);
  if (profile.latePanes !== "each-row") return trigger;
  // Flink's triggers never finish, and after the end of the window each late row fires.
  if (trigger.kind === "afterWatermark") return { ...trigger, late: trigger.late ?? afterCount(1) };
  if (trigger.kind === "default" || trigger.kind === "never" || trigger.kind === "repeatedly") return trigger;
  return { kind: "repeatedly", trigger };
}

/** Wraps early and late firings, wherever they are in a trigger, so that they start afresh as a whole. */
function repeatingWhole(trigger: Trigger): Trigger {
  const repeating = (part: Trigger | null): Trigger | null =>
    part === null ? null : part.kind === "repeatedly" ? repeatingWhole(part) : repeatedly(repeatingWhole(part));
  switch (trigger.kind) {
    case "afterWatermark":
      return { ...trigger, early: repeating(trigger.early), late: repeating(trigger.late) };
    case "repeatedly":
      return repeatedly(repeatingWhole(trigger.trigger));
    case "afterEach":
    case "afterAny":
    case "afterAll":
      return { ...trigger, triggers: trigger.triggers.map(repeatingWhole) };
    case "orFinally":
      return { ...trigger, trigger: repeatingWhole(trigger.trigger), until: repeatingWhole(trigger.until) };
    default:
      return trigger;
  }
}

/** Says whether a window is past its allowed lateness at a watermark. */
export function isExpired(rules: WindowRules, end: number, watermark: number): boolean {
  const limit = end + rules.lateness;
  return rules.openAtLimit ? limit < watermark : limit <= watermark;
}
