/** The machine of each trigger. Exhaustive by its type: a trigger without a machine does not compile. */
import type { Trigger } from "../../model/triggers.ts";
import { AfterAllMachine } from "./after-all.ts";
import { AfterAnyMachine } from "./after-any.ts";
import { AfterCountMachine } from "./after-count.ts";
import { AfterEachMachine } from "./after-each.ts";
import { AfterProcessingTimeMachine } from "./after-processing-time.ts";
import { AfterWatermarkEarlyLateMachine, AfterWatermarkMachine } from "./after-watermark.ts";
import { DefaultMachine } from "./default.ts";
import { Places, type TriggerContext, type TriggerMachine, type TriggerState } from "./machine.ts";
import { NeverMachine } from "./never.ts";
import { OrFinallyMachine } from "./or-finally.ts";
import { RepeatedlyMachine } from "./repeatedly.ts";

type Maker<K extends Trigger["kind"]> = (trigger: Extract<Trigger, { kind: K }>, places: Places) => TriggerMachine;

const MACHINES: { readonly [K in Trigger["kind"]]: Maker<K> } = {
  default: (_trigger, places) => new DefaultMachine(places.take()),
  never: (_trigger, places) => new NeverMachine(places.take()),
  afterWatermark({ early, late }, places) {
    const place = places.take();
    if (early === null && late === null) return new AfterWatermarkMachine(place);
    const before = early === null ? new NeverMachine(places.take()) : build(early, places);
    return new AfterWatermarkEarlyLateMachine(place, before, late === null ? null : build(late, places));
  },
  afterCount: ({ count }, places) => new AfterCountMachine(places.take(), count),
  afterProcessingTime: ({ delay, aligned }, places) => new AfterProcessingTimeMachine(places.take(), delay, aligned),
  repeatedly({ trigger }, places) {
    const place = places.take();
    return new RepeatedlyMachine(place, build(trigger, places));
  },
  afterEach: ({ triggers }, places) =>
    new AfterEachMachine(
      places.take(),
      triggers.map(t => build(t, places)),
    ),
  afterAny: ({ triggers }, places) =>
    new AfterAnyMachine(
      places.take(),
      triggers.map(t => build(t, places)),
    ),
  afterAll: ({ triggers }, places) =>
    new AfterAllMachine(
      places.take(),
      triggers.map(t => build(t, places)),
    ),
  orFinally({ trigger, until }, places) {
    const place = places.take();
    return new OrFinallyMachine(place, build(trigger, places), build(until, places));
  },
};

function build(trigger: Trigger, places: Places): TriggerMachine {
  return (MACHINES[trigger.kind] as Maker<Trigger["kind"]>)(trigger as never, places);
}

/** A trigger ready to run: the machine at the root, and what a new window's state is. */
export interface RunningTrigger {
  readonly root: TriggerMachine;
  /** Makes the state of a window that has seen nothing. */
  fresh(): TriggerState;
  /** Lists the moments of processing time that a window waits for. */
  deadlines(state: TriggerState): number[];
  /** Whether a window waits for a moment of processing time for which `test` holds; it is asked of NaN too. */
  awaits(state: TriggerState, test: (deadline: number) => boolean): boolean;
  /**
   * Whether a window whose trigger has not finished in any part, and which is not complete, remembers the same after it
   * has merged with nothing but new rows. Parts that do not run yet must not have set timers for this.
   */
  readonly mergesAlone: boolean;
  /** Whether no part has to be told of the first row after a pane: it waits for nothing that begins with that row. */
  readonly steady: boolean;
  /** Whether it follows time at all; one that only counts rows has no on-time firing. */
  readonly timed: boolean;
}

function mergesAlone(trigger: Trigger): boolean {
  switch (trigger.kind) {
    case "default":
    case "never":
    case "afterCount":
    case "afterProcessingTime":
      return true;
    case "afterWatermark":
      return (trigger.early === null || mergesAlone(trigger.early)) && (trigger.late === null || !waits(trigger.late));
    case "repeatedly":
      return mergesAlone(trigger.trigger);
    case "afterAny":
    case "afterAll":
      return trigger.triggers.every(mergesAlone);
    case "orFinally":
      return mergesAlone(trigger.trigger) && mergesAlone(trigger.until);
    case "afterEach":
      return false;
  }
}

function steady(trigger: Trigger): boolean {
  switch (trigger.kind) {
    case "default":
    case "never":
    case "afterCount":
      return true;
    case "afterWatermark":
      return (trigger.early === null || steady(trigger.early)) && (trigger.late === null || steady(trigger.late));
    case "repeatedly":
      return steady(trigger.trigger);
    case "afterAny":
    case "afterAll":
      return trigger.triggers.every(steady);
    case "orFinally":
      return steady(trigger.trigger) && steady(trigger.until);
    case "afterProcessingTime":
    case "afterEach":
      return false;
  }
}

/** Whether a trigger may wait for something else than a number of rows. */
function waits(trigger: Trigger): boolean {
  return trigger.kind === "repeatedly" ? waits(trigger.trigger) : trigger.kind !== "afterCount";
}

/** Builds the machine of a trigger description. Throws when it has more parts than a state has room for. */
export function runTrigger(trigger: Trigger): RunningTrigger {
  const places = new Places();
  const root = build(trigger, places);
  const all: TriggerMachine[] = [];
  const collect = (machine: TriggerMachine): void => {
    all[machine.place] = machine;
    machine.parts.forEach(collect);
  };
  collect(root);
  const nothing = all.map(machine => machine.nothing);
  return {
    root,
    fresh: () => ({ finished: 0, data: nothing.slice() }),
    deadlines: state => all.map(machine => machine.deadline(state)).filter(deadline => !Number.isNaN(deadline)),
    awaits(state, test) {
      for (const machine of all) if (test(machine.deadline(state))) return true;
      return false;
    },
    mergesAlone: mergesAlone(trigger),
    steady: steady(trigger),
    timed: all.some(machine => machine.timed),
  };
}

export type { TriggerContext, TriggerState };
