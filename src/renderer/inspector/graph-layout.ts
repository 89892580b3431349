/** Where the nodes of the dataflow graph stand: dagre's layout, top to bottom, kept until the shape of the graph changes. */
import { Graph, layout } from "@dagrejs/dagre";
import type { NodeFigures } from "../../protocol/session.ts";

export interface PlacedNode {
  readonly id: string;
  /** The left upper corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  /** The line between two nodes, as the path of an SVG. */
  readonly edges: readonly { readonly key: string; readonly path: string }[];
}

const nodeWidth = 146;
const shortNode = 58;
const tallNode = 73;

/** Nodes that can lose rows have a line for their losses from the start, so that the graph keeps its shape. */
export function canLose(node: NodeFigures): boolean {
  return node.inputs.length === 0 || node.verb === "aggregate" || node.late + node.dropped + node.errors > 0;
}

function heightOf(node: NodeFigures): number {
  return canLose(node) ? tallNode : shortNode;
}

const margin = 3;

/** Tells two graphs of the same shape: what `layoutGraph` depends on, as text. */
export function shapeOf(nodes: readonly NodeFigures[]): string {
  return nodes.map(node => `${node.id}${canLose(node) ? "!" : ""}<${node.inputs.join(",")}`).join(";");
}

/** Lays a graph out for a pane of some width, px: in ranks where they fit, else as a tree that only grows downwards. */
export function layoutGraph(nodes: readonly NodeFigures[], room: number): GraphLayout {
  const ranks = layoutRanks(nodes);
  return ranks.width <= room * 1.06 ? ranks : layoutTree(nodes, room);
}

const indent = 20;

/** Each node stands under the one it reads (of several, the last placed), a step further in, as wide as the pane allows. */
function layoutTree(nodes: readonly NodeFigures[], room: number): GraphLayout {
  const known = new Map(nodes.map(node => [node.id, node]));
  const placed = new Map<string, PlacedNode>();
  const edges: GraphLayout["edges"][number][] = [];
  let y = margin;
  const place = (node: NodeFigures, depth: number): void => {
    const inputs = node.inputs.filter(input => known.has(input));
    // A node of several inputs waits for the last of them, so that all lines come from above.
    if (placed.has(node.id) || inputs.some(input => !placed.has(input))) return;
    const x = margin + Math.min(depth, 5) * indent;
    placed.set(node.id, { id: node.id, x, y, width: room - x - margin, height: shortNode });
    const middle = y + shortNode / 2;
    for (const input of inputs) {
      const from = placed.get(input)!;
      const left = from.x + indent / 2;
      const corner = Math.min(7, x - left);
      const path = `M${left},${from.y + from.height}V${middle - corner}Q${left},${middle} ${left + corner},${middle}H${x}`;
      edges.push({ key: `${input} ${node.id}`, path });
    }
    y += shortNode + 10;
    for (const next of nodes) if (next.inputs.includes(node.id)) place(next, depth + 1);
  };
  for (const node of nodes) if (node.inputs.every(input => !known.has(input))) place(node, 0);
  return { width: room, height: y, nodes: [...placed.values()], edges };
}

function layoutRanks(nodes: readonly NodeFigures[]): GraphLayout {
  const graph = new Graph();
  graph.setGraph({ rankdir: "TB", nodesep: 12, ranksep: 26, marginx: margin, marginy: margin });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(node => node.id));
  for (const node of nodes) graph.setNode(node.id, { width: nodeWidth, height: heightOf(node) });
  for (const node of nodes) for (const input of node.inputs) if (known.has(input)) graph.setEdge(input, node.id);
  layout(graph);
  const size = graph.graph() as { width?: number; height?: number };
  return {
    width: size.width ?? 0,
    height: size.height ?? 0,
    nodes: nodes.map(node => {
      const at = graph.node(node.id) as { x: number; y: number };
      return {
        id: node.id,
        x: at.x - nodeWidth / 2,
        y: at.y - heightOf(node) / 2,
        width: nodeWidth,
        height: heightOf(node),
      };
    }),
    edges: graph.edges().map(edge => ({
      key: `${edge.v} ${edge.w}`,
      path: softPath((graph.edge(edge) as { points: { x: number; y: number }[] }).points),
    })),
  };
}

/** A soft line through the points of an edge. */
function softPath(points: readonly { x: number; y: number }[]): string {
  const first = points[0];
  const last = points[points.length - 1];
  let path = `M${first.x},${first.y}`;
  for (let i = 1; i < points.length - 1; i++) {
    const next =
      i === points.length - 2
        ? last
        : { x: (points[i].x + points[i + 1].x) / 2, y: (points[i].y + points[i + 1].y) / 2 };
    path += `Q${points[i].x},${points[i].y} ${next.x},${next.y}`;
  }
  return points.length < 3 ? `${path}L${last.x},${last.y}` : path;
}
