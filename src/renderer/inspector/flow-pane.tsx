/** The running pipeline as a graph, with rows, losses and the watermark at each node, and the chosen node in full. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { NodeFigures } from "../../protocol/session.ts";
import { writeClock, writeCount } from "../parts/time.ts";
import { comparison, graph, running, transport, trusted } from "../state/session.ts";
import { selectedNode, zone } from "../state/ui.ts";
import { layoutGraph, shapeOf } from "./graph-layout.ts";
import type { PlacedNode } from "./graph-layout.ts";
import { NodeDetails } from "./node-details.tsx";

/** The nodes that cells name and all they are computed from; what charts compute for themselves is left out. */
export function namedPart(nodes: readonly NodeFigures[]): readonly NodeFigures[] {
  const byId = new Map(nodes.map(node => [node.id, node]));
  const kept = new Set<string>();
  const keep = (id: string): void => {
    if (kept.has(id)) return;
    kept.add(id);
    for (const input of byId.get(id)?.inputs ?? []) keep(input);
  };
  for (const node of nodes) if (node.names.length > 0) keep(node.id);
  return kept.size === 0 ? nodes : nodes.filter(node => kept.has(node.id));
}

/** The width of the pane, px. */
const room = 306;

export function FlowPane() {
  const every = useSignal(false);
  const named = namedPart(graph.value);
  const nodes = every.value ? graph.value : named;
  const hidden = graph.value.length - named.length;
  const shape = shapeOf(nodes);
  const layout = useMemo(() => layoutGraph(nodes, room), [shape]);
  if (nodes.length === 0) {
    return (
      <p class="empty">
        {!trusted.value
          ? "Run the notebook to see how its rows flow."
          : running.value
            ? 'No stream is shown yet. A cell such as source("log.jsonl", …) begins one.'
            : "Starting…"}
      </p>
    );
  }
  const byId = new Map(nodes.map(node => [node.id, node]));
  const chosen = nodes.find(node => node.id === selectedNode.value) ?? null;
  return (
    <div class="flow">
      <svg
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        style={{ maxWidth: `${layout.width}px`, margin: "0 auto" }}
        role="group"
        aria-label={`Dataflow graph with ${nodes.length} nodes`}
      >
        <defs>
          <marker id="flow-head" viewBox="0 0 8 8" refX="6.5" refY="4" markerWidth="6" markerHeight="6" orient="auto">
            <path d="M0,0.8 7,4 0,7.2z" fill="var(--rule-strong)" />
          </marker>
        </defs>
        {layout.edges.map(edge => (
          <path key={edge.key} class="edge" d={edge.path} marker-end="url(#flow-head)" />
        ))}
        {layout.nodes.map(place => {
          const node = byId.get(place.id);
          return node && <NodeBox key={place.id} node={node} place={place} chosen={chosen?.id === place.id} />;
        })}
      </svg>
      {hidden > 0 && (
        <label class="flow-every hint">
          <input
            type="checkbox"
            checked={every.value}
            onChange={event => (every.value = event.currentTarget.checked)}
          />
          with the {hidden} nodes that charts{comparison.value === null ? "" : " and the pinned replay"} add
        </label>
      )}
      {chosen === null ? (
        <p class="empty">Choose a node to see its partitions, keys and state.</p>
      ) : (
        <NodeDetails node={chosen} />
      )}
    </div>
  );
}

interface BoxProps {
  readonly node: NodeFigures;
  readonly place: PlacedNode;
  readonly chosen: boolean;
}

function NodeBox({ node, place, chosen }: BoxProps) {
  const { x, y, width, height } = place;
  // A wide box has its losses beside the rows, a narrow one on a line of their own.
  const lossesAt = width > 200 ? { x: width - 10, y: 33, anchor: "end" } : { x: 10, y: 65, anchor: "start" };
  const choose = (): void => {
    selectedNode.value = chosen ? null : node.id;
  };
  const title = node.names[0] ?? node.label;
  const losses = [
    node.late > 0 ? { kind: "late", text: `◆ ${writeCount(node.late)}` } : null,
    node.dropped > 0 ? { kind: "dropped", text: `✕ ${writeCount(node.dropped)}` } : null,
    node.errors > 0 ? { kind: "bad", text: `${writeCount(node.errors)} bad` } : null,
  ].filter(each => each !== null);
  return (
    <g
      class="node"
      role="button"
      tabIndex={0}
      aria-pressed={chosen}
      aria-label={`${node.verb} ${title}, ${writeCount(node.rows)} rows, ${node.late} late, ${node.dropped} dropped, watermark ${writeClock(node.watermark, zone.value)}`}
      transform={`translate(${x} ${y})`}
      onClick={choose}
      onKeyDown={event => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      }}
    >
      <title>{node.label}</title>
      <rect width={width} height={height} rx="7" />
      <text x="10" y="17" class="name">
        {shorten(title, Math.floor((width - 20) / 7.4))}
      </text>
      <text x={width - 10} y="17" text-anchor="end" class="verb">
        {title === node.verb || title.length * 7.4 + node.verb.length * 6 > width - 32 ? "" : node.verb}
      </text>
      <text x="10" y="33" class="small">
        {writeCount(node.rows)} {node.rows === 1 ? "row" : "rows"}
      </text>
      <text x="10" y="49" class="small">
        {node.watermark === null
          ? transport.value?.finished
            ? "complete"
            : "no watermark yet"
          : `wm ${writeClock(node.watermark, zone.value)}`}
      </text>
      <text x={width - 10} y="49" text-anchor="end" class="small">
        {node.windows > 0 ? `${writeCount(node.windows)} open` : ""}
      </text>
      <text x={lossesAt.x} y={lossesAt.y} text-anchor={lossesAt.anchor}>
        {losses.map((loss, index) => (
          <tspan key={loss.kind} class={loss.kind} dx={index === 0 ? 0 : 6}>
            {loss.text}
          </tspan>
        ))}
      </text>
    </g>
  );
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
