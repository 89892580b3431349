/**
 * The messages between the control plane (cells) and the engine, which runs in a Worker beside it. What the engine says
 * for the shell's eyes (`views`, `transport`, `graph`) passes through the control plane untouched.
 */
import type { ChartSpec } from "../charts/chart.ts";
import type { Schema } from "../columns/column.ts";
import type { Node } from "../pipeline/node.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import type { ComparedOutput } from "../protocol/comparison.ts";
import type { SessionMessage, ShellMessage, Sort, TransportAction } from "../protocol/session.ts";

/** Something live to show: a stream as a table, or a chart over the streams that its plan asks for. */
export type ViewPlan =
  | { readonly view: string; readonly kind: "table"; readonly node: Node }
  | { readonly view: string; readonly kind: "chart"; readonly spec: ChartSpec };

export interface EnginePlan {
  readonly version: number;
  readonly views: readonly ViewPlan[];
  /** Names of variables by pipeline identity, for the graph. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly profile: string;
}

export interface Watched {
  readonly view: string;
  readonly from: number;
  readonly count: number;
  readonly sort: Sort;
  /** Milliseconds between two updates at least; default once per frame. */
  readonly every?: number;
  /**
   * For who keeps all rows of a table: after one update with all of them, in the table's own order, the next ones bring changes. Another
   * number asks for all rows again.
   */
  readonly changes?: number;
}

export type ToEngine =
  | { readonly type: "plan"; readonly plan: EnginePlan }
  /** Names sources that cells have defined, while others are still being evaluated: their files can be read before there is a plan. */
  | { readonly type: "sources"; readonly nodes: readonly SourceNode[] }
  | { readonly type: "transport"; readonly action: TransportAction }
  /** Keeps the plan as it is now beside those that follow, or lets it go. */
  | { readonly type: "pin"; readonly pinned: boolean }
  | { readonly type: "watch"; readonly views: readonly Watched[] }
  | {
      readonly type: "file";
      readonly request: number;
      readonly bytes: ArrayBuffer | null;
      readonly error: string | null;
      readonly size?: number;
      readonly version?: string;
    }
  | Extract<ShellMessage, { type: "live" | "live-again" }>
  | (Extract<ShellMessage, { type: "explain" }> & {
      /** The stream itself, for cells, which know no views. */
      readonly node?: Node;
    });

/** What became of a plan: the columns of each view, or why it cannot be computed. */
export interface PlanResult {
  readonly version: number;
  readonly schemas: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;
  /** Columns of each source by its identity. */
  readonly sources: Readonly<Record<string, Schema>>;
  readonly errors: Readonly<Record<string, string>>;
}

/** The pinned replay beside the present one, view by view; which settings made them differ is for the control plane to say. */
export interface ComparedViews {
  readonly outputs: Readonly<Record<string, DistributiveOmit<ComparedOutput, "settings">>>;
  readonly dropped: { readonly pinned: number; readonly now: number };
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export type FromEngine =
  | { readonly type: "planned"; readonly result: PlanResult }
  | { readonly type: "compared"; readonly compared: ComparedViews | null }
  | Extract<
      SessionMessage,
      { type: "views" | "transport" | "graph" | "need-file" | "explained" | "live-open" | "live-close" }
    >;
