/**
 * `port`: makes an output of another node a stream of its own: a side output (`late`, `errors` …), or the main output
 * with what travels beside its columns made visible: `changes` adds the weight, `panes` adds the pane's description.
 */
import type { Schema } from "../../columns/column.ts";
import type { Node } from "../node.ts";
import { type Port, type Verb } from "../verb.ts";

export interface PortNode {
  readonly verb: "port";
  readonly input: Node;
  readonly port: Port;
}

export const CHANGE_FIELDS: Schema = [{ name: "weight", type: "number", nullable: false }];

export const PANE_FIELDS: Schema = [
  { name: "emitted_at", type: "timestamp", nullable: false },
  { name: "timing", type: "string", nullable: false },
  { name: "pane", type: "number", nullable: false },
  { name: "non_speculative", type: "number", nullable: false },
  { name: "is_first", type: "boolean", nullable: false },
  { name: "is_last", type: "boolean", nullable: false },
  { name: "weight", type: "number", nullable: false },
];

/** Ports that show the main output with more columns; every other port is a side output. */
export const VIEWS: Readonly<Record<string, Schema>> = { changes: CHANGE_FIELDS, panes: PANE_FIELDS };

export const port: Verb<PortNode> = {
  inputs: node => [node.input],
  withInputs: (node, [input]) => ({ ...node, input }),
  ports: () => [],
  // The graph hands a port node the schema of the very output it reads.
  schema: (node, [input]) => [...input, ...(VIEWS[node.port] ?? [])],
  describe: node => node.port,
};
