/**
 * Triggers, naively: each window has a tree of its own, and every rule is written as Apache Beam's trigger state machines
 * say it, one function per question. The engine's machines are held against this.
 */
import type { Trigger } from "../../src/model/triggers.ts";

/** One trigger of a window's tree, with what it remembers of that window. */
export interface TriggerTree {
  readonly trigger: Trigger;
  readonly parts: readonly TriggerTree[];
  finished: boolean;
  /** Rows counted for the pane in the making. */
  count: number;
  /** Processing time it waits for. */
  deadline: number | null;
}

/** What a trigger can know. */
export interface Circumstances {
  /** Whether the watermark has reached the end of the window. */
  readonly complete: boolean;
  readonly clock: number;
  /** Whether a deadline of exactly now has come. */
  readonly dueAtNow: boolean;
  readonly merging: boolean;
}

export function plant(trigger: Trigger): TriggerTree {
  return { trigger, parts: partsOf(trigger).map(plant), finished: false, count: 0, deadline: null };
}

function partsOf(trigger: Trigger): readonly Trigger[] {
  switch (trigger.kind) {
    case "afterWatermark": {
      const { early, late } = trigger;
      if (early === null && late === null) return [];
      const before: Trigger = early ?? { kind: "never" };
      return late === null ? [before] : [before, late];
    }
    case "repeatedly":
      return [trigger.trigger];
    case "afterEach":
    case "afterAny":
    case "afterAll":
      return trigger.triggers;
    case "orFinally":
      return [trigger.trigger, trigger.until];
    default:
      return [];
  }
}

const running = (tree: TriggerTree): TriggerTree | undefined => tree.parts.find(part => !part.finished);

/** A row has come. Returns whether a part of the trigger that waits for the end of the window has seen it. */
export function onRow(tree: TriggerTree, now: Circumstances): boolean {
  const told = partsTold(tree, now).map(part => onRow(part, now));
  remember(tree, now);
  return ["default", "afterWatermark"].includes(tree.trigger.kind) || told.includes(true);
}

/** The parts that are told of a row. */
function partsTold(tree: TriggerTree, now: Circumstances): readonly TriggerTree[] {
  switch (tree.trigger.kind) {
    case "afterWatermark":
    case "afterEach": {
      const first = running(tree);
      return now.merging ? tree.parts : first === undefined ? [] : [first];
    }
    case "afterAll":
      return tree.parts.filter(part => !part.finished);
    default:
      return tree.parts;
  }
}

function remember(tree: TriggerTree, now: Circumstances): void {
  const { trigger } = tree;
  switch (trigger.kind) {
    case "afterCount":
      tree.count++;
      break;
    case "afterProcessingTime":
      if (tree.deadline !== null) break;
      if (trigger.aligned) {
        const tick = Math.ceil(now.clock / trigger.delay) * trigger.delay;
        tree.deadline = tick === now.clock && now.dueAtNow ? tick + trigger.delay : tick;
      } else tree.deadline = now.clock + trigger.delay;
      break;
  }
}

export function isReady(tree: TriggerTree, now: Circumstances): boolean {
  const { trigger, parts } = tree;
  switch (trigger.kind) {
    case "default":
      return now.complete;
    case "never":
      return false;
    case "afterCount":
      return tree.count >= trigger.count;
    case "afterProcessingTime":
      return tree.deadline !== null && (tree.deadline < now.clock || (now.dueAtNow && tree.deadline === now.clock));
    case "afterWatermark": {
      if (parts.length === 0) return now.complete;
      const [early, late] = parts;
      if (!early.finished) return now.complete || isReady(early, now);
      return late !== undefined && isReady(late, now);
    }
    case "repeatedly":
      return isReady(parts[0], now);
    case "afterEach": {
      const first = running(tree);
      return first !== undefined && isReady(first, now);
    }
    case "afterAny":
      return parts.some(part => part.finished || isReady(part, now));
    case "afterAll":
      return parts.every(part => part.finished || isReady(part, now));
    case "orFinally":
      return parts.some(part => isReady(part, now));
  }
}

/** A pane comes out because the trigger was ready. */
export function onFire(tree: TriggerTree, now: Circumstances): void {
  const { trigger, parts } = tree;
  switch (trigger.kind) {
    case "default":
      break;
    case "never":
      throw new Error("never fired");
    case "afterCount":
    case "afterProcessingTime":
      forget(tree);
      tree.finished = true;
      break;
    case "afterWatermark":
      fireAfterWatermark(tree, now);
      break;
    case "repeatedly":
      onFire(parts[0], now);
      if (parts[0].finished) startAgain(parts[0]);
      break;
    case "afterEach": {
      const first = running(tree);
      if (first !== undefined) onFire(first, now);
      if (now.merging) parts.forEach(forget);
      tree.finished = running(tree) === undefined;
      break;
    }
    case "afterAny":
      for (const part of parts)
        if (isReady(part, now)) onFire(part, now);
        else forget(part);
      tree.finished = true;
      break;
    case "afterAll":
      for (const part of parts) onFire(part, now);
      tree.finished = true;
      break;
    case "orFinally": {
      const [actual, until] = parts;
      if (isReady(until, now)) {
        onFire(until, now);
        forget(actual);
      } else onFire(actual, now);
      tree.finished = actual.finished || until.finished;
    }
  }
}

function fireAfterWatermark(tree: TriggerTree, now: Circumstances): void {
  const [early, late] = tree.parts;
  if (early === undefined) tree.finished = true;
  else if (early.finished) {
    if (late === undefined) tree.finished = true;
    else {
      onFire(late, now);
      forget(late);
      late.finished = false;
    }
  } else if (now.complete) {
    if (isReady(early, now)) onFire(early, now);
    early.finished = true;
    forget(early);
    if (late === undefined) tree.finished = true;
    else forget(late);
  } else {
    onFire(early, now);
    forget(early);
    early.finished = false;
  }
}

/** Forgets rows counted and deadlines, not what has finished. */
export function forget(tree: TriggerTree): void {
  tree.count = 0;
  tree.deadline = null;
  tree.parts.forEach(forget);
}

function startAgain(tree: TriggerTree): void {
  tree.finished = false;
  tree.count = 0;
  tree.deadline = null;
  tree.parts.forEach(startAgain);
}

/** Fills `into` with what the trees of merged windows come to. `into` may begin with bits that are finished already. */
export function merge(into: TriggerTree, from: readonly TriggerTree[], now: Circumstances): void {
  const { trigger, parts } = into;
  const part = (i: number): void => merge(parts[i], partsAt(from, i), now);
  const allFinished = from.every(tree => tree.finished);
  switch (trigger.kind) {
    case "afterCount":
      into.finished = into.finished || from.some(tree => tree.finished);
      into.count = from.some(tree => tree.finished) ? 0 : from.reduce((sum, tree) => sum + tree.count, 0);
      break;
    case "afterProcessingTime": {
      const deadlines = from.flatMap(tree => (tree.deadline === null ? [] : [tree.deadline]));
      into.deadline = into.finished || deadlines.length === 0 ? null : Math.min(...deadlines);
      break;
    }
    case "afterWatermark":
      if (parts.length === 0) into.finished = allFinished && now.complete;
      else if (partsAt(from, 0).every(early => early.finished) && now.complete) {
        parts[0].finished = true;
        if (parts.length > 1) part(1);
      } else {
        part(0);
        parts[0].finished = false;
        if (parts.length > 1) {
          parts[1].finished = false;
          forget(parts[1]);
        }
      }
      break;
    case "afterEach": {
      let before = true;
      parts.forEach((each, i) => {
        if (before) part(i);
        else forget(each);
        before &&= each.finished;
      });
      into.finished = running(into) === undefined;
      break;
    }
    case "repeatedly":
      part(0);
      break;
    case "afterAny":
    case "orFinally":
      parts.forEach((_, i) => part(i));
      into.finished = parts.some(p => p.finished);
      break;
    case "afterAll":
      parts.forEach((_, i) => part(i));
      into.finished = parts.every(p => p.finished);
      break;
    case "default":
    case "never":
  }
}

const partsAt = (trees: readonly TriggerTree[], i: number): TriggerTree[] => trees.map(tree => tree.parts[i]);

/** Makes a tree in which the same triggers have finished, and nothing else is remembered. */
export function withFinished(of: TriggerTree): TriggerTree {
  return { ...of, parts: of.parts.map(withFinished), count: 0, deadline: null };
}

/** Everything the tree waits for in processing time. */
export function deadlines(tree: TriggerTree): number[] {
  return [...(tree.deadline === null ? [] : [tree.deadline]), ...tree.parts.flatMap(deadlines)];
}

/** Whether it follows time at all. */
export function followsTime(tree: TriggerTree): boolean {
  return (
    ["default", "afterWatermark", "afterProcessingTime"].includes(tree.trigger.kind) || tree.parts.some(followsTime)
  );
}

/** Whether merging makes a trigger wait for the end of the window: where a part always does, and is merged. */
export function waitsForEnd(tree: TriggerTree): boolean {
  return tree.trigger.kind === "default" || tree.parts.some(waitsForEnd);
}
