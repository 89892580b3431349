/**
 * Turns JavaScript syntax (an ESTree from acorn) into an expression tree. What the tree cannot say is thrown as
 * `Unsupported`, with a reason; the caller then keeps the function as it is. What must not be said at all (an unknown
 * name, a random number) is thrown as an ordinary error.
 */
import type { CallExpression, Expression, Function as FunctionNode, Node, Pattern, Property, Statement } from "acorn";
import { AGGREGATES, aggregateNamed } from "./aggregates.ts";
import type { Value } from "../columns/column.ts";
import { checkArity, FUNCTIONS, functionNamed } from "./functions.ts";
import type { BinaryOperator, Expr, LogicalOperator, UnaryOperator } from "./tree.ts";
import { nearest } from "./types.ts";
import {
  ALIASES,
  FORBIDDEN,
  GLOBALS,
  MATH,
  MATH_CONSTANTS,
  MATH_FUNCTIONS,
  METHODS,
  WINDOW_FUNCTIONS,
} from "./vocabulary.ts";

/** Thrown for syntax that the tree cannot say. */
export class Unsupported extends Error {}

/** What a name means inside a function: a row, the bag of parameters, or an expression. */
export type Binding =
  | { readonly kind: "row"; readonly side: 0 | 1 }
  | { readonly kind: "parameters" }
  | { readonly kind: "value"; readonly expr: Expr };

export type Scope = ReadonlyMap<string, Binding>;

/** What the conversion of one row expression shares. */
export interface Context {
  /** The text, for error messages. */
  readonly source: string;
  /** The values that the function being converted captures. */
  readonly captured: Readonly<Record<string, unknown>>;
  /** Collects the parameters used. Shared by inlined functions. */
  readonly parameters: Map<string, Value>;
  /** The captured values those were made from, to tell equal names apart. */
  readonly origins: Map<string, unknown>;
  /** Reads a captured function's source, to inline it. */
  readonly parseFunction: (fn: (...args: never[]) => unknown) => {
    readonly node: FunctionNode;
    readonly captured: Readonly<Record<string, unknown>>;
    readonly source: string;
  };
  /** Columns that may be named without a row (string expressions). */
  readonly columns: ReadonlySet<string>;
  readonly depth: number;
}

const NULL: Expr = { kind: "literal", value: null };

function literal(value: string | number | boolean): Expr {
  return { kind: "literal", value };
}

/** Makes a call, with the count of arguments checked. */
function call(name: string, args: readonly Expr[]): Expr {
  checkArity(functionNamed(name), args.length);
  return { kind: "call", name, arguments: args };
}

/** Converts a function whose parameters are bound to `bindings`; missing ones are null. */
export function convertFunction(node: FunctionNode, bindings: readonly Binding[], context: Context): Expr {
  if (node.async || node.generator)
    throw new Error(
      `The row expression "${context.source}" is ${node.async ? "async" : "a generator"}; it must return its value at once.`,
    );
  const scope = new Map<string, Binding>();
  node.params.forEach((pattern, i) => bind(pattern, bindings[i] ?? { kind: "value", expr: NULL }, scope, context));
  if (node.body.type === "BlockStatement") return convertStatements(node.body.body, scope, context, () => NULL);
  return convert(node.body, scope, context);
}

/** Converts statements to the value they return; `rest` is what follows when they return nothing. */
function convertStatements(statements: readonly Statement[], outer: Scope, context: Context, rest: () => Expr): Expr {
  const scope = new Map(outer);
  for (let i = 0; i < statements.length; i++) {
    const statement = statements[i];
    const following = (): Expr => convertStatements(statements.slice(i + 1), scope, context, rest);
    switch (statement.type) {
      case "EmptyStatement":
        break;
      case "VariableDeclaration":
        for (const { id, init } of statement.declarations)
          bind(id, init ? bindingOf(init, scope, context) : { kind: "value", expr: NULL }, scope, context);
        break;
      case "ReturnStatement":
        return statement.argument ? convert(statement.argument, scope, context) : NULL;
      case "BlockStatement":
        return convertStatements(statement.body, scope, context, following);
      case "IfStatement": {
        const { test, consequent, alternate } = statement;
        return {
          kind: "conditional",
          test: convert(test, scope, context),
          consequent: convertStatements([consequent], scope, context, following),
          alternate: alternate ? convertStatements([alternate], scope, context, following) : following(),
        };
      }
      case "ExpressionStatement":
        if (statement.directive !== undefined) break;
        throw new Unsupported(`it has a statement that is not a const, an if or a return: ${text(statement, context)}`);
      default:
        throw new Unsupported(`it has a ${words(statement.type)}: ${text(statement, context)}`);
    }
  }
  return rest();
}

/** A row passed on stays a row; everything else is a value. */
function bindingOf(node: Expression, scope: Scope, context: Context): Binding {
  const bound = node.type === "Identifier" ? scope.get(node.name) : undefined;
  return bound ?? { kind: "value", expr: convert(node, scope, context) };
}

function bind(pattern: Pattern, binding: Binding, scope: Map<string, Binding>, context: Context): void {
  switch (pattern.type) {
    case "Identifier":
      scope.set(pattern.name, binding);
      return;
    case "AssignmentPattern": {
      if (binding.kind !== "value") return bind(pattern.left, binding, scope, context);
      const right = convert(pattern.right, scope, context);
      const expr: Expr = { kind: "logical", operator: "??", left: binding.expr, right };
      return bind(pattern.left, { kind: "value", expr }, scope, context);
    }
    case "ObjectPattern":
      for (const property of pattern.properties) {
        if (property.type === "RestElement") throw new Unsupported("it gathers the rest of the columns with `...`");
        if (binding.kind === "value" && isLength(property.key, property.computed)) {
          bind(property.value, { kind: "value", expr: call("length", [binding.expr]) }, scope, context);
          continue;
        }
        const key = propertyKey(property.key, property.computed, scope, context);
        bind(property.value, { kind: "value", expr: access(binding, key, context) }, scope, context);
      }
      return;
    case "ArrayPattern":
      pattern.elements.forEach((element, i) => {
        if (element === null) return;
        if (element.type === "RestElement") throw new Unsupported("it gathers the rest of an array with `...`");
        bind(element, { kind: "value", expr: access(binding, literal(i), context) }, scope, context);
      });
      return;
    default:
      throw new Unsupported(`it has a ${words(pattern.type)} in its parameters`);
  }
}

function propertyKey(key: Node, computed: boolean, scope: Scope, context: Context): Expr {
  if (!computed && key.type === "Identifier") return literal((key as Expression & { name: string }).name);
  return convert(key as Expression, scope, context);
}

/** `x.length` is the function, so that it has a type and every target can say it; `x["length"]` is a field. */
function isLength(key: Node, computed: boolean): boolean {
  return !computed && key.type === "Identifier" && (key as Node & { name: string }).name === "length";
}

/** Reads a field of whatever a binding stands for. */
function access(binding: Binding, key: Expr, context: Context): Expr {
  if (binding.kind === "value") {
    return { kind: "member", object: binding.expr, property: key };
  }
  const name =
    key.kind === "literal" ? key.value : key.kind === "parameter" ? context.parameters.get(key.name) : undefined;
  if (typeof name !== "string" && typeof name !== "number")
    throw new Unsupported("it chooses a column by an expression; a column's name must be known beforehand");
  if (binding.kind === "row") return { kind: "column", name: String(name), side: binding.side };
  return parameter(String(name), context.captured, context);
}

/** Makes a captured value a parameter. Throws when there is none, or when it is not plain data. */
function parameter(name: string, from: Readonly<Record<string, unknown>>, context: Context): Expr {
  if (!Object.hasOwn(from, name)) throw new Error(unknownName(name, context.source));
  return namedParameter(name, from[name], context);
}

/** Says that a name means nothing, and what to do. */
export function unknownName(name: string, source: string): string {
  return (
    `The row expression "${source}" uses "${name}", which is neither its row nor a captured value. ` +
    `Define ${name} in a cell, write d.${name} if it is a column, or pass it: captured({${name}}, d => …).`
  );
}

function namedParameter(name: string, captured: unknown, context: Context): Expr {
  const { parameters, origins } = context;
  // Two inlined functions may capture different values under one name.
  let free = name;
  for (let i = 2; origins.has(free) && !Object.is(origins.get(free), captured); i++) free = `${name}_${i}`;
  if (!origins.has(free)) {
    parameters.set(free, plainValue(captured, name));
    origins.set(free, captured);
  }
  return { kind: "parameter", name: free };
}

/** Checks that a captured value can travel to a Worker and be hashed. */
export function plainValue(value: unknown, name: string): Value {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number")
    return value;
  if (value instanceof Date) return value.getTime();
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map((v, i) => plainValue(v ?? null, `${name}[${i}]`));
  if (typeof value === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null))
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plainValue(v ?? null, `${name}.${k}`)]));
  const what =
    value === undefined ? "undefined" : typeof value === "object" ? `a ${value.constructor.name}` : `a ${typeof value}`;
  throw new Error(
    `The captured value "${name}" is ${what}; a row expression can use numbers, text, booleans, null, arrays and plain objects.`,
  );
}

/** Converts one expression. */
export function convert(node: Expression, scope: Scope, context: Context): Expr {
  const inner = (e: Expression): Expr => convert(e, scope, context);
  switch (node.type) {
    case "Literal":
      if (node.regex)
        throw new Unsupported(`a regular expression is used outside match, replace, split and test: ${node.raw}`);
      if (typeof node.value === "bigint") throw new Unsupported("it has a BigInt; numbers are doubles here");
      if (node.value === Infinity) return call("infinity", []);
      return { kind: "literal", value: (node.value ?? null) as string | number | boolean | null };
    case "Identifier":
      return convertName(node.name, scope, context);
    case "ParenthesizedExpression":
    case "ChainExpression":
      return inner(node.expression);
    case "TemplateLiteral":
      return convertTemplate(
        node.quasis.map(q => q.value.cooked ?? q.value.raw),
        node.expressions.map(inner),
      );
    case "UnaryExpression":
      if (node.operator === "void" || node.operator === "delete") throw new Unsupported(`it uses ${node.operator}`);
      return { kind: "unary", operator: node.operator as UnaryOperator, argument: inner(node.argument) };
    case "BinaryExpression":
      if (node.left.type === "PrivateIdentifier" || node.operator === "instanceof")
        throw new Unsupported(`it uses ${node.operator}`);
      if (node.operator === "in") return call("has", [inner(node.right), inner(node.left)]);
      return {
        kind: "binary",
        operator: node.operator as BinaryOperator,
        left: inner(node.left),
        right: inner(node.right),
      };
    case "LogicalExpression":
      return {
        kind: "logical",
        operator: node.operator as LogicalOperator,
        left: inner(node.left),
        right: inner(node.right),
      };
    case "ConditionalExpression":
      return {
        kind: "conditional",
        test: inner(node.test),
        consequent: inner(node.consequent),
        alternate: inner(node.alternate),
      };
    case "MemberExpression": {
      const { object, property } = node;
      if (object.type === "Super" || property.type === "PrivateIdentifier")
        throw new Unsupported("it uses a class's own words");
      if (object.type === "Identifier" && !scope.has(object.name)) {
        if (object.name === "Math" && property.type === "Identifier" && Object.hasOwn(MATH_CONSTANTS, property.name))
          return literal(MATH_CONSTANTS[property.name]);
        if (object.name === "Number" && property.type === "Identifier" && property.name in Number)
          return inner(
            property.name === "NaN" ? ({ ...property, name: "NaN" } as Expression) : numberConstant(property.name),
          );
      }
      const known = capturedPath(node, scope, context);
      if (known !== undefined && typeof known.value !== "function")
        return namedParameter(known.path, known.value ?? null, context);
      const from = bindingOf(object, scope, context);
      if (from.kind === "value" && isLength(property, node.computed)) return call("length", [from.expr]);
      return access(from, propertyKey(property, node.computed, scope, context), context);
    }
    case "CallExpression":
      return convertCall(node, scope, context);
    case "NewExpression":
      if (node.callee.type === "Identifier" && node.callee.name === "Date" && !scope.has("Date")) {
        if (node.arguments.length === 0) throw forbidden("new Date", context);
        if (node.arguments.length === 1) return call("timestamp", convertArguments(node.arguments, scope, context));
      }
      throw new Unsupported(`it makes a new object: ${text(node, context)}`);
    case "ArrayExpression":
      return call(
        "array_of",
        node.elements.map(e => {
          if (e === null || e.type === "SpreadElement") throw new Unsupported("it spreads an array with `...`");
          return inner(e);
        }),
      );
    case "ObjectExpression":
      return call(
        "object_of",
        node.properties.flatMap(p => convertProperty(p, scope, context)),
      );
    default:
      throw new Unsupported(`it has a ${words(node.type)}: ${text(node, context)}`);
  }
}

function numberConstant(name: string): Expression {
  const value = (Number as unknown as Record<string, unknown>)[name];
  if (typeof value !== "number") throw new Unsupported(`it uses Number.${name}`);
  const node = { type: "Literal", start: 0, end: 0, value: Math.abs(value), raw: String(value) } as Expression;
  return value < 0
    ? ({ type: "UnaryExpression", operator: "-", prefix: true, argument: node, start: 0, end: 0 } as Expression)
    : node;
}

function convertProperty(property: Property | Node, scope: Scope, context: Context): Expr[] {
  if (property.type !== "Property" || (property as Property).kind !== "init" || (property as Property).method)
    throw new Unsupported("it makes an object with `...`, a getter or a method");
  const { key, computed, value } = property as Property;
  return [propertyKey(key, computed, scope, context), convert(value, scope, context)];
}

/** Joins the pieces of a template literal, leaving out empty ones. */
function convertTemplate(texts: readonly string[], values: readonly Expr[]): Expr {
  const parts = texts.flatMap((t, i) => [...(t === "" ? [] : [literal(t)]), ...(i < values.length ? [values[i]] : [])]);
  if (parts.length === 0) return literal("");
  return values.length === 0 ? parts[0] : call("concat", parts);
}

function convertName(name: string, scope: Scope, context: Context): Expr {
  const bound = scope.get(name);
  if (bound?.kind === "value") return bound.expr;
  if (bound !== undefined) throw new Unsupported(`it uses the whole row "${name}" as a value`);
  if (name === "undefined") return NULL;
  if (name === "NaN") return call("nan", []);
  if (name === "Infinity") return call("infinity", []);
  if (Object.hasOwn(context.captured, name)) return parameter(name, context.captured, context);
  if (context.columns.has(name)) return { kind: "column", name, side: 0 };
  return parameter(name, context.captured, context);
}

/** Follows `cell.field.field` into a captured value, so that a slider's object costs no more than a number. */
function capturedPath(node: Expression, scope: Scope, context: Context): { path: string; value: unknown } | undefined {
  if (node.type === "Identifier")
    return !scope.has(node.name) && Object.hasOwn(context.captured, node.name)
      ? { path: node.name, value: context.captured[node.name] }
      : undefined;
  if (
    node.type !== "MemberExpression" ||
    node.computed ||
    node.property.type !== "Identifier" ||
    node.object.type === "Super"
  )
    return undefined;
  const from = capturedPath(node.object, scope, context);
  if (from === undefined || typeof from.value !== "object" || from.value === null || Array.isArray(from.value))
    return undefined;
  const name = node.property.name;
  const own = Object.hasOwn(from.value, name);
  return { path: `${from.path}.${name}`, value: own ? (from.value as Record<string, unknown>)[name] : undefined };
}

function convertArguments(nodes: CallExpression["arguments"], scope: Scope, context: Context): Expr[] {
  return nodes.map(n => {
    if (n.type === "SpreadElement") throw new Unsupported("it spreads arguments with `...`");
    return convert(n, scope, context);
  });
}

/** Writes a callee as a dotted name when it is one that no local or captured name hides. */
function dottedName(node: Expression, scope: Scope): string | undefined {
  if (node.type === "ParenthesizedExpression" || node.type === "ChainExpression")
    return dottedName(node.expression, scope);
  if (node.type === "Identifier") return scope.has(node.name) ? undefined : node.name;
  if (
    node.type !== "MemberExpression" ||
    node.computed ||
    node.property.type !== "Identifier" ||
    node.object.type === "Super"
  )
    return undefined;
  const object = dottedName(node.object, scope);
  return object === undefined ? undefined : `${object}.${node.property.name}`;
}

function convertCall(node: CallExpression, scope: Scope, context: Context): Expr {
  const callee = node.callee;
  if (callee.type === "Super") throw new Unsupported("it calls super");
  const name = dottedName(callee, scope)?.replace(/^aq\.op\./, "op.");
  if (name !== undefined) {
    if (Object.hasOwn(FORBIDDEN, name)) throw forbidden(name, context);
    if (name.startsWith("op.")) return callOperation(name.slice(3), node, scope, context);
    if (name.startsWith("Math.") && MATH_FUNCTIONS.has(name.slice(5)))
      return convertMath(name.slice(5), convertArguments(node.arguments, scope, context));
    const inlined = inline(callee as Expression, node, scope, context);
    if (inlined !== undefined) return inlined;
    if (Object.hasOwn(GLOBALS, name)) return callGlobal(name, node, scope, context);
    // Arquero lets its functions be called without `op.`.
    if (callee.type === "Identifier" && (FUNCTIONS.has(callee.name) || aggregateNamed(callee.name) !== undefined))
      return callOperation(callee.name, node, scope, context);
  }
  if (
    callee.type === "MemberExpression" &&
    callee.object.type !== "Super" &&
    callee.property.type === "Identifier" &&
    !callee.computed
  )
    return callMethod(callee.object, callee.property.name, node, scope, context);
  throw new Unsupported(`it calls ${text(callee, context)}, which is not a function of the expression language`);
}

function forbidden(name: string, context: Context): Error {
  return new Error(`The row expression "${context.source}" calls ${name}. ${FORBIDDEN[name]}`);
}

function convertMath(name: string, args: readonly Expr[]): Expr {
  if (args.length === 0 && (name === "max" || name === "min")) {
    const infinity = call("infinity", []);
    return name === "min" ? infinity : { kind: "unary", operator: "-", argument: infinity };
  }
  return call(Object.hasOwn(MATH, name) ? MATH[name] : name, args);
}

/** Calls `op.name`: an aggregate or a scalar function. */
function callOperation(name: string, node: CallExpression, scope: Scope, context: Context): Expr {
  const aggregate = aggregateNamed(name);
  if (aggregate !== undefined) {
    const args = convertArguments(node.arguments, scope, context);
    const [fewest, most] = aggregate.arity;
    if (args.length < fewest || args.length > most)
      throw new Error(
        `op.${name} takes ${fewest === most ? fewest : `${fewest} or ${most}`} arguments, not ${args.length}, in "${context.source}".`,
      );
    return { kind: "aggregate", name: aggregate.name, arguments: args };
  }
  if (WINDOW_FUNCTIONS.has(name))
    throw new Error(
      `op.${name} looks at other rows, which a row expression cannot, in "${context.source}". Use .stateful(…), .differentiate(…) or an aggregate such as op.first and op.last.`,
    );
  const known = Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  if (!FUNCTIONS.has(known)) {
    const near = nearest(name, [...FUNCTIONS.keys(), ...Object.keys(AGGREGATES), ...Object.keys(ALIASES)]);
    throw new Error(
      `There is no function op.${name}, in "${context.source}".${near === undefined ? "" : ` Did you mean op.${near}?`} Functions: ${[...FUNCTIONS.keys()].join(", ")}. Aggregates: ${Object.keys(AGGREGATES).join(", ")}.`,
    );
  }
  return callFunction(known, node.arguments, scope, context);
}

/** Calls a function of the registry by syntax; regular expressions choose the variant that takes a pattern and flags. */
function callFunction(name: string, nodes: CallExpression["arguments"], scope: Scope, context: Context): Expr {
  const second = nodes[1];
  if (second?.type === "Literal" && second.regex) {
    const { pattern, flags } = second.regex;
    const [value] = convertArguments(nodes.slice(0, 1), scope, context);
    const rest = convertArguments(nodes.slice(2), scope, context);
    const variants: Readonly<Record<string, string>> = {
      match: "match",
      matches: "matches",
      replace: "replace_matches",
      replace_all: "replace_matches",
      split: "split_matches",
    };
    if (!Object.hasOwn(variants, name)) throw new Unsupported(`${name} does not take a regular expression`);
    return call(variants[name], [value, literal(pattern), literal(flags), ...rest]);
  }
  const args = convertArguments(nodes, scope, context);
  // JavaScript makes a regular expression of a text given to `match`.
  if (name === "match" && (args.length === 2 || (args.length === 3 && !isFlags(args[2]))))
    return call("match", [args[0], args[1], literal(""), ...args.slice(2)]);
  if (name === "bin" && args.length > 3) return call("bin_within", args);
  if (name === "substring" && args.length === 1) return call("string", args);
  return call(name, args);
}

function isFlags(expr: Expr): boolean {
  return expr.kind === "literal" && typeof expr.value === "string" && /^[dgimsuvy]*$/.test(expr.value);
}

function callGlobal(name: string, node: CallExpression, scope: Scope, context: Context): Expr {
  const args = convertArguments(node.arguments, scope, context);
  if (name === "isNaN" || name === "isFinite") return call(GLOBALS[name], [call("number", args)]);
  return call(GLOBALS[name], args);
}

function callMethod(object: Expression, method: string, node: CallExpression, scope: Scope, context: Context): Expr {
  if (object.type === "Literal" && object.regex) {
    if (method !== "test") throw new Unsupported(`it calls ${method} of a regular expression`);
    const [value] = convertArguments(node.arguments, scope, context);
    return call("matches", [value, literal(object.regex.pattern), literal(object.regex.flags)]);
  }
  if (/^get(FullYear|Month|Date|Day|Hours|Minutes|Seconds|Milliseconds)$/.test(method))
    throw new Unsupported(
      `${method} depends on the machine's time zone; use op.hours(d.t, "Europe/London") and its like`,
    );
  if (!Object.hasOwn(METHODS, method))
    throw new Unsupported(`it calls the method ${method}, which is not part of the expression language`);
  return callFunction(METHODS[method], [object, ...node.arguments], scope, context);
}

/** Inlines a captured function: its parameters become the arguments. Undefined when the callee is none. */
function inline(callee: Expression, node: CallExpression, scope: Scope, context: Context): Expr | undefined {
  const known = capturedPath(callee, scope, context);
  if (typeof known?.value !== "function") return undefined;
  if (context.depth >= 20) throw new Unsupported(`the function ${known.path} calls itself`);
  const fn = context.parseFunction(known.value as (...args: never[]) => unknown);
  const bindings = node.arguments.map(argument => {
    if (argument.type === "SpreadElement") throw new Unsupported("it spreads arguments with `...`");
    return bindingOf(argument, scope, context);
  });
  return convertFunction(fn.node, bindings, {
    ...context,
    captured: fn.captured,
    source: fn.source,
    depth: context.depth + 1,
  });
}

function text(node: Node, context: Context): string {
  const whole = context.source.slice(node.start - 1, node.end - 1).replace(/\s+/g, " ");
  return whole.length > 60 ? `${whole.slice(0, 59)}…` : whole;
}

/** `ForStatement` as "for statement". */
function words(type: string): string {
  return type.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
