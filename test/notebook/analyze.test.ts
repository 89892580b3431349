import { describe, expect, test } from "vitest";
import { analyzeCell, analyzeCode, analyzeTemplate } from "../../src/notebook/analyze.ts";
import type { CellAnalysis } from "../../src/notebook/analyze.ts";
import { emitCell, locateError } from "../../src/notebook/emit.ts";
import type { EmittedCell } from "../../src/notebook/emit.ts";
import { platformGlobals } from "../../src/notebook/globals.ts";

const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
const compile = (cell: EmittedCell) => new (cell.async ? AsyncFunction : Function)(...cell.parameters, cell.body);
const ambient = new Set(["source", "op", "fixed"]);
const emit = (analysis: CellAnalysis, version = 1) =>
  emitCell(analysis, { id: 7, version, ambient, globals: platformGlobals });
const helpers: Record<string, unknown> = { __captured: (_: unknown, f: unknown) => f, __text: String };
const run = (analysis: CellAnalysis, values: Record<string, unknown> = {}) => {
  const cell = emit(analysis);
  return compile(cell)(...cell.parameters.map(name => ({ ...helpers, ...values })[name]));
};
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe("what a cell defines and needs", () => {
  test.each<[string, string, CellAnalysis["kind"], string[], string[]]>([
    ["an expression", "a + Math.max(b, 1)", "expression", [], ["a", "b"]],
    ["an object", "{a, b: c, [d]: 1}", "expression", [], ["a", "c", "d"]],
    ["a trailing comment", "a // b", "expression", [], ["a"]],
    ["nothing", "// nothing", "program", [], []],
    ["constants", "const a = b, {c, d: [e = f], ...g} = h;", "program", ["a", "c", "e", "g"], ["b", "f", "h"]],
    ["a function", "function f(x, y = z) { return x + y + w + f(arguments[0]) }", "program", ["f"], ["z", "w"]],
    ["an anonymous function", "(x, {y}, [z], ...rest) => x + y + z + rest + k", "expression", [], ["k"]],
    [
      "a class",
      "class A extends B { #p = q; static { s(this.#p) } m(x) { return [x, A, this.y] } [k]() {} }",
      "program",
      ["A"],
      ["B", "q", "s", "k"],
    ],
    [
      "hoisting",
      "f(); function f() { return v } var v = 1; { let v2 = v; w(v2) } if (1) { var inner = 2 } g(inner)",
      "program",
      ["f", "v"],
      ["w", "g"],
    ],
    ["blocks", "{ const a = 1; use(a) } use(a)", "program", [], ["use", "a"]],
    [
      "loops",
      "for (const [i, j] of pairs) sum(i, j); for (let k = 0; k < n; k++) sum(k); for (const p in o) sum(p)",
      "program",
      [],
      ["pairs", "sum", "n", "o"],
    ],
    ["catch", "try { f() } catch ({message}) { g(message) }", "program", [], ["f", "g"]],
    ["switch", "switch (x) { case y: let q = 1; f(q) }", "program", [], ["x", "y", "f"]],
    ["labels", "out: for (;;) { break out }", "program", [], []],
    ["members are not names", "a.b.c[d].e?.f({g: 1, h() {}})", "expression", [], ["a", "d"]],
    [
      "types are not names",
      "const a: Foo<Bar> = b as unknown as Baz; interface I { x: J } type T = typeof u; function f<Q>(this: W, x: Q): x is R { return !!g<S>(x!) }",
      "program",
      ["a", "f"],
      ["b", "g"],
    ],
    ["declare", "declare const a: number; declare function g(): void; const c = a + g()", "program", ["c"], ["a", "g"]],
    [
      "overloads",
      "function f(a: number): void; function f(a: string): void; function f(a: unknown) {}",
      "program",
      ["f"],
      [],
    ],
    ["enums", "enum Color { Red = base, Green = Red + 1 }", "program", ["Color"], ["base"]],
    ["parameter properties", "class P { constructor(private a: number, public b = w) {} }", "program", ["P"], ["w"]],
    ["a template", "`${a} ${`${b}`}`", "expression", [], ["a", "b"]],
    ["satisfies", "({a}) satisfies T", "expression", [], ["a"]],
    ["generators", "const i = (function* () { let x = 0; while (true) yield x++; })()", "program", ["i"], []],
    ["a named function expression", "const f = function g() { return g }", "program", ["f"], []],
    ["local assignment", "let n = 0; n++; [n] = [2]; ({a: n} = o)", "program", ["n"], ["o"]],
    ["import type", 'import type { T } from "x"; const a: T = b', "program", ["a"], ["b"]],
  ])("%s", (_name, source, kind, outputs, inputs) => {
    const analysis = analyzeCode(source);
    expect(analysis.error).toBe(null);
    expect([analysis.kind, names(analysis.outputs), names(analysis.inputs)]).toEqual([kind, outputs, inputs]);
  });

  test("positions count from one, of the first use and of the declaration", () => {
    const analysis = analyzeCode("const a = 1,\n      b = x;\nfoo(y, x);");
    expect(analysis.outputs).toEqual([
      { name: "a", kind: "const", line: 1, column: 7 },
      { name: "b", kind: "const", line: 2, column: 7 },
    ]);
    expect(analysis.inputs.map(({ name, line, column }) => [name, line, column])).toEqual([
      ["x", 2, 11],
      ["foo", 3, 1],
      ["y", 3, 5],
    ]);
  });

  test("typeof alone may meet nothing", () => {
    expect(analyzeCode("typeof a === 'undefined'").inputs[0].soft).toBe(true);
    expect(analyzeCode("typeof a === 'undefined' ? 1 : a").inputs[0].soft).toBe(false);
  });

  test("await counts outside of functions only", () => {
    expect(analyzeCode("await a").async).toBe(true);
    expect(analyzeCode("for await (const x of y) z(x)").async).toBe(true);
    expect(analyzeCode("const f = async () => await a").async).toBe(false);
  });

  test("the output attribute names the value of an expression", () => {
    const cell = { type: "module", source: "a + 1", attributes: [{ name: "output", value: "next" }] };
    expect(analyzeCell(cell).outputs).toEqual([{ name: "next", kind: "output", line: 1, column: 1 }]);
    expect(analyzeCell({ ...cell, attributes: [{ name: "output", value: "a b" }] }).error?.message).toContain(
      "is not a name",
    );
    expect(analyzeCell({ ...cell, type: "text/x-rust" }).kind).toBe("none");
  });
});

describe("mistakes at the author's line and column", () => {
  test.each([
    ["const a = ;", 1, 11, "Unexpected token"],
    ["const a = 1;\nconst b = (2 +", 2, 15, "the code ends too early"],
    ["const a = 1;\n  const a = 2;", 2, 9, "Identifier 'a' has already been declared"],
    ["const a: = 3", 1, 10, "Unexpected token"],
    ['x;\nimport {mean} from "npm:d3"', 2, 1, '"npm:d3" cannot be imported: notebooks work without a network'],
    ['const d3 = await import("d3")', 1, 18, '"d3" cannot be imported'],
    ["export const a = 1", 1, 1, "`export` is not needed"],
    ["a = 1", 1, 1, "`a` is not declared in this cell and cannot be assigned here"],
    ["b;\n  total += 1", 2, 3, "`total` is not declared in this cell"],
    ["const Math = 3", 1, 7, "`Math` is a name of the language"],
    ["namespace N { export const x = 1 }", 1, 1, "a namespace cannot be declared in a cell"],
  ])("%s", (source, line, column, message) => {
    const { error } = analyzeCode(source);
    expect([error?.line, error?.column]).toEqual([line, column]);
    expect(error?.message).toContain(message);
  });

  test("a cell that cannot be parsed still names what it seems to define", () => {
    expect(names(analyzeCode("const a = 1;\nfunction* f() {\nlet inner = ").outputs)).toEqual(["a", "f", "inner"]);
  });
});

describe("captured values", () => {
  const body = (source: string) => emit(analyzeCode(source)).body.split("\n")[0];
  test.each([
    ["nothing captured", "s.filter(d => d.x > 1)", "s.filter(d => d.x > 1)"],
    [
      "ambient and language names",
      "s.derive({t: d => op.sum(Math.abs(d.x))})",
      "s.derive({t: d => op.sum(Math.abs(d.x))})",
    ],
    ["a cell's value", "s.filter(d => d.x > k)", "s.filter(__captured(() => ({get k() {return k}}), d => d.x > k))"],
    [
      "two in an object",
      "s.derive({t: d => d.x * k + m, u: 1})",
      "s.derive({t: __captured(() => ({get k() {return k}, get m() {return m}}), d => d.x * k + m), u: 1})",
    ],
    [
      "nested objects and arrays",
      "f({a: [{b: x => k}]})",
      "f({a: [{b: __captured(() => ({get k() {return k}}), x => k)}]})",
    ],
    [
      "types and assertions",
      "s.filter(((d: Row): boolean => d.x > k) as Test)",
      "s.filter((__captured(() => ({get k() {return k}}), (d) => d.x > k)) ",
    ],
    [
      "a function with a name",
      "const f = d => d.x > k",
      "const f = __captured(() => ({get k() {return k}}), d => d.x > k)",
    ],
    ["neither argument nor value", "(d => d.x > k)(e)", "(d => d.x > k)(e)"],
    [
      "what awaits or yields",
      "f(async () => k, function* () { yield k })",
      "f(async () => k, function* () { yield k })",
    ],
    [
      "a function expression",
      "g(function (d) { return d + k })",
      "g(__captured(() => ({get k() {return k}}), function (d) { return d + k }))",
    ],
    ["globals of the place", "g(() => console.log(document))", "g(() => console.log(document))"],
    [
      "nested functions each for itself",
      "f(x => g(y => x + y))",
      "f(__captured(() => ({get g() {return g}}), x => g(__captured(() => ({get x() {return x}}), y => x + y))))",
    ],
  ])("%s", (_name, source, expected) => {
    expect(body(source)).toContain(expected);
  });

  test("a name of the cell itself that shadows the library is captured", () => {
    expect(body("const op = 2; s.filter(d => d.x > op)")).toContain("get op() {return op}");
  });

  test("values are read late, one by one, and tolerate what is not initialised", () => {
    const seen: unknown[] = [];
    const kept: { getter?: () => Record<string, unknown> } = {};
    const values = {
      __captured: (getter: () => Record<string, unknown>, f: unknown) => ((kept.getter = getter), f),
      s: (f: unknown) => f,
      a: 1,
      look: () => {
        const values = kept.getter!();
        seen.push(values.a);
        try {
          seen.push(values.late);
        } catch (error) {
          seen.push((error as Error).name);
        }
      },
    };
    run(analyzeCode("s(() => a + late); look(); const late = 5; look();"), values);
    expect(seen).toEqual([1, "ReferenceError", 1, 5]);
  });
});

describe("errors at run time", () => {
  const failing: [string, string, Record<string, unknown>, number, number][] = [
    ["an expression", "a.b.c", { a: {} }, 1, 5],
    ["an expression on the third line", "[\n  1,\n  a.b.c]", { a: {} }, 3, 7],
    ["after removed types", "const x: Record<string, number> = {}; (x as any as Foo<Bar>).y.z", {}, 1, 64],
    ["after a captured value", "f(d => d + k); q.r.s", { f: () => 1, q: {}, k: 1 }, 1, 20],
    [
      "inside a captured function",
      "const g = 1;\nf((d: number) => d + k.l.m)",
      { f: (g: (d: number) => unknown) => g(1), k: {} },
      2,
      26,
    ],
    ["thrown on purpose", "const a = 1;\nif (a) {\n  throw new Error('no')\n}", {}, 3, 9],
    ["after an enum", "enum C { A, B }\nconst x = q.r.s", { q: {} }, 2, 15],
  ];
  test.each(failing)("%s", (_name, source, values, line, column) => {
    const analysis = analyzeCode(source);
    const cell = emit(analysis);
    let caught: unknown;
    try {
      compile(cell)(...cell.parameters.map(name => ({ ...helpers, ...values })[name]));
    } catch (error) {
      caught = error;
    }
    expect(locateError(caught, cell)).toEqual({ line, column });
  });

  test("in an awaiting cell, and in a template", async () => {
    const cell = emit(analyzeCode("await 1;\nawait Promise.resolve();\n  nope.x"));
    const error = await compile(cell)(undefined).catch((each: unknown) => each);
    expect(locateError(error, cell)).toEqual({ line: 3, column: 8 });
    const template = emit(analyzeTemplate("`a`\n\\ ${ 1 } and ${q.r.s}"));
    let caught: unknown;
    try {
      compile(template)({}, String);
    } catch (each) {
      caught = each;
    }
    expect(locateError(caught, template)).toEqual({ line: 2, column: 20 });
  });

  test("frames of another version, and values that are no errors, have no place", () => {
    const cell = emit(analyzeCode("a.b.c"), 2);
    let caught: unknown;
    try {
      compile(cell)({});
    } catch (each) {
      caught = each;
    }
    expect(locateError(caught, emit(analyzeCode("a.b.c"), 3))).toBe(null);
    expect(locateError("text", cell)).toBe(null);
  });
});

describe("templates", () => {
  test.each<[string, string, Record<string, unknown>, string]>([
    ["text alone", "# A `b` \\ $5 {c}", {}, "# A `b` \\ $5 {c}"],
    ["values", "${a} and ${ b.c + 1 }", { a: 1, b: { c: 2 } }, "1 and 3"],
    ["nesting", "x ${`<${a ? `(${b})` : '}'}>`} y", { a: true, b: 2 }, "x <(2)> y"],
    ["strings and braces", "${'}' + \"{\" + {q: '${'}.q}", {}, "}{${"],
    ["comments", "${a /* } */ // }\n}", { a: 7 }, "7"],
    ["escaped", "\\${a} $\\{a} ${a}", { a: 7 }, "${a} ${a} 7"],
    ["a backslash before an escape", "\\\\${a} \\\\n", { a: 7 }, "\\\\7 \\\\n"],
    ["types", "${(a as number)!}", { a: 7 }, "7"],
    ["fences with backticks", "```js\n${a}\n```", { a: 7 }, "```js\n7\n```"],
    ["a dollar at the end", "5 $", {}, "5 $"],
    ["a backslash at the end", "a\\", {}, "a\\"],
  ])("%s", (_name, source, values, expected) => {
    const analysis = analyzeTemplate(source);
    expect(analysis.error).toBe(null);
    expect(run(analysis, values)).toBe(expected);
    expect(emit(analysis).body.split("\n").length).toBe(source.split("\n").length + 1);
  });

  test("free names and mistakes", () => {
    expect(names(analyzeTemplate("${a} ${[1].map(x => x + b)} `c`").inputs)).toEqual(["a", "b"]);
    expect(analyzeTemplate("one\ntwo ${a +}").error).toEqual({ message: "Unexpected token", line: 2, column: 10 });
    expect(analyzeTemplate("one ${a").error).toMatchObject({
      line: 1,
      column: 5,
      message: expect.stringContaining("never closed"),
    });
    expect(analyzeTemplate("one ${}").error?.message).toContain("nothing between");
  });
});
