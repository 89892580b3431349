/**
 * The running form of a pipeline: one operator per node, in an order in which every node comes after its inputs, each
 * working once per step. Nodes with equal identity are one, however many cells mention them.
 *
 * When a pipeline is edited, a new graph is planned from the old one: nodes whose identity survives keep their operator
 * and with it their state; the others are new and have to catch up on the steps that have passed (see `Run`).
 */
import { emptyBatch } from "../columns/builder.ts";
import type { Schema } from "../columns/column.ts";
import type { Profile } from "../model/profiles.ts";
import { identity } from "../pipeline/identity.ts";
import { inputsOf, type Node, portRead, schemaOf, topological, verbOf } from "../pipeline/node.ts";
import type { DeriveNode } from "../pipeline/verbs/derive.ts";
import type { FilterNode } from "../pipeline/verbs/filter.ts";
import type { JoinNode } from "../pipeline/verbs/join.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { MAIN, type Port } from "../pipeline/verb.ts";
import { emptyFlow, type Flow, lastWatermark, plainFlow } from "./flow.ts";
import { Holdings, type Names } from "./holdings.ts";
import type { Operator, OperatorContext, OperatorFactory, Outputs } from "./operator.ts";
import { countedJoin, pairCounts } from "./operators/aggregate/pairs.ts";
import { fused } from "./operators/fused.ts";
import { OPERATORS } from "./registry.ts";
import { atOnce, type Slices } from "./slices.ts";
import { plainStep, type Step } from "./step.ts";

export interface GraphOptions {
  readonly profile: Profile;
  /** Columns of each source, which only its log knows. */
  readonly sources: (source: SourceNode) => Schema;
  readonly remembers?: boolean;
  readonly codegen?: boolean;
  /** Identities of nodes whose outputs are handed in with a step, as those of sources are. What only they read is left out. */
  readonly given?: ReadonlySet<string>;
  /** Whether operators say whose turn it is where several keys speak at one position. */
  readonly turns?: boolean;
  readonly specialize?: boolean;
}

/** One node of a running graph. */
export interface GraphNode {
  readonly id: string;
  readonly node: Node;
  readonly inputs: readonly { readonly from: GraphNode; readonly port: Port }[];
  /**
   * Nodes that this one computes along the way without their rows being made, inputs before readers: a join whose pairs an
   * aggregate counts, the filters and derived columns before the last of a chain.
   */
  readonly absorbs: readonly Node[];
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
  readonly #names: Names;

  /** Plans the graph that computes `roots`, taking over from `previous` what did not change. */
  constructor(roots: readonly Node[], options: GraphOptions, previous: Graph | null = null) {
    const order = topological(roots);
    const reads = new Map<string, Set<Port>>();
    for (const node of order) {
      const id = identity(node);
      if (!reads.has(id)) reads.set(id, new Set([MAIN]));
      for (const input of inputsOf(node)) reads.get(identity(input))?.add(portRead(node));
    }
    const absorbed = absorptions(roots, order, reads, options, previous);
    const given = options.given ?? NONE;
    const needed = neededBy(roots, absorbed, given);
    this.#names = previous === null ? { next: 0 } : previous.#names;
    const holdings = new Holdings(this.#names, options.specialize === false);
    const nodes: GraphNode[] = [];
    const fresh: GraphNode[] = [];
    /** Fresh nodes whose readers have to begin anew as well. What a stateless node puts out follows from its identity. */
    const anew = new Set<GraphNode>();
    for (const node of order) {
      const id = identity(node);
      // Every source stays, because together they make the steps.
      if (this.#byId.has(id) || (node.verb !== "source" && !needed.has(id))) continue;
      if (given.has(id)) {
        const entry = planGiven(id, node, reads.get(id) as ReadonlySet<Port>, options);
        nodes.push(entry);
        this.#byId.set(id, entry);
        continue;
      }
      const wanted = reads.get(id) as ReadonlySet<Port>;
      const absorbs = absorbed.get(id) ?? [];
      const begins = absorbs[0] ?? node;
      const known = previous?.find(id);
      const kept = known !== undefined && sameNodes(known.absorbs, absorbs) ? known : undefined;
      const inputs = inputsOf(begins).map(input => ({
        from: this.#byId.get(identity(input)) as GraphNode,
        port: portRead(begins),
      }));
      const settled = inputs.every(i => !anew.has(i.from));
      // A node is kept if it computes what is wanted of it, and if what it reads was kept too.
      if (kept !== undefined && covers(kept.reads, wanted) && settled) {
        const entry: GraphNode = Object.assign(kept, { inputs });
        nodes.push(entry);
        this.#byId.set(id, entry);
        continue;
      }
      const entry = plan(id, node, absorbs, inputs, wanted, holdings, options);
      nodes.push(entry);
      fresh.push(entry);
      if (entry.operator?.stateless !== true || !settled) anew.add(entry);
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

  /** Takes out the state of all nodes, or of those in `only`. */
  snapshot(only: readonly GraphNode[] = this.nodes): Map<string, unknown> {
    const out = new Map<string, unknown>();
    for (const node of only) out.set(node.id, atOnce(this.snapshotting(node)));
    return out;
  }

  /** Takes out the state of one node, in slices, while the graph stands still. */
  *snapshotting({ operator, rows, watermark }: GraphNode): Slices<unknown> {
    const state = operator?.snapshotting === undefined ? operator?.snapshot() : yield* operator.snapshotting();
    return { state: state ?? null, rows, watermark };
  }

  /** Puts back what `snapshot` gave, into all nodes or into those of `only`. */
  restore(snapshot: ReadonlyMap<string, unknown>, only: readonly GraphNode[] = this.nodes): void {
    for (const node of only) atOnce(this.restoring(node, snapshot.get(node.id)));
  }

  /** Puts back what `snapshotting` gave, in slices. */
  *restoring(node: GraphNode, snapshot: unknown): Slices<void> {
    const from = snapshot as { state: unknown; rows: number; watermark: number } | undefined;
    if (from === undefined) throw new Error(`The snapshot lacks the node "${verbOf(node.node).describe(node.node)}".`);
    const { operator } = node;
    if (operator?.restoring === undefined) operator?.restore(from.state);
    else yield* operator.restoring(from.state);
    node.rows = from.rows;
    node.watermark = from.watermark;
  }
}

/**
 * Decides which nodes are computed by others along the way, by the identity of those. What a running graph computes stays as it
 * is: a node that comes to be read by others as well is computed beside the one that absorbs it.
 */
function absorptions(
  roots: readonly Node[],
  order: readonly Node[],
  reads: ReadonlyMap<string, ReadonlySet<Port>>,
  options: GraphOptions,
  previous: Graph | null,
): Map<string, readonly Node[]> {
  const out = new Map<string, readonly Node[]>();
  if (options.specialize === false) return out;
  const readers = new Map<string, Map<string, Node>>();
  for (const node of order)
    for (const input of inputsOf(node)) {
      const id = identity(input);
      if (!readers.has(id)) readers.set(id, new Map());
      readers.get(id)?.set(identity(node), node);
    }
  const asked = new Set([...roots.map(identity), ...(options.given ?? NONE)]);
  const onlyReader = (node: Node): Node | null => {
    const of = readers.get(identity(node));
    return of?.size !== 1 || asked.has(identity(node)) ? null : [...of.values()][0];
  };
  for (const node of order) {
    const id = identity(node);
    if (out.has(id)) continue;
    const known = previous?.find(id);
    if (node.verb === "aggregate") {
      const join = countedJoin(node, options.profile, reads.get(id) as ReadonlySet<Port>);
      if (join !== null && onlyReader(join) !== null) out.set(id, [join]);
    } else if (known !== undefined) out.set(id, known.absorbs);
    else if (isStage(node)) {
      const reader = onlyReader(node);
      // The last of a chain takes in those before it, from the first that nobody else reads.
      if (reader !== null && isStage(reader) && previous?.find(identity(reader)) === undefined) continue;
      const chain: Node[] = [];
      for (let [input] = inputsOf(node); isStage(input); [input] = inputsOf(input)) {
        if (onlyReader(input) === null || previous?.find(identity(input)) !== undefined) break;
        chain.unshift(input);
      }
      out.set(id, chain);
    }
  }
  return out;
}

/** Whether a node is a stage of a chain that can be worked as one. */
function isStage(node: Node): node is FilterNode | DeriveNode {
  return node.verb === "filter" || node.verb === "derive";
}

function sameNodes(a: readonly Node[], b: readonly Node[]): boolean {
  return a.length === b.length && a.every((node, i) => identity(node) === identity(b[i]));
}

const NONE: ReadonlySet<string> = new Set();

/** Finds the nodes that have to be computed for roots, by identity: not those that others absorb, nor what is only read by given ones. */
function neededBy(
  roots: readonly Node[],
  absorbed: ReadonlyMap<string, readonly Node[]>,
  given: ReadonlySet<string>,
): Set<string> {
  const found = new Set<string>();
  const visit = (node: Node): void => {
    const id = identity(node);
    if (found.has(id)) return;
    found.add(id);
    if (!given.has(id)) for (const input of inputsOf(absorbed.get(id)?.[0] ?? node)) visit(input);
  };
  for (const root of roots) visit(root);
  return found;
}

/** Makes the entry of a node that is handed its outputs. */
function planGiven(id: string, node: Node, reads: ReadonlySet<Port>, options: GraphOptions): GraphNode {
  const schemas = new Map<Port, Schema>();
  const schema = (port: Port): Schema => {
    let found = schemas.get(port);
    if (found === undefined) schemas.set(port, (found = schemaOf(node, options.sources, port)));
    return found;
  };
  const outputs: Outputs = { main: emptyFlow(schema(MAIN), emptyBatch(schema(MAIN)), new Float64Array(0)) };
  const none = { absorbs: [], inputs: [], operator: null };
  return { id, node, ...none, reads, schema, outputs, rows: 0, watermark: -Infinity };
}

function covers(has: ReadonlySet<Port>, wanted: ReadonlySet<Port>): boolean {
  for (const port of wanted) if (!has.has(port)) return false;
  return true;
}

/** Works through one step for one node, with the outputs that its inputs have. */
export function work(node: GraphNode, step: Step, flows: ReadonlyMap<string, Outputs>): void {
  const { operator, inputs } = node;
  if (operator === null) {
    const given = flows.get(node.id);
    if (given !== undefined) node.outputs = given;
  } else if (operator.lazy === true) {
    node.outputs = operator.step(
      step,
      inputs.map(i => read(i.from, i.port)),
    );
  } else if (inputs.length === 1)
    node.outputs = operator.step(plainStep(step), [plainFlow(read(inputs[0].from, inputs[0].port))]);
  else
    node.outputs = operator.step(
      plainStep(step),
      inputs.map(i => plainFlow(read(i.from, i.port))),
    );
  const main = node.outputs[MAIN];
  node.rows += main.count;
  if (step.length > 0) node.watermark = lastWatermark(main, step.length);
}

/** Reads an output of a node in this step; a port at which nothing came out flows empty. */
export function read(node: GraphNode, port: Port): Flow {
  const flow = node.outputs[port];
  if (flow !== undefined) return flow;
  const schema = node.schema(port);
  return emptyFlow(schema, emptyBatch(schema), node.outputs[MAIN].watermark);
}

function plan(
  id: string,
  node: Node,
  absorbs: readonly Node[],
  inputs: GraphNode["inputs"],
  reads: ReadonlySet<Port>,
  holdings: Holdings,
  options: GraphOptions,
): GraphNode {
  const given = node.verb === "source" ? [options.sources(node)] : inputs.map(i => i.from.schema(i.port));
  const inputSchemas = absorbs.reduce<readonly Schema[]>((of, a) => [verbOf(a).schema(a, of, MAIN)], given);
  const schemas = new Map<Port, Schema>();
  const schema = (port: Port): Schema => {
    let found = schemas.get(port);
    if (found === undefined) schemas.set(port, (found = verbOf(node).schema(node, inputSchemas, port)));
    return found;
  };
  let operator: Operator | null = null;
  if (node.verb !== "source") {
    const factory = OPERATORS[node.verb] as OperatorFactory<Node>;
    const context: OperatorContext = {
      inputs: inputSchemas,
      schema,
      reads: port => reads.has(port),
      profile: options.profile,
      remembers: options.remembers,
      turns: options.turns,
      codegen: options.codegen ?? true,
      specialize: options.specialize ?? true,
    };
    const at = { ...context, inputs: given };
    const outputsRead = inputs.map(i => `${i.from.id} ${i.port}`);
    const hold: OperatorContext["hold"] = (wishes, holder, keys) =>
      holdings.claim(wishes, outputsRead, context, holder, keys);
    if (absorbs.length === 0) operator = factory(node, { ...context, hold });
    else if (node.verb === "aggregate") operator = pairCounts(node, absorbs[0] as JoinNode, context, at);
    else operator = fused([...absorbs, node].filter(isStage), at);
  }
  const outputs: Outputs = { main: emptyFlow(schema(MAIN), emptyBatch(schema(MAIN)), new Float64Array(0)) };
  return { id, node, absorbs, inputs, reads, schema, operator, outputs, rows: 0, watermark: -Infinity };
}
