/**
 * Disturbs a whole pipeline on purpose: every source's rows go through `withLateness` before anything else reads them. The
 * pipeline that results has an identity of its own, so its state begins anew, and is the same for the same seed.
 */
import type { Node } from "./node.ts";
import { replacingSources } from "./rewrite.ts";
import type { DelayInput } from "./delays.ts";
import { rows } from "./sources.ts";
import { Stream } from "./stream.ts";

/** Shares are from 0 to 1. */
export interface Faults {
  readonly seed?: number;
  /** How long rows are held back: a mean (exponential), or a distribution as `withLateness` takes it. Default not at all. */
  readonly delay?: DelayInput;
  /** Share of the rows held back; default all if there is a delay. */
  readonly reorder?: number;
  readonly drop?: number;
  readonly duplicate?: number;
}

/**
 * Returns a function that rewrites pipelines so that their sources are disturbed, the same node always to the same node. What
 * sources say of themselves (errors, progress) stays as it is. Throws for shares outside 0 to 1 and delays without end.
 */
export function disturbing(faults: Faults): (node: Node) => Node {
  const { seed = 0, delay = 0, reorder = 1, drop = 0, duplicate = 0 } = faults;
  const settings = {
    seed,
    // A mean is what a person means by "10 s": equal delays for all would keep every row's place.
    delay: typeof delay === "object" ? delay : { exponential: delay },
    share: reorder,
    drop,
    duplicate,
  };
  const disturbed = (node: Node): Node => new Stream(node).withLateness(settings).node;
  // Settings are checked here and now, not when the first source is met.
  disturbed(rows([], { eventTime: "at" }).node);
  return replacingSources(disturbed);
}
