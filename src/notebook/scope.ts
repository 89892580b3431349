/**
 * Walks the syntax tree of a cell and tells which names it declares at its top, which it takes from elsewhere, and what
 * its function literals capture. Types are passed over: they are gone at run time.
 */

/** A node of acorn's tree, TypeScript's nodes included. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** How a name is declared. */
export type DeclarationKind = "const" | "let" | "var" | "function" | "class" | "enum";

/** A name that a cell declares at its top. Offsets are into the cell's source. */
export interface Declaration {
  readonly name: string;
  readonly kind: DeclarationKind;
  readonly start: number;
}

/** A place where a cell uses a name that it does not declare. */
export interface FreeName {
  readonly name: string;
  readonly start: number;
  /** The name is the target of an assignment. */
  readonly assigned: boolean;
  /** The name stands in `typeof name`, which is no error when nothing defines it. */
  readonly soft: boolean;
}

/**
 * A function literal that is an argument of a call or the value of a variable, or stands in an object or array that is:
 * whatever may come to be read as an expression over rows.
 */
export interface FunctionLiteral {
  readonly start: number;
  readonly end: number;
  /** Names used inside and bound outside, in the order of first use; `free` when not even the cell binds them. */
  readonly captures: readonly { readonly name: string; readonly free: boolean }[];
}

/** Something that a cell cannot say. */
export interface Refusal {
  readonly message: string;
  readonly start: number;
}

/** What `scanNames` finds. */
export interface NameScan {
  readonly declarations: readonly Declaration[];
  readonly free: readonly FreeName[];
  readonly functions: readonly FunctionLiteral[];
  readonly refusals: readonly Refusal[];
  /** `await` or `for await` outside of any function. */
  readonly awaits: boolean;
}

class Scope {
  readonly names = new Set<string>();
  readonly parent: Scope | null;
  readonly depth: number;

  constructor(parent: Scope | null) {
    this.parent = parent;
    this.depth = parent === null ? 0 : parent.depth + 1;
  }

  /** Depth of the scope that binds `name`, or -1. */
  find(name: string): number {
    if (this.names.has(name)) return this.depth;
    return this.parent === null ? -1 : this.parent.find(name);
  }
}

interface OpenFunction {
  readonly depth: number;
  readonly captures: Map<string, boolean>;
}

/** Finds the names of a program, or of one or several expressions. */
export function scanNames(roots: readonly SyntaxNode[]): NameScan {
  const walker = new Walker();
  for (const root of roots) walker.visitRoot(root);
  return walker;
}

class Walker implements NameScan {
  readonly declarations: Declaration[] = [];
  readonly free: FreeName[] = [];
  readonly functions: FunctionLiteral[] = [];
  readonly refusals: Refusal[] = [];
  awaits = false;

  /** The functions around the node being visited, outermost first. */
  readonly #open: OpenFunction[] = [];
  /** Function literals whose captured values are wanted, noted before they are visited. */
  readonly #literals = new Set<SyntaxNode>();

  visitRoot(root: SyntaxNode): void {
    const scope = new Scope(null);
    if (root.type !== "Program") {
      this.#visit(root, scope);
      return;
    }
    const body = list(root.body);
    for (const statement of body) this.#declareTop(statement);
    hoistVariables(root, scope.names);
    hoistBlock(body, scope.names);
    for (const statement of body) this.#visit(statement, scope);
  }

  #declareTop(statement: SyntaxNode): void {
    if (statement.declare === true) return;
    if (statement.type === "VariableDeclaration") {
      for (const declarator of list(statement.declarations)) {
        for (const { name, start } of patternNames(child(declarator.id))) {
          this.declarations.push({ name, start, kind: statement.kind as DeclarationKind });
        }
      }
    } else {
      const kind = declaredKinds[statement.type];
      const id = child(statement.id);
      if (kind !== undefined && id !== null) this.declarations.push({ name: nameOf(id), start: id.start, kind });
    }
  }

  #visit(node: SyntaxNode, scope: Scope): void {
    if (node.type.startsWith("TS")) {
      this.#visitTypeScript(node, scope);
      return;
    }
    switch (node.type) {
      case "Identifier":
        this.#refer(node, scope, false, false);
        return;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        this.#visitFunction(node, scope);
        return;
      case "ClassDeclaration":
      case "ClassExpression": {
        const inner = new Scope(scope);
        const id = child(node.id);
        if (id !== null) inner.names.add(nameOf(id));
        this.#visitAll(list(node.decorators), inner);
        this.#visitMaybe(node.superClass, inner);
        this.#visitMaybe(node.body, inner);
        return;
      }
      case "MethodDefinition":
      case "PropertyDefinition":
      case "AccessorProperty":
      case "Property":
        this.#visitAll(list(node.decorators), scope);
        if (node.computed === true) this.#visitMaybe(node.key, scope);
        this.#visitMaybe(node.value, scope);
        return;
      case "MemberExpression":
        this.#visitMaybe(node.object, scope);
        if (node.computed === true) this.#visitMaybe(node.property, scope);
        return;
      case "CallExpression":
        for (const argument of list(node.arguments)) this.#markFunctions(argument);
        this.#visitChildren(node, scope);
        return;
      case "VariableDeclaration":
        if (node.declare === true) return;
        for (const declarator of list(node.declarations)) {
          const value = child(declarator.init);
          this.#visitPattern(child(declarator.id), scope, true);
          if (value === null) continue;
          this.#markFunctions(value);
          this.#visit(value, scope);
        }
        return;
      case "AssignmentExpression":
        this.#visitPattern(child(node.left), scope, false);
        this.#visitMaybe(node.right, scope);
        return;
      case "UpdateExpression":
        this.#visitPattern(child(node.argument), scope, false);
        return;
      case "UnaryExpression": {
        const argument = child(node.argument);
        if (node.operator === "typeof" && argument?.type === "Identifier") this.#refer(argument, scope, false, true);
        else this.#visitMaybe(node.argument, scope);
        return;
      }
      case "AwaitExpression":
        if (this.#open.length === 0) this.awaits = true;
        this.#visitMaybe(node.argument, scope);
        return;
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
        this.#visitLoop(node, new Scope(scope));
        return;
      case "BlockStatement":
      case "StaticBlock":
        this.#visitBlock(list(node.body), new Scope(scope));
        return;
      case "SwitchStatement": {
        this.#visitMaybe(node.discriminant, scope);
        const inner = new Scope(scope);
        const cases = list(node.cases);
        hoistBlock(
          cases.flatMap(each => list(each.consequent)),
          inner.names,
        );
        for (const each of cases) this.#visitChildren(each, inner);
        return;
      }
      case "CatchClause": {
        const inner = new Scope(scope);
        const parameter = child(node.param);
        for (const { name } of patternNames(parameter)) inner.names.add(name);
        this.#visitPattern(parameter, inner, true);
        this.#visitMaybe(node.body, inner);
        return;
      }
      case "LabeledStatement":
        this.#visitMaybe(node.body, scope);
        return;
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "MetaProperty":
        if (nameOf(child(node.meta)) === "import") this.#refuse(node, importMeta);
        return;
      case "ImportDeclaration":
        if (node.importKind !== "type") this.#refuse(node, importRefusal(node));
        return;
      case "ImportExpression":
        this.#refuse(node, importRefusal(node));
        return;
      case "ExportNamedDeclaration":
      case "ExportDefaultDeclaration":
      case "ExportAllDeclaration":
        this.#refuse(
          node,
          "`export` is not needed: every name at the top of a cell is seen by all cells; take the word away",
        );
        return;
      default:
        this.#visitChildren(node, scope);
    }
  }

  #visitTypeScript(node: SyntaxNode, scope: Scope): void {
    switch (node.type) {
      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSNonNullExpression":
      case "TSTypeAssertion":
      case "TSInstantiationExpression":
        this.#visitMaybe(node.expression, scope);
        return;
      case "TSEnumDeclaration": {
        if (node.declare === true) return;
        const inner = new Scope(scope);
        const members = list(node.members);
        for (const member of members) inner.names.add(nameOf(child(member.id)));
        for (const member of members) this.#visitMaybe(member.initializer, inner);
        return;
      }
      case "TSModuleDeclaration":
        if (node.declare !== true) this.#refuse(node, "a namespace cannot be declared in a cell; use an object");
        return;
      case "TSImportEqualsDeclaration":
        this.#refuse(node, importRefusal(node));
        return;
      case "TSExportAssignment":
        this.#refuse(
          node,
          "`export` is not needed: every name at the top of a cell is seen by all cells; take the word away",
        );
        return;
      default:
    }
  }

  #visitFunction(node: SyntaxNode, outer: Scope): void {
    const scope = new Scope(outer);
    const open: OpenFunction = { depth: scope.depth, captures: new Map() };
    const id = child(node.id);
    if (node.type === "FunctionExpression" && id !== null) scope.names.add(nameOf(id));
    if (node.type !== "ArrowFunctionExpression") scope.names.add("arguments");
    const parameters = list(node.params);
    for (const parameter of parameters) for (const { name } of patternNames(parameter)) scope.names.add(name);
    this.#open.push(open);
    for (const parameter of parameters) this.#visitPattern(parameter, scope, true);
    const body = child(node.body);
    if (body?.type === "BlockStatement") {
      hoistVariables(body, scope.names);
      this.#visitBlock(list(body.body), new Scope(scope));
    } else if (body !== null) this.#visit(body, scope);
    this.#open.pop();
    if (this.#literals.has(node) && open.captures.size > 0) {
      const captures = Array.from(open.captures, ([name, free]) => ({ name, free }));
      this.functions.push({ start: node.start, end: node.end, captures });
    }
  }

  #visitLoop(node: SyntaxNode, scope: Scope): void {
    if (node.await === true && this.#open.length === 0) this.awaits = true;
    const head = child(node.type === "ForStatement" ? node.init : node.left);
    if (head !== null && head.type === "VariableDeclaration") {
      hoistBlock([head], scope.names);
      this.#visit(head, scope);
    } else if (head !== null) {
      if (node.type === "ForStatement") this.#visit(head, scope);
      else this.#visitPattern(head, scope, false);
    }
    for (const part of [node.test, node.update, node.right, node.body]) this.#visitMaybe(part, scope);
  }

  #visitBlock(body: readonly SyntaxNode[], scope: Scope): void {
    hoistBlock(body, scope.names);
    for (const statement of body) this.#visit(statement, scope);
  }

  /** Visits the expressions inside a pattern; its names are declared (`binding`) or assigned. */
  #visitPattern(node: SyntaxNode | null, scope: Scope, binding: boolean): void {
    if (node === null) return;
    switch (node.type) {
      case "Identifier":
        if (!binding) this.#refer(node, scope, true, false);
        return;
      case "ObjectPattern":
        for (const property of list(node.properties)) {
          if (property.type === "RestElement") this.#visitPattern(property, scope, binding);
          else {
            if (property.computed === true) this.#visitMaybe(property.key, scope);
            this.#visitPattern(child(property.value), scope, binding);
          }
        }
        return;
      case "ArrayPattern":
        for (const element of list(node.elements)) this.#visitPattern(element, scope, binding);
        return;
      case "RestElement":
        this.#visitPattern(child(node.argument), scope, binding);
        return;
      case "AssignmentPattern":
        this.#visitPattern(child(node.left), scope, binding);
        this.#visitMaybe(node.right, scope);
        return;
      case "TSParameterProperty":
        this.#visitPattern(child(node.parameter), scope, binding);
        return;
      case "TSAsExpression":
      case "TSNonNullExpression":
      case "TSSatisfiesExpression":
        this.#visitPattern(child(node.expression), scope, binding);
        return;
      default:
        this.#visit(node, scope);
    }
  }

  #refer(node: SyntaxNode, scope: Scope, assigned: boolean, soft: boolean): void {
    const name = nameOf(node);
    const depth = scope.find(name);
    if (depth < 0) this.free.push({ name, start: node.start, assigned, soft });
    for (const open of this.#open) if (depth < open.depth) open.captures.set(name, depth < 0);
  }

  #markFunctions(node: SyntaxNode): void {
    switch (node.type) {
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        // What awaits or yields is never an expression over rows, so nobody will ask what it captures.
        if (node.async !== true && node.generator !== true) this.#literals.add(node);
        return;
      case "ObjectExpression":
        for (const property of list(node.properties)) {
          const value = child(property.value);
          if (property.type === "Property" && property.method !== true && property.kind === "init" && value !== null) {
            this.#markFunctions(value);
          }
        }
        return;
      case "ArrayExpression":
        for (const element of list(node.elements)) this.#markFunctions(element);
        return;
      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSNonNullExpression": {
        const inner = child(node.expression);
        if (inner !== null) this.#markFunctions(inner);
        return;
      }
      default:
    }
  }

  #refuse(node: SyntaxNode, message: string): void {
    this.refusals.push({ message, start: node.start });
  }

  #visitMaybe(value: unknown, scope: Scope): void {
    const node = child(value);
    if (node !== null) this.#visit(node, scope);
  }

  #visitAll(nodes: readonly SyntaxNode[], scope: Scope): void {
    for (const node of nodes) this.#visit(node, scope);
  }

  #visitChildren(node: SyntaxNode, scope: Scope): void {
    for (const key in node) {
      const value = node[key];
      if (Array.isArray(value)) this.#visitAll(list(value), scope);
      else this.#visitMaybe(value, scope);
    }
  }
}

const importMeta = '`import.meta` has no meaning in a cell; files are opened with `source("name")`';

function importRefusal(node: SyntaxNode): string {
  const from = child(node.source)?.value;
  const what = typeof from === "string" ? `"${from}"` : "a module";
  return `${what} cannot be imported: notebooks work without a network and bring their library with them; use the names that are there (see the list of symbols), or paste the functions you need into a cell of their own`;
}

const declaredKinds: Readonly<Record<string, DeclarationKind>> = {
  FunctionDeclaration: "function",
  ClassDeclaration: "class",
  TSEnumDeclaration: "enum",
};

function child(value: unknown): SyntaxNode | null {
  return typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string"
    ? (value as SyntaxNode)
    : null;
}

function list(value: unknown): SyntaxNode[] {
  return Array.isArray(value) ? value.filter(each => child(each) !== null) : [];
}

function nameOf(node: SyntaxNode | null): string {
  return typeof node?.name === "string" ? node.name : "";
}

function patternNames(node: SyntaxNode | null): { name: string; start: number }[] {
  if (node === null) return [];
  switch (node.type) {
    case "Identifier":
      return [{ name: nameOf(node), start: node.start }];
    case "ObjectPattern":
      return list(node.properties).flatMap(property =>
        patternNames(property.type === "RestElement" ? property : child(property.value)),
      );
    case "ArrayPattern":
      return list(node.elements).flatMap(patternNames);
    case "RestElement":
      return patternNames(child(node.argument));
    case "AssignmentPattern":
      return patternNames(child(node.left));
    case "TSParameterProperty":
      return patternNames(child(node.parameter));
    default:
      return [];
  }
}

/** Adds what a block binds for itself: `let`, `const`, classes, functions, enums. */
function hoistBlock(body: readonly SyntaxNode[], names: Set<string>): void {
  for (const statement of body) {
    if (statement.declare === true) continue;
    if (statement.type === "VariableDeclaration") {
      for (const declarator of list(statement.declarations))
        for (const { name } of patternNames(child(declarator.id))) names.add(name);
    } else if (declaredKinds[statement.type] !== undefined) names.add(nameOf(child(statement.id)));
  }
}

/** Adds what `var` binds for the whole function, however deep in blocks it stands. */
function hoistVariables(node: SyntaxNode, names: Set<string>): void {
  for (const key in node) {
    const value = node[key];
    for (const each of Array.isArray(value) ? list(value) : [child(value)]) {
      if (each === null || /Function|^Class|^TS/.test(each.type)) continue;
      if (each.type === "VariableDeclaration" && each.kind === "var") hoistBlock([each], names);
      hoistVariables(each, names);
    }
  }
}
