import { expect, test } from "vitest";
import { columnsOf, type Expr, parametersOf } from "../../src/expressions/tree.ts";
import {
  captured,
  type ExpressionInput,
  parseAggregates,
  parseExpression,
  type ParseOptions,
} from "../../src/expressions/parse.ts";
import { printTypeScript } from "../../src/expressions/printers/typescript.ts";
import { op } from "../../src/expressions/op.ts";

/** Reads an expression and writes it again in its normal form. */
const normal = (input: ExpressionInput, options?: ParseOptions): string =>
  printTypeScript(parseExpression(input, options));
const column = (name: string): Expr => ({ kind: "column", name, side: 0 });

test.each([
  ["d.amount + 1", "d => d.amount + 1"],
  ["d => d['odd name']", 'd => d["odd name"]'],
  ["({a, b}) => a + b", "d => d.a + d.b"],
  ["({a: x, b: {c}}) => x - c", "d => d.a - d.b?.c"],
  ["({a = 3}) => a", "d => d.a ?? 3"],
  ["(l, r) => l.k === r.k", "(l, r) => l.k === r.k"],
  ["function (row) { return row.a * 2; }", "d => d.a * 2"],
  ["total(d) { return d.a; }", "d => d.a"],
  ["d => `${d.a}-${d.b}`", "d => `${d.a}-${d.b}`"],
  ["d => aq.op.round(d.a)", "d => op.round(d.a)"],
  ["d => round(d.a)", "d => op.round(d.a)"],
  ["d => Math.max(d.a, 0) ** Math.PI", `d => op.greatest(d.a, 0) ** ${Math.PI}`],
  ["d => d.s?.trim().toLowerCase().startsWith('x')", 'd => op.startswith(op.lower(op.trim(d.s)), "x")'],
  ["d => /^x/i.test(d.s)", "d => op.matches(d.s, /^x/i)"],
  ["d => d.s.replace(/a/g, 'b').length", 'd => op.length(op.replace(d.s, /a/g, "b"))'],
  ["d => d.j?.user?.['name'][0]", "d => d.j?.user?.name?.[0]"],
  ["d => ({ a: d.a, 'b c': [1, d.b] })", 'd => ({ a: d.a, ["b c"]: [1, d.b] })'],
  ["d => { const x = d.a * 2, { k } = d.j; return x > k ? x : k; }", "d => d.a * 2 > d.j?.k ? d.a * 2 : d.j?.k"],
  [
    "d => { if (d.a > 1) { return 'big'; } else if (d.a > 0) return 'small'; return null; }",
    'd => d.a > 1 ? "big" : d.a > 0 ? "small" : null',
  ],
  ["d => { if (d.a > 1) { const b = 2; } return d.b; }", "d => d.a > 1 ? d.b : d.b"],
  ["d => new Date(d.t).getUTCHours()", "d => op.hours(op.timestamp(d.t))"],
  ["d => op.utcyear(d.t) + op.hour(d.t, 'Europe/London')", 'd => op.year(d.t) + op.hours(d.t, "Europe/London")'],
  ["d => isNaN(d.s) || Number.isFinite(d.a)", "d => op.is_nan(op.number(d.s)) || op.is_finite(d.a)"],
  ["d => 'k' in d.j", 'd => op.has(d.j, "k")'],
  ["d => op.bin(d.a, 0, 100, 10)", "d => op.bin_within(d.a, 0, 100, 10)"],
  ["d => undefined === NaN", "d => null === NaN"],
  ["d => op.average(d.a) / op.count()", "d => op.mean(d.a) / op.count()"],
])("%s is read as %s", (text, expected) => {
  expect(normal({ toString: () => text })).toBe(expected);
});

test("numbers, booleans and expressions that are read already pass through", () => {
  expect(parseExpression(3).expr).toStrictEqual({ kind: "literal", value: 3 });
  const expression = parseExpression("d.a");
  expect(parseExpression(expression)).toBe(expression);
});

test("text is a column when it is a plain name or a known column", () => {
  expect(normal("amount")).toBe("d => d.amount");
  expect(parseExpression("größe").expr).toStrictEqual(column("größe"));
  expect(parseExpression("branch id", { columns: ["branch id"] }).expr).toStrictEqual(column("branch id"));
  expect(normal("amount > 3", { columns: ["amount"] })).toBe("d => d.amount > 3");
});

test("captured values become parameters, read when they are needed and only then", () => {
  let reads = 0;
  const values = {
    get threshold() {
      reads++;
      return 500;
    },
    get broken(): number {
      throw new Error("must not be read");
    },
  };
  const fn = captured(
    () => values,
    (d: { amount: number }) => d.amount > (values as { threshold: number }).threshold,
  );
  expect(reads).toBe(0);
  const text = captured(
    () => values,
    Object.assign(() => true, { toString: () => "d => d.amount > threshold && d.b < threshold" }),
  );
  const { expr, parameters } = parseExpression(text);
  expect(parametersOf(expr)).toStrictEqual(["threshold"]);
  expect(parameters).toStrictEqual({ threshold: 500 });
  expect(typeof fn).toBe("function");
});

test("a field of a captured object is a parameter of its own, and $ holds parameters", () => {
  const parameters = { limits: { high: 5, low: [1, 2] } };
  expect(parseExpression({ toString: () => "d => d.a < limits.high" }, { parameters }).parameters).toStrictEqual({
    "limits.high": 5,
  });
  expect(normal({ toString: () => "(d, $) => d.a < $.x" }, { parameters: { x: 1 } })).toBe("d => d.a < x");
});

test("captured functions are inlined, each with its own captured values", () => {
  const scale = captured(
    { k: 2 },
    Object.assign(() => 0, { toString: () => "x => x * k" }),
  );
  const read = parseExpression({ toString: () => "d => scale(d.v) + k" }, { parameters: { scale, k: 3 } });
  expect(printTypeScript(read)).toBe("d => d.v * k + k_2");
  expect(read.parameters).toStrictEqual({ k: 2, k_2: 3 });
  const whole = Object.assign(() => 0, { toString: () => "row => row.a + row.b" });
  expect(normal({ toString: () => "d => whole(d)" }, { parameters: { whole } })).toBe("d => d.a + d.b");
});

test("a free name is an error that names it and the way out", () => {
  expect(() => parseExpression("d => d.amount > threshold")).toThrow(
    /uses "threshold".*Define threshold in a cell.*captured\(\{threshold\}/s,
  );
  expect(() => parseExpression("d => { for (;;) unknown(); }")).toThrow(/uses "unknown"/);
});

test("a captured value that cannot travel is an error that says what it is", () => {
  expect(() => parseExpression("d => d.a + m", { parameters: { m: new Map() } })).toThrow(/"m" is a Map/);
  expect(() => parseExpression("d => d.a + m", { parameters: { m: undefined } })).toThrow(/"m" is undefined/);
});

test.each([
  ["d => op.summ(d.a)", /no function op.summ.*Did you mean op.sum\?/s],
  ["d => op.lag(d.a)", /looks at other rows/],
  ["d => Math.random() < 0.5", /differ on every replay.*sample/s],
  ["d => { let x = 0; for (const y of d.j) x += Date.now(); return x; }", /Date\.now.*replay/s],
  ["d => { let x = 0; for (const y of d.j) x += op.sum(y); return x; }", /aggregates with op.sum/],
  ["d => op.round()", /round takes 1 argument, not 0/],
  ["d => op.corr(d.a)", /corr takes 2 arguments, not 1/],
  ["async d => d.a", /async/],
  ["d => d.a +", /cannot be read/],
])("%s is refused", (text, message) => {
  expect(() => parseExpression({ toString: () => text })).toThrow(message);
});

test.each([
  ["d => { let n = 0; for (const c of d.s) n++; return n; }", /for of statement/],
  ["d => d.items.map(x => x.price)", /method map/],
  ["d => { let a = 1; a = d.b; return a; }", /not a const, an if or a return/],
  ["d => Object.entries(d).length", /method entries/],
  ["d => ({ ...d, x: 1 })", /\.\.\./],
  ["d => new Date(d.t).getHours()", /time zone/],
])("%s runs as it is, with the reason", (text, reason) => {
  const { expr } = parseExpression({ toString: () => text });
  expect(expr).toMatchObject({ kind: "opaque", source: text });
  expect((expr as { reason: string }).reason).toMatch(reason);
});

test("an opaque function keeps what it captures", () => {
  const { expr, parameters } = parseExpression(
    { toString: () => "d => d.items.map(x => x * k)" },
    { parameters: { k: 2, other: 3 } },
  );
  expect(expr).toMatchObject({ kind: "opaque", captured: ["k"] });
  expect(parameters).toStrictEqual({ k: 2 });
});

test("an expression is plain data", () => {
  const expression = parseExpression("d => /a/.test(d.s) || d.x === Infinity || d.j?.k !== undefined");
  expect(structuredClone(expression)).toStrictEqual(expression);
  expect(JSON.parse(JSON.stringify(expression))).toStrictEqual(expression);
});

test("aggregates are taken out of an expression, equal ones once", () => {
  const { aggregates, output } = parseAggregates("d => op.sum(d.a) / op.count() + op.sum(d.a) + d.key", "mean");
  expect(aggregates.map(a => [a.name, a.aggregate, a.arguments.map(e => printTypeScript(e))])).toStrictEqual([
    ["$mean.0", "sum", ["d => d.a"]],
    ["$mean.1", "count", []],
  ]);
  expect(columnsOf(output.expr)).toStrictEqual(["$mean.0", "$mean.1", "key"]);
  expect(() => parseAggregates("d => op.sum(op.max(d.a))", "x")).toThrow(/sum cannot aggregate max/);
});

test("op outside of a function makes the same expression as inside", () => {
  expect(op["sum"]("amount").expr).toStrictEqual(parseExpression("d => op.sum(d.amount)").expr);
  expect(op["count"]().source).toBe("d => op.count()");
  expect(op["startswith"]("s", "x").expr).toStrictEqual(parseExpression("d => op.startswith(d.s, 'x')").expr);
  expect(() => op["quantile"]("a")).toThrow(/takes 2 arguments/);
});
