import fc from "fast-check";
import { expect, test } from "vitest";
import type { NodeFigures } from "../../src/protocol/session.ts";
import { layoutGraph, shapeOf } from "../../src/renderer/inspector/graph-layout.ts";

function node(id: string, inputs: readonly string[], figures: Partial<NodeFigures> = {}): NodeFigures {
  const none = { rows: 0, rate: 0, late: 0, dropped: 0, errors: 0, watermark: null, keys: 0, windows: 0, entries: 0 };
  return { id, verb: "filter", label: id, names: [], inputs, partitions: [], ...none, ...figures };
}

/** Graphs as pipelines make them: each node reads none, one or two of those before it. */
const graphs = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 2 })), { minLength: 1, maxLength: 14 })
  .map(picks =>
    picks.map(([a, b, count], at) => {
      const inputs = at === 0 ? [] : [...new Set([a % at, b % at].slice(0, count))].map(i => `n${i}`);
      return node(`n${at}`, inputs);
    }),
  );

test("every node is placed once, none covers another, and each stands below what it reads", () => {
  fc.assert(
    fc.property(graphs, fc.integer({ min: 160, max: 900 }), (nodes, room) => {
      const { nodes: placed, edges } = layoutGraph(nodes, room);
      expect(placed.map(each => each.id).sort()).toEqual(nodes.map(each => each.id).sort());
      const at = new Map(placed.map(each => [each.id, each]));
      for (const a of placed) {
        for (const b of placed) {
          if (a.id === b.id) continue;
          const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
          expect(apart).toBe(true);
        }
      }
      for (const each of nodes)
        for (const input of each.inputs) expect(at.get(input)!.y).toBeLessThan(at.get(each.id)!.y);
      expect(edges.length).toBe(nodes.reduce((count, each) => count + each.inputs.length, 0));
    }),
  );
});

test("a graph that is wider than the pane becomes a tree within it", () => {
  const nodes = [node("source", []), ...["a", "b", "c", "d", "e"].map(id => node(id, ["source"]))];
  const layout = layoutGraph(nodes, 300);
  expect(layout.width).toBe(300);
  for (const each of layout.nodes) expect(each.x + each.width).toBeLessThanOrEqual(300);
  expect(layoutGraph(nodes, 2_000).width).toBeGreaterThan(300);
});

test("counting doesn't change the shape", () => {
  const before = [node("source", []), node("a", ["source"], { verb: "aggregate" })];
  const after = [node("source", [], { rows: 9, late: 2 }), node("a", ["source"], { verb: "aggregate", dropped: 1 })];
  expect(shapeOf(after)).toBe(shapeOf(before));
});
