/**
 * Finds out what a cell defines and what it needs, without running it. Positions are the author's own lines and columns,
 * both from 1.
 */
import { Parser, tokTypes } from "acorn";
import type { Options } from "acorn";
import { tsPlugin } from "@sveltejs/acorn-typescript";
import { attributeOf, kindOf } from "./document.ts";
import type { CellSource } from "./document.ts";
import { languageGlobals } from "./globals.ts";
import { scanNames } from "./scope.ts";
import type { DeclarationKind, FreeName, FunctionLiteral, NameScan, SyntaxNode } from "./scope.ts";
import { sqlTables } from "./sql.ts";

/** A place in a cell's source; lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A name that a cell gives to the others. */
export interface Definition extends Position {
  readonly name: string;
  /** `"output"` for a name given by the cell's `output` attribute. */
  readonly kind: DeclarationKind | "output";
}

/** A name that a cell needs, at the place of its first use. */
export interface Input extends Position {
  readonly name: string;
  /** Used in `typeof name` only, so that it may be undefined. */
  readonly soft: boolean;
}

/** What is wrong with a cell before it runs. */
export interface StaticError extends Position {
  readonly message: string;
}

/** A text that emission puts into the source at an offset. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** What `analyzeCell` finds. */
export interface CellAnalysis {
  /** `"expression"`, `"template"` and `"query"` have a value, `"program"` has names, `"none"` never runs. */
  readonly kind: "expression" | "program" | "template" | "query" | "none";
  readonly source: string;
  readonly outputs: readonly Definition[];
  readonly inputs: readonly Input[];
  /** The cell awaits something, so that its function is asynchronous. */
  readonly async: boolean;
  /** The function literals whose captured values emission hands on. */
  readonly functions: readonly FunctionLiteral[];
  /** For a template or a query: what makes its text a template literal. */
  readonly insertions: readonly Insertion[];
  /** For a query: the names that it reads as tables, as far as they can be names of cells' values. */
  readonly tables: readonly string[];
  readonly error: StaticError | null;
}

/** Analyses a cell of any kind. Never throws: what is wrong is in `error`, and the names found so far are kept. */
export function analyzeCell(cell: Pick<CellSource, "type" | "source" | "attributes">): CellAnalysis {
  const output = attributeOf(cell.attributes, "output");
  const kind = kindOf(cell.type);
  if (kind === "typescript") return analyzeCode(cell.source, output);
  if (kind === "sql") return analyzeQuery(cell.source, output);
  if (kind === "other") return { ...nothing, source: cell.source };
  return analyzeTemplate(cell.source, output);
}

const nothing: CellAnalysis = {
  kind: "none",
  source: "",
  outputs: [],
  inputs: [],
  async: false,
  functions: [],
  insertions: [],
  tables: [],
  error: null,
};

/** Analyses TypeScript or JavaScript. `output` names the value of a cell that is one expression. */
export function analyzeCode(source: string, output?: string): CellAnalysis {
  const expression = parseExpression(source);
  if (expression !== null) return describe("expression", source, scanNames([expression]), output, []);
  try {
    const program = CellParser.parse(source, options) as unknown as SyntaxNode;
    return describe("program", source, scanNames([program]), undefined, []);
  } catch (error) {
    return { ...nothing, kind: "program", source, outputs: salvageNames(source), error: syntaxError(error, source) };
  }
}

/** Analyses a text with `${…}`, which becomes a template. A backslash before `${` or before its brace takes away its meaning. */
export function analyzeTemplate(source: string, output?: string): CellAnalysis {
  const { expressions, insertions, error } = scanTemplate(source);
  if (error !== null) return unreadable("template", source, output, error);
  const texts = expressions.flatMap(({ start, end }) => [
    { at: start, text: "__text(" },
    { at: end, text: ")" },
  ]);
  return describe("template", source, scanNames(expressions.map(e => e.node)), output, [...insertions, ...texts]);
}

/**
 * Analyses SQL. The tables it reads are inputs that may be missing: SQLite itself says so, and knows more of them than this
 * does. What stands in `${…}` is a value that the query is given, never text of it.
 */
export function analyzeQuery(source: string, output?: string): CellAnalysis {
  const { expressions, insertions, error } = scanTemplate(source);
  if (error !== null) return unreadable("query", source, output, error);
  let text = "";
  let from = 0;
  for (const { start, end } of expressions) {
    // The text keeps its length, so that offsets in it are offsets in the source.
    text += `${source.slice(from, start - 2)}  ${" ".repeat(end - start)} `;
    from = end + 1;
  }
  const tables = sqlTables(text + source.slice(from)).filter(({ name }) => canBeName(name));
  const scan = scanNames(expressions.map(e => e.node));
  const read: FreeName[] = tables.map(({ name, start }) => ({ name, start, assigned: false, soft: true }));
  const query = describe("query", source, { ...scan, free: [...scan.free, ...read] }, output, insertions);
  return { ...query, tables: tables.map(({ name }) => name).filter(name => !languageGlobals.has(name)) };
}

function canBeName(name: string): boolean {
  const node = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? parseExpression(name) : null;
  return node?.type === "Identifier";
}

interface TemplateScan {
  /** What stands between `${` and `}`: from the first offset after the one to that of the other. */
  readonly expressions: readonly { readonly node: SyntaxNode; readonly start: number; readonly end: number }[];
  readonly insertions: readonly Insertion[];
  readonly error: StaticError | null;
}

function unreadable(
  kind: "template" | "query",
  source: string,
  output: string | undefined,
  error: StaticError,
): CellAnalysis {
  const outputs = output === undefined ? [] : [{ name: output, kind: "output" as const, line: 1, column: 1 }];
  return { ...nothing, kind, source, outputs, error };
}

/** Finds the interpolated expressions of a text, and what has to be escaped in it between backquotes. */
function scanTemplate(source: string): TemplateScan {
  const expressions: { node: SyntaxNode; start: number; end: number }[] = [];
  const insertions: Insertion[] = [];
  try {
    for (let at = 0; at < source.length; at += 1) {
      const char = source[at];
      if (char === "`") insertions.push({ at, text: "\\" });
      else if (char === "\\") {
        const escapesNext = source.startsWith("${", at + 1) || (source[at - 1] === "$" && source[at + 1] === "{");
        if (escapesNext) at += source[at + 1] === "$" ? 2 : 1;
        else {
          insertions.push({ at, text: "\\" });
          // A backslash before a backslash is text, and so is the second one, which escapes nothing.
          if (source[at + 1] === "\\") insertions.push({ at: ++at, text: "\\" });
        }
      } else if (char === "$" && source[at + 1] === "{") {
        const { node, brace } = parseInterpolation(source, at + 2);
        expressions.push({ node, start: at + 2, end: brace });
        at = brace;
      }
    }
  } catch (error) {
    return { expressions, insertions, error: syntaxError(error, source) };
  }
  return { expressions, insertions, error: null };
}

/** Tells line and column of an offset. */
export function positionAt(source: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let at = source.indexOf("\n"); at >= 0 && at < offset; at = source.indexOf("\n", at + 1)) {
    line += 1;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

function describe(
  kind: CellAnalysis["kind"],
  source: string,
  scan: NameScan,
  output: string | undefined,
  insertions: readonly Insertion[],
): CellAnalysis {
  const outputs: Definition[] = scan.declarations.map(({ name, kind, start }) => ({
    name,
    kind,
    ...positionAt(source, start),
  }));
  if (output !== undefined && output !== "") outputs.push({ name: output, kind: "output", line: 1, column: 1 });
  const inputs = new Map<string, Input>();
  for (const { name, start, soft } of scan.free.toSorted((a, b) => a.start - b.start)) {
    if (languageGlobals.has(name)) continue;
    const known = inputs.get(name);
    if (known === undefined) inputs.set(name, { name, soft, ...positionAt(source, start) });
    else if (known.soft && !soft) inputs.set(name, { ...known, soft: false, ...positionAt(source, start) });
  }
  return {
    kind,
    source,
    outputs,
    inputs: [...inputs.values()],
    async: scan.awaits,
    functions: scan.functions,
    insertions,
    tables: [],
    error: findMistake(source, scan, outputs),
  };
}

function findMistake(source: string, scan: NameScan, outputs: readonly Definition[]): StaticError | null {
  const refusal = scan.refusals.at(0);
  if (refusal !== undefined) return { message: refusal.message, ...positionAt(source, refusal.start) };
  const assigned = scan.free.find(each => each.assigned);
  if (assigned !== undefined) {
    const message = `\`${assigned.name}\` is not declared in this cell and cannot be assigned here; declare another name, or change it in the cell that defines it`;
    return { message, ...positionAt(source, assigned.start) };
  }
  const taken = outputs.find(({ name }) => languageGlobals.has(name) || name === "arguments");
  if (taken !== undefined) {
    return {
      message: `\`${taken.name}\` is a name of the language and cannot be defined; choose another`,
      line: taken.line,
      column: taken.column,
    };
  }
  const malformed = outputs.find(
    ({ kind, name }) => kind === "output" && !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name),
  );
  if (malformed === undefined) return null;
  return {
    message: `the output attribute "${malformed.name}" is not a name; use letters, digits and underscores`,
    line: 1,
    column: 1,
  };
}

// Acorn's types keep the constructor to itself; it is the only way to parse an expression and see what follows it.
const CellParser = Parser.extend(tsPlugin()) as unknown as Pick<typeof Parser, "parse"> & {
  new (options: Options, input: string, start: number): ExpressionParser;
};

interface ExpressionParser {
  nextToken(): void;
  parseExpression(): SyntaxNode;
  readonly type: unknown;
  readonly start: number;
}

const options: Options = { ecmaVersion: "latest", sourceType: "module", locations: true };

/** Parses a source that is one expression. A named function or class is a declaration, as in Observable's notebooks. */
function parseExpression(source: string): SyntaxNode | null {
  try {
    const parser = new CellParser(options, source, 0);
    parser.nextToken();
    const node = parser.parseExpression();
    if (parser.type !== tokTypes.eof) return null;
    return (node.type === "ClassExpression" || node.type === "FunctionExpression") && node.id != null ? null : node;
  } catch {
    return null;
  }
}

function parseInterpolation(source: string, start: number): { node: SyntaxNode; brace: number } {
  const parser = new CellParser(options, source, start);
  parser.nextToken();
  if (parser.type === tokTypes.braceR)
    throw syntaxErrorAt("there is nothing between ${ and }; write an expression, or \\${ for the text itself", start);
  const node = parser.parseExpression();
  if (parser.type === tokTypes.braceR) return { node, brace: parser.start };
  if (parser.type === tokTypes.eof)
    throw syntaxErrorAt("${ is opened and never closed; close it with }, or write \\${ for the text itself", start - 2);
  throw syntaxErrorAt("expected } after the expression; to write ${ as text, put a backslash before it", parser.start);
}

function syntaxErrorAt(message: string, pos: number): SyntaxError {
  return Object.assign(new SyntaxError(message), { pos });
}

function syntaxError(error: unknown, source: string): StaticError {
  if (!(error instanceof Error)) return { message: String(error), line: 1, column: 1 };
  const pos = (error as { pos?: unknown }).pos;
  const place = positionAt(source, typeof pos === "number" ? Math.min(pos, source.length) : 0);
  const plain = error.message.replace(/\s*\(\d+:\d+\)$/, "");
  if (typeof pos === "number" && pos >= source.length && plain.startsWith("Unexpected token")) {
    return { message: "the code ends too early; something is opened and not closed, or a value is missing", ...place };
  }
  return { message: plain, ...place };
}

/** Finds the names that a cell which cannot be parsed seems to define, so that its dependents wait for it and are not told of an unknown name. */
function salvageNames(source: string): Definition[] {
  const pattern =
    /^(?:async\s+)?(const|let|var|function|class|enum)\b\s*\*?\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/gmu;
  return Array.from(source.matchAll(pattern), found => {
    const start = found.index + found[0].length - found[2].length;
    return { name: found[2], kind: found[1] as DeclarationKind, ...positionAt(source, start) };
  });
}
