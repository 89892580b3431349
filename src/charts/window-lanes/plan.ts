/** `windowLanes`, the engine's half: what happened to each window, key by key while these are few, else over all keys. */
import { Stream } from "../../pipeline/stream.ts";
import type { ChartPlan } from "../chart.ts";
import { courseTables, expectedTables, windowLives } from "../shared-plans.ts";
import { windowed, windowFacts } from "../twins.ts";

export interface WindowLanesOptions {
  /** How many lanes to draw, the latest windows first. Default 24. */
  readonly lanes?: number;
}

export const windowLanes: ChartPlan<WindowLanesOptions> = {
  name: "windowLanes",
  title: "Window lanes",
  question: "What became of each window? When it opened, fired, was refined, and closed, in processing time.",
  limits: { life: 3_000, expected: 3_000, windows: 20_000, progress: 20_000 },
  plan(args) {
    const node = windowed(args.streams.stream, "windowLanes");
    return {
      life: new Stream(node).life(),
      windows: windowLives(node),
      ...courseTables(args),
      ...expectedTables(node, { keyed: true }),
      ...expectedTables(node, { keyed: false, name: "expectedAll" }),
    };
  },
  facts: ({ streams }) => ({ ...windowFacts(streams.stream) }),
};
