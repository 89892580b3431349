import { expect, test } from "vitest";
import { outline } from "../../src/notebook/outline.ts";
import { code, markdown } from "./laboratory.ts";

test("headings and definitions in the order of the page", () => {
  const cells = [
    markdown(
      3,
      "# **Bank** day `totals` #\n\n```md\n# not this\n```\n\nAnother\n-------\n\n- item\n---\n####### seven\n## [Late](x) rows",
    ),
    code(1, "const a = 1;\nfunction f() {}"),
    code(2, "1 + 1", { output: "two" }),
    code(4, "const broken = ("),
  ];
  expect(outline(cells)).toEqual([
    { kind: "heading", cell: 3, line: 1, level: 1, text: "Bank day totals" },
    { kind: "heading", cell: 3, line: 7, level: 2, text: "Another" },
    { kind: "heading", cell: 3, line: 13, level: 2, text: "Late rows" },
    { kind: "definition", cell: 1, line: 1, column: 7, name: "a", declaration: "const" },
    { kind: "definition", cell: 1, line: 2, column: 10, name: "f", declaration: "function" },
    { kind: "definition", cell: 2, line: 1, column: 1, name: "two", declaration: "output" },
    { kind: "definition", cell: 4, line: 1, column: 7, name: "broken", declaration: "const" },
  ]);
});
