/**
 * Completions from the notebook itself: the names that cells define, and after `d.` within a verb's arrow function the
 * columns of the stream whose verb it is.
 */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import type { SyntaxNode } from "@lezer/common";
import { symbols } from "../state/session.ts";

type Columns = readonly { readonly name: string; readonly type: string }[];

/** The completion source of a TypeScript cell. */
export function completeFromNotebook(context: CompletionContext): CompletionResult | null {
  const member = context.matchBefore(/[\w$]+\s*\.\s*[\w$]*$/);
  if (member !== null) {
    const columns = columnsAt(context.state, member.from);
    const typed = /[\w$]*$/.exec(member.text)?.[0] ?? "";
    if (columns === null) return null;
    return { from: context.pos - typed.length, options: columns.map(columnOption), validFor: /^[\w$]*$/ };
  }
  const word = context.matchBefore(/[\w$]+$/);
  if (word === null && !context.explicit) return null;
  const node = syntaxTree(context.state).resolveInner(context.pos, -1);
  if (/String|Comment|Template|PropertyName|PropertyDefinition/.test(node.name)) return null;
  const options = symbols.peek().map<Completion>(symbol => ({
    label: symbol.name,
    detail: symbol.kind === "stream" ? `stream, ${symbol.columns.length} columns` : symbol.preview,
    type: symbol.kind,
    boost: 2,
  }));
  return { from: word?.from ?? context.pos, options, validFor: /^[\w$]*$/ };
}

function columnOption({ name, type }: { name: string; type: string }): Completion {
  return { label: name, detail: type, type: "property", boost: 5 };
}

/** Finds the columns behind a name at `from`: it must be the parameter of an arrow that is an argument of a verb. */
export function columnsAt(state: EditorState, from: number): Columns | null {
  const tree = syntaxTree(state);
  const name = /^[\w$]+/.exec(state.sliceDoc(from, from + 100))?.[0];
  for (let node: SyntaxNode | null = tree.resolveInner(from, 1); node !== null; node = node.parent) {
    if (node.name !== "ArrowFunction" || !declares(state, node, name)) continue;
    for (let outer: SyntaxNode | null = node.parent; outer !== null; outer = outer.parent) {
      if (outer.name === "CallExpression") {
        const found = columnsOfCallee(state, outer);
        if (found !== null) return found;
      }
      if (outer.name === "VariableDeclaration" || outer.name === "VariableDefinition") {
        const definition = outer.getChild("VariableDefinition");
        const own = definition === null ? null : columnsOf(state.sliceDoc(definition.from, definition.to));
        if (own !== null) return own;
      }
    }
    return null;
  }
  return null;
}

function declares(state: EditorState, arrow: SyntaxNode, name: string | undefined): boolean {
  const parameters = arrow.getChild("ParamList");
  if (parameters === null || name === undefined) return false;
  return parameters
    .getChildren("VariableDefinition")
    .some(definition => state.sliceDoc(definition.from, definition.to) === name);
}

/** Follows `payments.filter(…).derive(…)` down to `payments`. */
function columnsOfCallee(state: EditorState, call: SyntaxNode): Columns | null {
  let node: SyntaxNode | null = call;
  while (node !== null) {
    if (node.name === "VariableName") return columnsOf(state.sliceDoc(node.from, node.to));
    node = node.firstChild;
  }
  return null;
}

function columnsOf(name: string): Columns | null {
  const symbol = symbols.peek().find(each => each.name === name && each.kind === "stream");
  return symbol === undefined || symbol.columns.length === 0 ? null : symbol.columns;
}
