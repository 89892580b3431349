/** SQL cells before they run: the tables they read, the values they are given, what they are turned into. */
import { describe, expect, test } from "vitest";
import { analyzeCell } from "../../src/notebook/analyze.ts";
import { emitCell } from "../../src/notebook/emit.ts";
import { sqlTables } from "../../src/notebook/sql.ts";

const names = (sql: string): string[] => sqlTables(sql).map(t => t.name);
const cell = (source: string, output?: string) =>
  analyzeCell({
    type: "application/sql",
    source,
    attributes: output === undefined ? [] : [{ name: "output", value: output }],
  });

describe("the tables of a query", () => {
  test.each([
    ["SELECT * FROM payments", ["payments"]],
    ["select a, b from payments p, daily as d where a in (1, x)", ["payments", "daily"]],
    ["SELECT * FROM a LEFT JOIN b USING (k) NATURAL JOIN c ON a.x = c.x", ["a", "b", "c"]],
    ["SELECT x, y FROM (SELECT * FROM inside) s, other ORDER BY x, y", ["inside", "other"]],
    ["SELECT * FROM (a JOIN b ON a.k = b.k), c", ["a", "b", "c"]],
    ["WITH recent(x) AS (SELECT * FROM log), more AS (SELECT 1) SELECT * FROM recent, more", ["log"]],
    ["SELECT * FROM t, json_each(t.items) JOIN u", ["t", "u"]],
    ["SELECT 'from nothing' /* from no */ -- from none\n FROM \"log\", [two], `three`", ["log", "two", "three"]],
    ["SELECT 1 UNION SELECT x FROM a UNION ALL SELECT x FROM b LIMIT 1, 2", ["a", "b"]],
    ["SELECT (SELECT max(x) FROM m), z FROM k WHERE EXISTS (SELECT 1 FROM e)", ["m", "k", "e"]],
  ])("%s", (sql, tables) => expect(names(sql)).toEqual(tables));
});

describe("a SQL cell", () => {
  test("needs its tables and its values, and gives what its output attribute says", () => {
    const found = cell("SELECT * FROM payments\nWHERE amount > ${least}", "large");
    expect(found.error).toBeNull();
    expect(found.tables).toEqual(["payments"]);
    expect(found.inputs).toEqual([
      { name: "payments", soft: true, line: 1, column: 15 },
      { name: "least", soft: false, line: 2, column: 18 },
    ]);
    expect(found.outputs.map(o => o.name)).toEqual(["large"]);
  });

  test("hands text and values to the runner of queries, whatever they contain", () => {
    const source = "SELECT '`\\' AS a, ${1 + 1} AS b FROM t WHERE x > ${`}`}";
    const emitted = emitCell(cell(source), { id: 3, ambient: new Set(), globals: new Set() });
    expect(emitted.parameters).toEqual(["t", "__query"]);
    const run = new Function(...emitted.parameters, emitted.body) as (t: unknown, q: unknown) => unknown;
    const seen = run("rows", (tables: object) => (text: TemplateStringsArray, ...values: unknown[]) => ({
      tables,
      text: [...text],
      values,
    }));
    expect(seen).toEqual({
      tables: { t: "rows" },
      text: ["SELECT '`\\' AS a, ", " AS b FROM t WHERE x > ", ""],
      values: [2, "}"],
    });
  });

  test("leaves names of the language and words that cannot be names to SQLite", () => {
    expect(cell('SELECT * FROM "class", Map, "two words"').tables).toEqual([]);
  });

  test("says where an interpolation is not closed", () => {
    expect(cell("SELECT ${1").error).toMatchObject({ line: 1, column: 8 });
  });
});
