/** Triggers in Beam Python, by a table: what each is called there, and what its runner cannot do with it. */
import type { WindowingStrategy } from "../../model/strategy.ts";
import type { Trigger } from "../../model/triggers.ts";
import type { Node } from "../../pipeline/node.ts";
import { differs, grouped, never, type PythonScript } from "./script.ts";

type TriggerPrinter<K extends Trigger["kind"]> = (
  trigger: Extract<Trigger, { kind: K }>,
  node: Node,
  script: PythonScript,
) => string;

const PRINTERS: { readonly [K in Trigger["kind"]]: TriggerPrinter<K> } = {
  default: () => "trigger.DefaultTrigger()",

  never: (_trigger, node, script) =>
    script.cannot(
      node,
      never("Beam Python emits nothing when a window closes, so a trigger that never fires would lose everything."),
    ),

  afterWatermark({ early, late }, node, script) {
    const parts: string[] = [];
    if (early !== null) parts.push(`early=${print(early, node, script)}`);
    if (late !== null) {
      parts.push(`late=${print(late, node, script)}`);
      if (waitsForClock(late))
        script.cannot(
          node,
          differs(
            "Late panes that processing time fires are labelled EARLY by Beam's Python runner; their index is right.",
          ),
        );
    }
    return `trigger.AfterWatermark(${parts.join(", ")})`;
  },

  afterCount: ({ count }) => `trigger.AfterCount(${grouped(count)})`,

  afterProcessingTime({ delay, aligned }, node, script) {
    script.needsClock = true;
    if (aligned)
      return script.cannot(
        node,
        never(
          "Beam Python fires a delay after a pane's first row, never at the multiples of a period. Leave out {aligned: true}, or the early firings.",
        ),
      );
    if (!Number.isInteger(delay / 1000))
      return script.cannot(
        node,
        never(`Beam Python counts trigger delays in whole seconds; this one is ${delay} ms. Round it.`),
      );
    return `trigger.AfterProcessingTime(${grouped(delay / 1000)})`;
  },

  repeatedly: ({ trigger }, node, script) => `trigger.Repeatedly(${print(trigger, node, script)})`,

  afterEach: ({ triggers }, node, script) => `trigger.AfterEach(${list(triggers, node, script)})`,

  afterAny({ triggers }, node, script) {
    refuseClock("afterAny", triggers, node, script);
    refuseRepeating("afterAny", triggers, node, script);
    return `trigger.AfterAny(${list(triggers, node, script)})`;
  },

  afterAll({ triggers }, node, script) {
    refuseClock("afterAll", triggers, node, script);
    refuseRepeating("afterAll", triggers, node, script);
    return `trigger.AfterAll(${list(triggers, node, script)})`;
  },

  orFinally({ trigger, until }, node, script) {
    refuseClock("orFinally", [trigger, until], node, script);
    return `trigger.OrFinally(${list([trigger, until], node, script)})`;
  },
};

/**
 * Beam Python asks the parts of a parallel trigger again when it fires, and then as if the watermark had moved: a part that
 * waits for processing time says no, does not finish, and never waits again.
 */
function refuseClock(word: string, parts: readonly Trigger[], node: Node, script: PythonScript): void {
  if (parts.some(waitsForClock))
    script.cannot(
      node,
      never(
        `Beam Python forgets processing-time deadlines inside of ${word}: such a part fires once at most. Use afterProcessingTime by itself, repeatedly or in afterWatermark.`,
      ),
    );
}

/** Here these triggers fire once; in Beam Python they go on until a part (all parts) of them has finished. */
function refuseRepeating(word: string, parts: readonly Trigger[], node: Node, script: PythonScript): void {
  if (!parts.every(firesOnce))
    script.cannot(
      node,
      never(
        `In Beam Python ${word} fires as often as its parts do, not once. Give it parts that fire once, such as afterCount(n) or afterWatermark().`,
      ),
    );
}

function firesOnce(trigger: Trigger): boolean {
  if (trigger.kind === "afterAny" || trigger.kind === "afterAll") return trigger.triggers.every(firesOnce);
  if (trigger.kind === "afterWatermark") return trigger.early === null && trigger.late === null;
  return trigger.kind === "afterCount" || trigger.kind === "afterProcessingTime";
}

function print(trigger: Trigger, node: Node, script: PythonScript): string {
  return (PRINTERS[trigger.kind] as TriggerPrinter<Trigger["kind"]>)(trigger as never, node, script);
}

function list(triggers: readonly Trigger[], node: Node, script: PythonScript): string {
  return triggers.map(t => print(t, node, script)).join(", ");
}

/** Whether a trigger waits for processing time. */
export function waitsForClock(trigger: Trigger): boolean {
  return JSON.stringify(trigger).includes('"afterProcessingTime"');
}

/** Whether a trigger can finish while rows are still to come, which Beam calls unsafe and has to be told to allow. */
function mayFinish(trigger: Trigger): boolean {
  switch (trigger.kind) {
    case "default":
    case "repeatedly":
    case "never":
      return false;
    case "afterWatermark":
      return trigger.late === null;
    default:
      return true;
  }
}

/** Whether a trigger asks for whatever a window holds when the watermark passes its end. */
function asksAtEnd(trigger: Trigger): boolean {
  switch (trigger.kind) {
    case "default":
    case "afterWatermark":
      return true;
    case "repeatedly":
      return asksAtEnd(trigger.trigger);
    case "afterAny":
      return trigger.triggers.some(asksAtEnd);
    case "orFinally":
      return asksAtEnd(trigger.trigger) || asksAtEnd(trigger.until);
    default:
      return false;
  }
}

/**
 * Whether a trigger leaves nothing behind. One that finishes early keeps the watermark held for an on-time pane that never
 * comes, and late rows that wait for others hold it too.
 */
function letsGo(trigger: Trigger): boolean {
  if (trigger.kind === "repeatedly") return letsGo(trigger.trigger);
  if (trigger.kind === "afterWatermark")
    return trigger.late === null || (trigger.late.kind === "afterCount" && trigger.late.count === 1);
  return trigger.kind === "default";
}

/** Prints the trigger of a strategy, or notes why it cannot be said. */
export function beamTrigger({ trigger, window }: WindowingStrategy, node: Node, script: PythonScript): string {
  if (mayFinish(trigger)) script.options.add("allow_unsafe_triggers=True");
  if (!letsGo(trigger)) {
    script.mayStall = true;
    script.cannot(
      node,
      differs(
        "Rows that wait for others, and triggers that finish early, hold the watermark of Beam's Python runner: late panes may be labelled EARLY, and have other timestamps.",
      ),
    );
  }
  if (!asksAtEnd(trigger)) {
    if (waitsForClock(trigger))
      return script.cannot(
        node,
        never(
          "Beam's Python runner waits without end for processing time that a replay does not reach. Put the trigger into afterWatermark({early}).",
        ),
      );
    script.cannot(
      node,
      differs(
        "Rows that the trigger never asks for are lost at the end of the log; Beam's Python runner has no last pane.",
      ),
    );
  }
  // Beam takes its default trigger on an endless window for an oversight.
  if (trigger.kind === "default" && window.kind === "global") return "trigger.Repeatedly(trigger.AfterWatermark())";
  return print(trigger, node, script);
}
