/**
 * Finds the names a function uses but does not declare. Scopes are approximated by function: a name declared anywhere
 * in a function counts as declared in all of it, which is right for all code that runs without a reference error.
 */
import type { Node } from "acorn";

type Fields = Readonly<Record<string, unknown>>;

/** Returns the free names of a node, each once, in order of first use. */
export function freeNames(node: Node): string[] {
  const free = new Set<string>();
  walk(node, new Set(), free);
  return [...free];
}

/** Returns the direct child nodes. */
export function childNodes(node: Node): Node[] {
  const out: Node[] = [];
  for (const value of Object.values(node as unknown as Fields)) {
    if (Array.isArray(value)) out.push(...value.filter(isNode));
    else if (isNode(value)) out.push(value);
  }
  return out;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Fields).type === "string";
}

function walk(node: Node, declared: ReadonlySet<string>, free: Set<string>): void {
  const fields = node as unknown as Fields;
  switch (node.type) {
    case "Identifier":
      if (!declared.has(fields.name as string)) free.add(fields.name as string);
      return;
    case "MemberExpression":
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition": {
      // A property's name is not a use of a variable unless it is computed.
      const name = node.type === "MemberExpression" ? "property" : "key";
      for (const child of childNodes(node))
        if (child !== fields[name] || fields.computed === true) walk(child, declared, free);
      if (node.type === "Property" && fields.shorthand === true) walk(fields.value as Node, declared, free);
      return;
    }
    case "LabeledStatement":
      walk(fields.body as Node, declared, free);
      return;
    case "BreakStatement":
    case "ContinueStatement":
      return;
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "FunctionDeclaration": {
      const inner = new Set(declared);
      if (isNode(fields.id)) collectPattern(fields.id, inner);
      for (const parameter of fields.params as Node[]) collectPattern(parameter, inner);
      collectDeclarations(fields.body as Node, inner);
      for (const child of childNodes(node)) if (child !== fields.id) walk(child, inner, free);
      return;
    }
    default:
      for (const child of childNodes(node)) walk(child, declared, free);
  }
}

/** Adds the names that a pattern binds. */
function collectPattern(pattern: Node, names: Set<string>): void {
  const fields = pattern as unknown as Fields;
  switch (pattern.type) {
    case "Identifier":
      names.add(fields.name as string);
      return;
    case "AssignmentPattern":
      collectPattern(fields.left as Node, names);
      return;
    case "RestElement":
      collectPattern(fields.argument as Node, names);
      return;
    case "Property":
      collectPattern(fields.value as Node, names);
      return;
    default:
      for (const child of childNodes(pattern)) collectPattern(child, names);
  }
}

/** Adds the names declared in a function's body, without those of functions inside it. */
function collectDeclarations(node: Node, names: Set<string>): void {
  const fields = node as unknown as Fields;
  if (node.type === "VariableDeclarator") collectPattern(fields.id as Node, names);
  if (node.type === "CatchClause" && isNode(fields.param)) collectPattern(fields.param, names);
  if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") {
    collectPattern(fields.id as Node, names);
    return;
  }
  if (node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression") return;
  for (const child of childNodes(node)) collectDeclarations(child, names);
}
