/** Says in sentences which rules a pipeline's results depend on under a profile: for the header of every script. */
import type { Profile } from "../model/profiles.ts";
import { merges } from "../model/windows.ts";
import { type Node, topological } from "../pipeline/node.ts";

const WATERMARK: Readonly<Record<Profile["watermark"], string>> = {
  row: "The watermark moves after each row.",
  bundle: "The watermark moves after each bundle of rows.",
  periodic: "The watermark moves at multiples of its period.",
  "micro-batch": "Rows of a micro-batch meet the watermark of the batch before.",
  "end-of-input": "The watermark moves once, at the end of the input.",
};

const TIMER: Readonly<Record<Profile["processingTimer"], string>> = {
  at: "A processing-time timer fires at its deadline, after the rows of that moment.",
  "at-once": "A processing-time timer fires at its deadline, before the rows of that moment.",
  after: "A processing-time timer fires when the clock is past its deadline.",
};

/** Lists the rules of `profile` that matter to the pipeline of `root`: those of windows only where it has windows, and so on. */
export function applyingRules(root: Node, profile: Profile): string[] {
  const nodes = topological([root]);
  const strategies = nodes.flatMap(n => (n.verb === "aggregate" && n.strategy !== null ? [n.strategy] : []));
  const rules = [WATERMARK[profile.watermark]];
  if (strategies.length === 0) return rules;
  rules.push(
    "A window [start, end) is complete when its end is at or before the watermark.",
    `A row is dropped when the end of its window plus the allowed lateness is ${profile.dropAt === "<" ? "before" : "at or before"} the watermark.`,
    profile.evaluate === "row" ? "Triggers are evaluated after each row." : "Triggers are evaluated once per bundle.",
    profile.onTime === "always"
      ? "An on-time pane comes out even if it is empty."
      : "An on-time pane without new rows does not come out.",
  );
  if (profile.closing === "never") rules.push("A window that expires says nothing more.");
  if (strategies.some(s => JSON.stringify(s.trigger).includes("afterProcessingTime")))
    rules.push(TIMER[profile.processingTimer]);
  if (strategies.some(s => merges(s.window)))
    rules.push(
      profile.inclusiveSessions
        ? "Sessions that touch merge."
        : "Sessions merge when they overlap; touching is not enough.",
    );
  return rules;
}

/** Breaks text into lines of at most `width` characters, between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
