/** Where the nodes of the dataflow graph stand: dagre's layout, top to bottom, kept until the shape of the graph changes. */
import { Graph, layout } from "@dagrejs/dagre";
import type { NodeFigures } from "../../protocol/session.ts";

export interface PlacedNode {
  readonly id: string;
  /** The left upper corner. */
  readonly x: number;
  readonly y: number;
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  /** The points of each line between two nodes. */
  readonly edges: readonly { readonly key: string; readonly points: readonly { x: number; y: number }[] }[];
}

export const nodeWidth = 146;
const shortNode = 58;
const tallNode = 73;

/** Nodes that can lose rows have a line for their losses from the start, so that the graph keeps its shape. */
export function canLose(node: NodeFigures): boolean {
  return node.inputs.length === 0 || node.verb === "aggregate" || node.late + node.dropped + node.errors > 0;
}

export function heightOf(node: NodeFigures): number {
  return canLose(node) ? tallNode : shortNode;
}

const margin = 3;

/** Tells two graphs of the same shape: what `layoutGraph` depends on, as text. */
export function shapeOf(nodes: readonly NodeFigures[]): string {
  return nodes.map(node => `${node.id}${canLose(node) ? "!" : ""}<${node.inputs.join(",")}`).join(";");
}

export function layoutGraph(nodes: readonly NodeFigures[]): GraphLayout {
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
      return { id: node.id, x: at.x - nodeWidth / 2, y: at.y - heightOf(node) / 2 };
    }),
    edges: graph.edges().map(edge => ({
      key: `${edge.v} ${edge.w}`,
      points: (graph.edge(edge) as { points: { x: number; y: number }[] }).points,
    })),
  };
}

/** A soft line through the points of an edge. */
export function edgePath(points: readonly { x: number; y: number }[]): string {
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
