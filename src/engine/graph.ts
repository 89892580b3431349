/**
 * The running form of a pipeline: one operator per node, in an order in which every node comes after its inputs, each
 * working once per step. Nodes with equal identity are one, however many cells mention them.
 *
 * When a pipeline is edited, a new graph is planned from the old one: nodes whose identity survives keep their operator
 * and with it their state; the others are new and have to catch up on the steps that have passed (see `Run`).
 */
import type { Batch } from "../columns/batch.ts";
import { batchOf } from "../columns/builder.ts";
import type { Schema } from "../columns/column.ts";
import type { Profile } from "../model/profiles.ts";
import { identity } from "../pipeline/identity.ts";
import { inputsOf, type Node, portRead, topological, verbOf } from "../pipeline/node.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { MAIN, type Port } from "../pipeline/verb.ts";
import { emptyFlow, type Flow } from "./flow.ts";
import type { Operator, OperatorFactory, Outputs } from "./operator.ts";
import { OPERATORS } from "./registry.ts";
import type { Step } from "./step.ts";

export interface GraphOptions {
  readonly profile: Profile;
  /** Columns of each source, which only its log knows. */
  readonly sources: (source: SourceNode) => Schema;
  readonly remembers?: boolean;
  readonly codegen?: boolean;
  readonly specialize?: boolean;
}

/** One node of a running graph. */
export interface GraphNode {
  readonly id: string;
  readonly node: Node;
  readonly inputs: readonly { readonly from: GraphNode; readonly port: Port }[];
  /** Ports that somebody reads, `main` among them. */
  readonly reads: ReadonlySet<Port>;
  schema(port: Port): Schema;
  /** Null for sources. */
  readonly operator: Operator | null;
  /** What it put out in the latest step. */
  outputs: Outputs;
  /** Rows it has put out since the start. */
  rows: number;
  /** Its output watermark after the latest step. */
  watermark: number;
}

export class Graph {
  readonly nodes: readonly GraphNode[];
  /** Nodes that are new in this graph and have seen nothing yet, inputs before readers. */
  readonly fresh: readonly GraphNode[];
  readonly #byId = new Map<string, GraphNode>();

  /** Plans the graph that computes `roots`, taking over from `previous` what did not change. */
  constructor(roots: readonly Node[], options: GraphOptions, previous: Graph | null = null) {
    const order = topological(roots);
    const reads = new Map<string, Set<Port>>();
    for (const node of order) {
      const id = identity(node);
      if (!reads.has(id)) reads.set(id, new Set([MAIN]));
      for (const input of inputsOf(node)) reads.get(identity(input))?.add(portRead(node));
    }
    const nodes: GraphNode[] = [];
    const fresh: GraphNode[] = [];
    for (const node of order) {
      const id = identity(node);
      if (this.#byId.has(id)) continue;
      const wanted = reads.get(id) as ReadonlySet<Port>;
      const kept = previous?.find(id);
      const inputs = inputsOf(node).map(input => ({
        from: this.#byId.get(identity(input)) as GraphNode,
        port: portRead(node),
      }));
      // A node is kept if it computes what is wanted of it, and if what it reads was kept too.
      if (kept !== undefined && covers(kept.reads, wanted) && inputs.every(i => !fresh.includes(i.from))) {
        const entry: GraphNode = Object.assign(kept, { inputs });
        nodes.push(entry);
        this.#byId.set(id, entry);
        continue;
      }
      const entry = plan(id, node, inputs, wanted, options);
      nodes.push(entry);
      fresh.push(entry);
      this.#byId.set(id, entry);
    }
    this.nodes = nodes;
    this.fresh = fresh;
  }

  find(id: string): GraphNode | undefined {
    return this.#byId.get(id);
  }

  /** The running form of a node. Throws when the graph does not compute it. */
  of(node: Node): GraphNode {
    const found = this.#byId.get(identity(node));
    if (found === undefined) throw new Error(`The graph does not compute "${verbOf(node).describe(node)}".`);
    return found;
  }

  /** Works through one step: sources hand out `flows`, every other node its operator's outputs. */
  step(step: Step, flows: ReadonlyMap<string, Outputs>): void {
    for (const node of this.nodes) work(node, step, flows);
  }

  /** Works through one step for the nodes in `only`, with the outputs that the others have. */
  stepOnly(only: readonly GraphNode[], step: Step, flows: ReadonlyMap<string, Outputs>): void {
    for (const node of only) work(node, step, flows);
  }

  snapshot(): Map<string, unknown> {
    const out = new Map<string, unknown>();
    for (const node of this.nodes)
      out.set(node.id, { state: node.operator?.snapshot() ?? null, rows: node.rows, watermark: node.watermark });
    return out;
  }

  /** Puts back what `snapshot` gave, into all nodes or into those of `only`. */
  restore(snapshot: ReadonlyMap<string, unknown>, only: readonly GraphNode[] = this.nodes): void {
    for (const node of only) {
      const from = snapshot.get(node.id) as { state: unknown; rows: number; watermark: number } | undefined;
      if (from === undefined)
        throw new Error(`The snapshot lacks the node "${verbOf(node.node).describe(node.node)}".`);
      node.operator?.restore(from.state);
      node.rows = from.rows;
      node.watermark = from.watermark;
    }
  }
}

function covers(has: ReadonlySet<Port>, wanted: ReadonlySet<Port>): boolean {
  for (const port of wanted) if (!has.has(port)) return false;
  return true;
}

function work(node: GraphNode, step: Step, flows: ReadonlyMap<string, Outputs>): void {
  const { operator, inputs } = node;
  if (operator === null) {
    const given = flows.get(node.id);
    if (given !== undefined) node.outputs = given;
  } else if (inputs.length === 1) node.outputs = operator.step(step, [read(inputs[0].from, inputs[0].port)]);
  else
    node.outputs = operator.step(
      step,
      inputs.map(i => read(i.from, i.port)),
    );
  const main = node.outputs[MAIN];
  node.rows += main.count;
  if (step.length > 0) node.watermark = main.watermark[step.length - 1];
}

/** Reads an output of a node in this step; a port at which nothing came out flows empty. */
export function read(node: GraphNode, port: Port): Flow {
  const flow = node.outputs[port];
  if (flow !== undefined) return flow;
  const schema = node.schema(port);
  return emptyFlow(schema, emptyBatch(schema), node.outputs[MAIN].watermark);
}

const EMPTY = new WeakMap<Schema, Batch>();

function emptyBatch(schema: Schema): Batch {
  let batch = EMPTY.get(schema);
  if (batch === undefined) EMPTY.set(schema, (batch = batchOf(schema, [])));
  return batch;
}

function plan(
  id: string,
  node: Node,
  inputs: GraphNode["inputs"],
  reads: ReadonlySet<Port>,
  options: GraphOptions,
): GraphNode {
  const inputSchemas = node.verb === "source" ? [options.sources(node)] : inputs.map(i => i.from.schema(i.port));
  const schemas = new Map<Port, Schema>();
  const schema = (port: Port): Schema => {
    let found = schemas.get(port);
    if (found === undefined) schemas.set(port, (found = verbOf(node).schema(node, inputSchemas, port)));
    return found;
  };
  let operator: Operator | null = null;
  if (node.verb !== "source") {
    const factory = OPERATORS[node.verb] as OperatorFactory<Node>;
    operator = factory(node, {
      inputs: inputSchemas,
      schema,
      reads: port => reads.has(port),
      profile: options.profile,
      remembers: options.remembers,
      codegen: options.codegen ?? true,
      specialize: options.specialize ?? true,
    });
  }
  const outputs: Outputs = { main: emptyFlow(schema(MAIN), emptyBatch(schema(MAIN)), new Float64Array(0)) };
  return { id, node, inputs, reads, schema, operator, outputs, rows: 0, watermark: -Infinity };
}
