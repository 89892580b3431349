/** Printing and parsing are inverse: the text of any expression reads back as the same tree. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseExpression } from "../../src/expressions/parse.ts";
import { printTypeScript } from "../../src/expressions/printers/typescript.ts";
import { expressions, PARAMETERS } from "./arbitrary.ts";

test("parse(print(e)) is e", () => {
  fc.assert(
    fc.property(expressions, expr => {
      const text = printTypeScript({ expr, parameters: PARAMETERS, source: "" });
      expect(parseExpression({ toString: () => text }, { parameters: PARAMETERS }).expr, text).toStrictEqual(expr);
    }),
    { numRuns: 5_000 },
  );
});
