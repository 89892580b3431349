/**
 * Gives equal pipelines equal identities: a hash of a node's own settings and the identities of its inputs. The engine
 * keeps the state of every node whose identity survives an edit; exports name the pipeline by it.
 */
import { inputsOf, type Node, verbOf } from "./node.ts";

const known = new WeakMap<Node, string>();

/** Returns 26 hexadecimal digits that depend on everything a node means, and on nothing else. */
export function identity(node: Node): string {
  const found = known.get(node);
  if (found !== undefined) return found;
  const inputs = inputsOf(node);
  // Inputs are cut out before the settings are written, so that a deep pipeline is not written again at every node.
  const own =
    inputs.length === 0
      ? node
      : verbOf(node).withInputs(
          node,
          inputs.map(() => PLACE),
        );
  const id = hash(`${canonical(own)}|${inputs.map(identity).join("|")}`);
  known.set(node, id);
  return id;
}

const PLACE = { verb: "source", place: true } as unknown as Node;

/** Writes plain data with keys in order, so that equal data gives equal text. Infinities and NaN keep their names. */
export function canonical(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "0" : String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "undefined";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const entries = Object.entries(value as Record<string, unknown>).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(",")}}`;
}

/** Hashes text to 104 bits, as two runs of cyrb53 with different seeds. Not for secrets. */
export function hash(text: string): string {
  return cyrb53(text, 1) + cyrb53(text, 2);
}

function cyrb53(text: string, seed: number): string {
  let h1 = 0xdeadbeef ^ seed;
  let h2 = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    h1 = Math.imul(h1 ^ c, 2654435761);
    h2 = Math.imul(h2 ^ c, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return (4294967296 * (2097151 & h2) + (h1 >>> 0)).toString(16).padStart(14, "0").slice(-13);
}
