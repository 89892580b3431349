/**
 * Breakpoints: taps that note the first row of a step that satisfies a predicate.
 *
 * A replay works many positions in one step. When a breakpoint was met in the middle of one, the host takes the run back to
 * a checkpoint and works up to that very position: so breakpoints cost nothing while nothing meets them.
 */
import { valueAt, type Value } from "../columns/column.ts";
import { parseExpression } from "../expressions/parse.ts";
import { dense, type Flow } from "../engine/flow.ts";
import type { Tap } from "../engine/run.ts";
import type { Step } from "../engine/step.ts";
import { identity } from "../pipeline/identity.ts";
import type { Node } from "../pipeline/node.ts";
import type { BreakpointState } from "../protocol/session.ts";

/** A row that satisfied a breakpoint. */
export interface Hit {
  readonly stream: string;
  /** Position in the run, counted from its start. */
  readonly position: number;
  readonly row: Readonly<Record<string, Value>>;
}

export class Breakpoint implements Tap {
  /** Name of the variable or view, as it was set. */
  readonly stream: string;
  readonly node: Node;
  #hit: Hit | null = null;

  constructor(stream: string, node: Node) {
    this.stream = stream;
    this.node = node;
  }

  /** Returns the first hit since it was last asked, and forgets it. */
  take(): Hit | null {
    const hit = this.#hit;
    this.#hit = null;
    return hit;
  }

  apply(given: Flow, step: Step): void {
    if (this.#hit !== null || given.count === 0) return;
    const flow = dense(given);
    for (let i = 0; i < flow.count; i++) {
      // A row that is taken back is no new row.
      if (flow.weight !== null && flow.weight[i] < 0) continue;
      const row: Record<string, Value> = {};
      flow.batch.schema.forEach((field, c) => {
        row[field.name] = valueAt(flow.batch.columns[c], i);
      });
      this.#hit = { stream: this.stream, position: step.first + (flow.at === null ? i : flow.at[i]), row };
      return;
    }
  }

  reset(): void {
    this.#hit = null;
  }
  snapshot(): null {
    return null;
  }
  restore(): void {
    this.#hit = null;
  }
}

/** The stream that a breakpoint waits for a row of. Throws on a predicate that cannot be read. */
function breakpointNode(node: Node, predicate: string | null): Node {
  if (predicate === null || predicate.trim() === "") return node;
  return { verb: "filter", input: node, predicate: parseExpression(predicate) };
}

/** The earliest of several breakpoints' hits, all of which are forgotten. */
function earliest(breakpoints: Iterable<Breakpoint>): Hit | null {
  let first: Hit | null = null;
  for (const breakpoint of breakpoints) {
    const hit = breakpoint.take();
    if (hit !== null && (first === null || hit.position < first.position)) first = hit;
  }
  return first;
}

interface Setting {
  readonly predicate: string | null;
  tap: Breakpoint | null;
  error: string | null;
}

/** The breakpoints that are set, by stream. */
export class Breakpoints {
  readonly #settings = new Map<string, Setting>();

  /** Sets the breakpoint of a stream in the place of its old one. */
  set(stream: string, predicate: string | null): void {
    this.#settings.set(stream, { predicate, tap: null, error: null });
  }

  remove(stream: string): void {
    this.#settings.delete(stream);
  }

  get size(): number {
    return this.#settings.size;
  }

  /** Finds the streams in a new plan. `find` gives a stream's node, `check` throws where a node cannot be computed. */
  plan(find: (stream: string) => Node | null, check: (node: Node) => void): Breakpoint[] {
    for (const [stream, setting] of this.#settings) {
      setting.error = null;
      const old = setting.tap;
      setting.tap = null;
      const below = find(stream);
      if (below === null) {
        setting.error = `There is no stream "${stream}" in the notebook.`;
        continue;
      }
      try {
        const node = breakpointNode(below, setting.predicate);
        check(node);
        setting.tap = old !== null && identity(old.node) === identity(node) ? old : new Breakpoint(stream, node);
      } catch (error) {
        setting.error = error instanceof Error ? error.message : String(error);
      }
    }
    return this.#taps();
  }

  #taps(): Breakpoint[] {
    return [...this.#settings.values()].flatMap(s => s.tap ?? []);
  }

  /** The earliest hit since it was last asked; all are forgotten. */
  take(): Hit | null {
    return earliest(this.#taps());
  }

  states(): BreakpointState[] {
    return [...this.#settings].map(([stream, { predicate, error }]) => ({ stream, predicate, error }));
  }
}
