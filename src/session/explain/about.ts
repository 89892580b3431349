/**
 * What the marks of charts ask about beyond rows and windows. Each such mark says what it is `about`; the answer is told from the
 * streams that the chart is a chart of, and never from its own tables, so that a story and a picture check each other.
 */
import type { Slices } from "../../engine/slices.ts";
import type { Run } from "../../engine/run.ts";
import type { Node } from "../../pipeline/node.ts";
import type { Values, ViewAsked } from "./asked.ts";
import { dateStory } from "./date.ts";
import type { Explanation } from "./explanation.ts";
import { flowsStory } from "./flows.ts";
import { heldStory } from "./held.ts";
import { partitionStory } from "./holds.ts";
import { latenessStory } from "./lateness.ts";
import { lineStory } from "./line.ts";
import { missStory } from "./joins.ts";
import { droppedInAll, changedLate } from "./losses.ts";
import { paneStory } from "./panes.ts";
import { perfectStory } from "./perfect.ts";
import { settingStory } from "./settings.ts";
import { stretchStory } from "./stretch.ts";
import { surgeryStory } from "./surgery.ts";

/** Tells the story of what `values` are about; null where nothing of it is to be found. */
export function* aboutStory(
  view: ViewAsked,
  values: Values,
  run: Run,
  nameOf: (node: Node) => string | null,
): Slices<Explanation | null> {
  const { stream, other } = view.roles;
  if (values["about"] === "line")
    return yield* lineStory([...Object.values(view.roles), ...view.nodes], values, run, nameOf);
  if (stream === undefined) return null;
  switch (values["about"]) {
    case "partition":
      return yield* partitionStory(stream, values, run);
    case "pane":
      return yield* paneStory(stream, values, run);
    case "session":
      return yield* surgeryStory(stream, values, run);
    case "miss":
      return other === undefined ? null : yield* missStory(stream, other, values, run);
    case "stretch":
      return yield* stretchStory(stream, values, run);
    case "lateness":
      return yield* latenessStory(stream, values, run);
    case "date":
      return yield* dateStory(stream, values, run);
    case "setting":
      return yield* settingStory(stream, values, run);
    case "held":
      return yield* heldStory(stream, values, run);
    case "flows":
      return yield* flowsStory(stream, values, run);
    case "perfect":
      return perfectStory(stream, values, run);
    case "dropped":
      return yield* droppedInAll(stream, run, nameOf);
    case "late":
      return yield* changedLate(stream, run);
    default:
      return null;
  }
}
