/** Which faults are injected, and what pipelines and the names of their nodes become by them. */
import { disturbing } from "../pipeline/faults.ts";
import { identity } from "../pipeline/identity.ts";
import { type Node, topological } from "../pipeline/node.ts";
import type { TransportState } from "../protocol/session.ts";
import type { PlannedView } from "./views.ts";

/** Rewrites a pipeline, the same node always to the same node. */
export type Disturb = (node: Node) => Node;

type Options = TransportState["faults"];

const undisturbed: Disturb = node => node;

export class InjectedFaults {
  #options: Options = null;
  #error: string | null = null;
  #disturb = undisturbed;

  /** The faults that are injected; null: none. */
  get options(): Options {
    return this.#options;
  }

  /** Why those that were asked for last cannot be injected, so that the ones before stay; null when they are. */
  get error(): string | null {
    return this.#error;
  }

  /** Rewrites a pipeline as the faults ask for that are injected now; it goes on doing so when others follow. */
  get disturb(): Disturb {
    return this.#disturb;
  }

  /** Injects other faults from now on. Never throws: see `error`. */
  set(options: Options): void {
    try {
      this.#disturb = options == null ? undisturbed : disturbing(options);
      this.#options = options;
      this.#error = null;
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
    }
  }
}

/** Rewrites all streams of a view. */
export function disturbedView(view: PlannedView, disturb: Disturb): PlannedView {
  const streams = Object.fromEntries(Object.entries(view.streams).map(([name, n]) => [name, disturb(n)]));
  const roles = Object.fromEntries(Object.entries(view.roles).map(([role, n]) => [role, disturb(n)]));
  return { ...view, streams, roles };
}

/** Adds to a plan's names, which go by identity, the identities that the nodes below `roots` have once they are disturbed. */
export function disturbedNames(
  names: Readonly<Record<string, readonly string[]>>,
  roots: readonly Node[],
  disturb: Disturb,
): Record<string, readonly string[]> {
  const all: Record<string, readonly string[]> = { ...names };
  for (const node of topological(roots)) {
    const own = names[identity(node)];
    if (own !== undefined) all[identity(disturb(node))] = own;
  }
  return all;
}
