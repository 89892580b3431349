/** Cleans the text of functions that a notebook evaluated: what the notebook put around inner functions is taken out again. */
import { type Node, parse } from "acorn";

/** What the notebook writes around a function literal, so that its captured values travel with it. */
const WRAPPER = "__captured";

/**
 * Takes `__captured(() => ({…}), fn)` out of a function's text and leaves `fn`. Only functions inside of functions have
 * it: the outermost one is read without its wrapper already.
 */
export function withoutWrappers(source: string): string {
  if (!source.includes(WRAPPER)) return source;
  const open = "(";
  let program: Node;
  try {
    program = parse(`${open}${source})`, { ecmaVersion: "latest", sourceType: "module" });
  } catch {
    // Text that is no expression by itself, such as a method's shorthand, is left as it is.
    return source;
  }
  const cuts: { start: number; end: number }[] = [];
  const visit = (node: Node): void => {
    const call = node as unknown as { callee?: { name?: string }; arguments?: Node[] };
    if (node.type === "CallExpression" && call.callee?.name === WRAPPER && call.arguments?.length === 2) {
      const [, fn] = call.arguments;
      cuts.push({ start: node.start, end: fn.start }, { start: fn.end, end: node.end });
    }
    for (const value of Object.values(node))
      for (const part of Array.isArray(value) ? value : [value])
        if (part !== null && typeof part === "object" && typeof (part as Node).type === "string") visit(part as Node);
  };
  visit(program);
  let text = source;
  for (const { start, end } of cuts.sort((a, b) => b.start - a.start))
    text = text.slice(0, start - open.length) + text.slice(end - open.length);
  return text;
}
