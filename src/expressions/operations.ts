/**
 * What operators do to operands: how parts of an expression are read as numbers, texts and truths, compared and reckoned with, nulls
 * included, exactly as the interpreter does it.
 */
import type { ParameterType } from "./functions.ts";
import type { Block, KernelText } from "./kernel-text.ts";
import { as, boxed, either, kindOf, nullness, type Operand } from "./operand.ts";
import { commonType } from "./types.ts";

/** Writes code that is true where an operand counts as true. */
export function truthOf(kernel: KernelText, operand: Operand): string {
  switch (operand.type) {
    case "null":
      return "false";
    case "boolean":
      return operand.isNull === undefined ? operand.code : `(!${operand.isNull} && ${operand.code})`;
    case "number":
    case "timestamp": {
      const value = kernel.let(operand.code);
      const holds = `${value} !== 0 && ${value} === ${value}`;
      return operand.isNull === undefined ? `(${holds})` : `(!${operand.isNull} && ${holds})`;
    }
    case "string":
    case "json":
      return `!!${operand.code}`;
  }
}

/** Reads an operand as a number. */
export function numberOf(kernel: KernelText, operand: Operand): Operand {
  switch (operand.type) {
    case "null":
      return { type: "number", code: "NaN", isNull: "true" };
    case "number":
      return operand;
    case "timestamp":
      return { ...operand, type: "number" };
    case "boolean":
      return { type: "number", code: `(${operand.code} ? 1 : 0)`, isNull: operand.isNull };
    case "string":
      return { type: "number", code: kernel.let(`Number(${operand.code})`), isNull: operand.isNull };
    case "json": {
      const made = kernel.let(`rt.toNumber(${operand.code})`);
      return { type: "number", code: made, isNull: `(${made} === null)` };
    }
  }
}

/** Reads an operand as text, null when it is null. */
export function textOf(kernel: KernelText, operand: Operand): Operand {
  switch (operand.type) {
    case "null":
      return { type: "string", code: "null", isNull: "true" };
    case "string":
      return operand;
    case "json": {
      const made = kernel.let(`rt.toText(${operand.code})`);
      return { type: "string", code: made, isNull: `(${made} === null)` };
    }
    default: {
      const code = `String(${operand.code})`;
      const made = kernel.let(operand.isNull === undefined ? code : `${operand.isNull} ? null : ${code}`);
      return { type: "string", code: made, isNull: operand.isNull === undefined ? undefined : `(${made} === null)` };
    }
  }
}

/** Compares two operands for equality. */
export function equality(kernel: KernelText, operator: "===" | "==", left: Operand, right: Operand): Operand {
  const answer = (code: string): Operand => ({ type: "boolean", code, isNull: undefined });
  if (left.type === "null") return answer(`(${right.isNull ?? "false"})`);
  if (right.type === "null") return answer(`(${left.isNull ?? "false"})`);
  const kinds = [kindOf(left), kindOf(right)];
  if (kinds.includes("json"))
    return answer(
      operator === "===" ? `(${boxed(left)} === ${boxed(right)})` : `rt.looselyEqual(${boxed(left)}, ${boxed(right)})`,
    );
  if (kinds[0] === "string" && kinds[1] === "string") return answer(`(${left.code} === ${right.code})`);
  const bothNull =
    left.isNull !== undefined && right.isNull !== undefined ? `(${left.isNull} && ${right.isNull})` : "false";
  if (kinds[0] !== kinds[1] && operator === "===") return answer(bothNull);
  const [a, b] = kinds[0] === kinds[1] ? [left, right] : [numberOf(kernel, left), numberOf(kernel, right)];
  const same = `${a.code} === ${b.code}`;
  const nulls = either(left.isNull, right.isNull);
  return answer(nulls === undefined ? `(${same})` : `(${nulls} ? ${bothNull} : ${same})`);
}

/** Compares two operands by order. */
export function order(kernel: KernelText, operator: string, left: Operand, right: Operand): Operand {
  const answer = (code: string): Operand => ({ type: "boolean", code, isNull: undefined });
  if (left.type === "null" || right.type === "null") return answer("false");
  if (left.type === "json" || right.type === "json")
    return answer(`rt.binary["${operator}"](${boxed(left)}, ${boxed(right)})`);
  const texts = left.type === "string" && right.type === "string";
  const [a, b] = texts ? [left, right] : [numberOf(kernel, left), numberOf(kernel, right)];
  const nulls = either(a.isNull, b.isNull);
  const holds = `${a.code} ${operator} ${b.code}`;
  return answer(nulls === undefined ? `(${holds})` : `(!${nulls} && ${holds})`);
}

/** Reckons with two operands; `+` also joins texts. */
export function arithmetic(kernel: KernelText, operator: string, left: Operand, right: Operand): Operand {
  if (operator === "+") {
    if (left.type === "null" || right.type === "null") return { type: "null", code: "null", isNull: "true" };
    if (left.type === "string" || right.type === "string") {
      const [a, b] = [textOf(kernel, left), textOf(kernel, right)];
      const nulls = either(a.isNull, b.isNull);
      const made = kernel.let(
        nulls === undefined ? `${a.code} + ${b.code}` : `${nulls} ? null : ${a.code} + ${b.code}`,
      );
      return { type: "string", code: made, isNull: nulls === undefined ? undefined : `(${made} === null)` };
    }
    if (left.type === "json" || right.type === "json") {
      const made = kernel.let(`rt.binary["+"](${boxed(left)}, ${boxed(right)})`);
      return { type: "json", code: made, isNull: `(${made} === null)` };
    }
  }
  const [a, b] = [numberOf(kernel, left), numberOf(kernel, right)];
  const oneTime = (left.type === "timestamp") !== (right.type === "timestamp");
  const time = (operator === "+" && oneTime) || (operator === "-" && oneTime && left.type === "timestamp");
  return {
    type: time ? "timestamp" : "number",
    code: `(${a.code} ${operator} ${b.code})`,
    isNull: either(a.isNull, b.isNull),
  };
}

/** Makes one value of two, of which each is computed only where the test says so. */
export function choose(kernel: KernelText, test: string, whenTrue: Block<Operand>, whenFalse: Block<Operand>): Operand {
  const { type } = commonType(nullness(whenTrue.made), nullness(whenFalse.made));
  const nullable = whenTrue.made.isNull !== undefined || whenFalse.made.isNull !== undefined;
  const [a, b] = [as(type, whenTrue.made), as(type, whenFalse.made)];
  const boxedType = type === "string" || type === "json" || type === "null";
  if (whenTrue.lines.length === 0 && whenFalse.lines.length === 0 && (!nullable || boxedType)) {
    const made = kernel.let(`${test} ? ${a.code} : ${b.code}`);
    return { type, code: made, isNull: nullable ? `(${made} === null)` : undefined };
  }
  const name = kernel.name();
  const flag = nullable && !boxedType ? `${name}n` : undefined;
  const branch = ({ lines }: { readonly lines: readonly string[] }, operand: Operand): string[] => [
    ...lines,
    `${name} = ${operand.code};`,
    ...(flag === undefined ? [] : [`${flag} = ${operand.isNull ?? "false"};`]),
  ];
  const start = boxedType ? "null" : type === "boolean" ? "false" : "0";
  kernel.emit(`let ${name} = ${start}${flag === undefined ? "" : `, ${flag} = false`};`);
  kernel.emit(`if (${test}) {`, ...branch(whenTrue, a), "} else {", ...branch(whenFalse, b), "}");
  return { type, code: name, isNull: flag ?? (nullable ? `(${name} === null)` : undefined) };
}

/** Reads an operand as what a parameter takes. */
export function argument(kernel: KernelText, type: ParameterType, operand: Operand): Operand {
  switch (type) {
    case "number":
      return kernel.named(numberOf(kernel, operand));
    case "string":
      return kernel.named(textOf(kernel, operand));
    case "boolean":
      return { type: "boolean", code: kernel.let(truthOf(kernel, operand)), isNull: operand.isNull };
    case "time": {
      if (operand.type === "number" || operand.type === "timestamp") return kernel.named(numberOf(kernel, operand));
      const made = kernel.let(`rt.toTime(${boxed(operand)})`);
      return { type: "json", code: made, isNull: `(${made} === null)` };
    }
    case "any": {
      const made = kernel.let(boxed(operand));
      return {
        ...operand,
        type: "json",
        code: made,
        isNull: operand.isNull === undefined ? undefined : `(${made} === null)`,
      };
    }
  }
}
