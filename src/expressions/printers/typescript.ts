/**
 * Prints an expression as the TypeScript (and JavaScript) it could have been read from: parsing the text again gives
 * an equal tree. Functions are written `op.name(…)`, json fields with `?.`.
 */
import type { Value } from "../../columns/column.ts";
import type { BinaryOperator, CallExpr, Expr, RowExpression } from "../tree.ts";
import { contains, visit } from "../tree.ts";
import { ATOM, atom, type Fragment, within } from "./fragment.ts";

export interface TypeScriptOptions {
  /** How a parameter is written (default: its name). */
  readonly parameter?: (name: string, value: Value | undefined) => string;
  /** What the rows are called (default `d`, or `l` and `r` when there are two). */
  readonly rows?: readonly string[];
}

const CONDITIONAL = 1;
const NULLISH = 2;
const OR = 3;
const AND = 4;
const UNARY = 14;
/** Below unary operators, because `-a ** b` is a syntax error. */
const POWER = 13;

const BINDS: Readonly<Record<BinaryOperator, number>> = {
  "|": 5,
  "^": 6,
  "&": 7,
  "==": 8,
  "!=": 8,
  "===": 8,
  "!==": 8,
  "<": 9,
  "<=": 9,
  ">": 9,
  ">=": 9,
  "<<": 10,
  ">>": 10,
  ">>>": 10,
  "+": 11,
  "-": 11,
  "*": 12,
  "/": 12,
  "%": 12,
  "**": POWER,
};

/** Prints a whole arrow function: `d => d.amount > threshold`. An opaque function is printed as it was written. */
export function printTypeScript(expression: RowExpression, options: TypeScriptOptions = {}): string {
  const { expr } = expression;
  if (expr.kind === "opaque") return expr.source;
  let pair = false;
  visit(expr, e => {
    pair ||= e.kind === "column" && e.side === 1;
  });
  const rows = options.rows ?? (pair ? ["l", "r"] : ["d"]);
  const body = printTypeScriptBody(expression, { ...options, rows });
  return `${rows.length === 1 ? rows[0] : `(${rows.join(", ")})`} => ${body}`;
}

/** Prints the expression without its parameter list. */
export function printTypeScriptBody(expression: RowExpression, options: TypeScriptOptions = {}): string {
  const rows = options.rows ?? ["d", "r"];
  const parameter = (name: string): string => options.parameter?.(name, expression.parameters[name]) ?? name;
  const print = (expr: Expr): Fragment => {
    switch (expr.kind) {
      case "literal":
        return printLiteral(expr.value);
      case "column":
        return atom(memberText(rows[expr.side], expr.name));
      case "parameter":
        return fragmentOf(parameter(expr.name));
      case "unary": {
        const argument = within(print(expr.argument), UNARY);
        // `- -x` must not become the operator `--`.
        const gap = expr.operator === "typeof" || argument.startsWith(expr.operator) ? " " : "";
        return { text: `${expr.operator}${gap}${argument}`, binds: UNARY };
      }
      case "binary": {
        const binds = BINDS[expr.operator];
        // `**` groups to the right and takes no unary operator on its left.
        const [left, right] = expr.operator === "**" ? [UNARY + 1, POWER] : [binds, binds + 1];
        return {
          text: `${within(print(expr.left), left)} ${expr.operator} ${within(print(expr.right), right)}`,
          binds,
        };
      }
      case "logical": {
        if (expr.operator === "??") {
          // JavaScript forbids `??` beside `&&` and `||` without parentheses.
          const left = expr.left.kind === "logical" && expr.left.operator === "??" ? NULLISH : AND + 1;
          return { text: `${within(print(expr.left), left)} ?? ${within(print(expr.right), AND + 1)}`, binds: NULLISH };
        }
        const binds = expr.operator === "&&" ? AND : OR;
        return {
          text: `${within(print(expr.left), binds)} ${expr.operator} ${within(print(expr.right), binds + 1)}`,
          binds,
        };
      }
      case "conditional": {
        const [test, consequent, alternate] = [expr.test, expr.consequent, expr.alternate].map(print);
        return {
          text: `${within(test, CONDITIONAL + 1)} ? ${consequent.text} : ${alternate.text}`,
          binds: CONDITIONAL,
        };
      }
      case "call":
        return printCall(expr, print);
      case "aggregate":
        return atom(`op.${expr.name}(${expr.arguments.map(a => print(a).text).join(", ")})`);
      case "member": {
        const object = print(expr.object);
        const base = /^[\d.]/.test(object.text) ? `(${object.text})` : within(object, ATOM);
        const { property } = expr;
        if (
          property.kind === "literal" &&
          typeof property.value === "string" &&
          isIdentifier(property.value) &&
          property.value !== "length"
        )
          return atom(`${base}?.${property.value}`);
        return atom(`${base}?.[${print(property).text}]`);
      }
      case "opaque":
        return atom(`(${expr.source})(${rows.join(", ")})`);
    }
  };
  return print(expression.expr).text;
}

function fragmentOf(text: string): Fragment {
  return /^-?[\w$.]+$|^"[^"]*"$/.test(text) && !text.startsWith("-") ? atom(text) : { text, binds: CONDITIONAL };
}

function printLiteral(value: Value): Fragment {
  if (typeof value === "number" && (value < 0 || Object.is(value, -0)))
    return { text: Object.is(value, -0) ? "-0" : String(value), binds: UNARY };
  return atom(typeof value === "string" ? quote(value) : String(value));
}

/** Writes a string so that no character can end it or hide in it. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, c => `\\u${c.charCodeAt(0).toString(16)}`);
}

function isIdentifier(name: string): boolean {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name);
}

function memberText(object: string, name: string): string {
  return isIdentifier(name) ? `${object}.${name}` : `${object}[${quote(name)}]`;
}

function printCall(expr: CallExpr, print: (expr: Expr) => Fragment): Fragment {
  const args = expr.arguments;
  switch (expr.name) {
    case "nan":
      return atom("NaN");
    case "infinity":
      return atom("Infinity");
    case "array_of":
      return atom(`[${args.map(a => print(a).text).join(", ")}]`);
    case "object_of":
      return printObject(args, print);
    case "concat": {
      const template = printTemplate(args, print);
      if (template !== undefined) return template;
      break;
    }
    case "match":
    case "matches":
    case "replace_matches":
    case "split_matches": {
      const regexp = regexpLiteral(args[1], args[2]);
      if (regexp === undefined) break;
      const [value, , , ...rest] = args;
      return atom(
        `op.${expr.name.replace("_matches", "")}(${[print(value).text, regexp, ...rest.map(a => print(a).text)].join(", ")})`,
      );
    }
  }
  return atom(`op.${expr.name}(${args.map(a => print(a).text).join(", ")})`);
}

function printObject(args: readonly Expr[], print: (expr: Expr) => Fragment): Fragment {
  const entries: string[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const key = args[i];
    const plain =
      key.kind === "literal" && typeof key.value === "string" && isIdentifier(key.value) && key.value !== "__proto__";
    entries.push(`${plain ? String(key.value) : `[${print(key).text}]`}: ${print(args[i + 1]).text}`);
  }
  // Parentheses, because a brace at the start of an arrow function's body opens a block.
  return atom(`({ ${entries.join(", ")} })`);
}

/** Writes joined text as a template literal where reading it again gives the same parts. */
function printTemplate(args: readonly Expr[], print: (expr: Expr) => Fragment): Fragment | undefined {
  const isText = (e: Expr): boolean => e.kind === "literal" && typeof e.value === "string";
  if (
    args.every(isText) ||
    args.some((a, i) => isText(a) && ((a as { value: string }).value === "" || (i > 0 && isText(args[i - 1]))))
  )
    return undefined;
  const pieces = args.map(a =>
    isText(a)
      ? quote((a as { value: string }).value)
          .slice(1, -1)
          .replace(/\\"/g, '"')
          .replace(/`|\$\{/g, c => `\\${c}`)
      : `\${${print(a).text}}`,
  );
  return atom(`\`${pieces.join("")}\``);
}

/** Writes a pattern as a regular expression literal where that reads back as the same pattern. */
function regexpLiteral(pattern: Expr, flags: Expr): string | undefined {
  if (pattern.kind !== "literal" || flags.kind !== "literal") return undefined;
  const [source, letters] = [pattern.value, flags.value];
  if (
    typeof source !== "string" ||
    typeof letters !== "string" ||
    source === "" ||
    /[/\n\r\u2028\u2029]|^\*/.test(source)
  )
    return undefined;
  try {
    new RegExp(source, letters);
  } catch {
    return undefined;
  }
  return `/${source}/${letters}`;
}

/** Tells whether an expression can be printed as something other than its own source. */
export function isTranslatable(expression: RowExpression): boolean {
  return !contains(expression.expr, "opaque");
}
