import fc from "fast-check";
import { expect, test } from "vitest";
import { rowsOf } from "../../src/columns/batch.ts";
import { type Value, valueAt } from "../../src/columns/column.ts";
import { type CsvOptions, csvDecoder } from "../../src/connectors/csv/decode.ts";
import { splitRecord } from "../../src/connectors/csv/records.ts";
import type { DecodedLog } from "../../src/connectors/log.ts";

const encoder = new TextEncoder();

function decode(text: string, options: CsvOptions = {}, cuts: readonly number[] = []): DecodedLog {
  const bytes = encoder.encode(text);
  const decoder = csvDecoder(options);
  let at = 0;
  for (let i = 0; cuts.length > 0 && at < bytes.length; i++) {
    const to = Math.min(bytes.length, at + cuts[i % cuts.length]);
    decoder.push(bytes.slice(at, to));
    at = to;
  }
  decoder.push(bytes.slice(at), true);
  return decoder.finish();
}

/** A CSV reader as one would write it first: a state machine over characters. */
function naive(text: string, delimiter: string): (string | null)[][] {
  const records: (string | null)[][] = [];
  let record: (string | null)[] = [];
  let field = "";
  let state: "start" | "plain" | "quoted" | "after" = "start";
  const endField = (): void => {
    record.push(state === "start" ? null : field);
    field = "";
    state = "start";
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (state === "quoted") {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[i++];
      else state = "after";
    } else if (c === delimiter) endField();
    else if (c === "\n" || (c === "\r" && text[i + 1] === "\n")) {
      if (c === "\r") i++;
      if (record.length > 0 || state !== "start") {
        endField();
        records.push(record);
        record = [];
      }
    } else if (state === "start" && c === '"') state = "quoted";
    else {
      field += c;
      state = "plain";
    }
  }
  if (record.length > 0 || state !== "start") {
    endField();
    records.push(record);
  }
  return records;
}

const cellText = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: "grapheme" }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "",
      "a,b",
      'say "x"',
      "two\nlines",
      "two\r\nlines",
      '"',
      ",",
      "\r",
      "é",
      "😀",
      "007",
      " ",
    ),
  },
  { weight: 1, arbitrary: fc.integer().map(String) },
);

/** Writes a cell: null as nothing, and quotes where they are needed or wanted. */
function quoted(cell: string | null, always: boolean, delimiter: string): string {
  if (cell === null) return "";
  return always || cell === "" || /["\r\n]/.test(cell) || cell.includes(delimiter)
    ? `"${cell.replaceAll('"', '""')}"`
    : cell;
}

test("any cells, any chunks, any delimiter: the rows are what a plain reader reads", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.option(cellText), fc.option(cellText), fc.option(cellText)), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 4 }),
      fc.constantFrom("\n", "\r\n"),
      fc.constantFrom(",", ";", "\t", "|"),
      fc.boolean(),
      fc.boolean(),
      (rows, cuts, newline, delimiter, always, ends) => {
        const text =
          [["a", "b", "c"], ...rows].map(r => r.map(c => quoted(c, always, delimiter)).join(delimiter)).join(newline) +
          (ends ? newline : "");
        const expected = naive(text, delimiter).slice(1);
        expect(expected).toEqual(rows);
        const log = decode(text, { types: { a: "string", b: "string", c: "string" } }, cuts);
        expect(log.errors.length).toBe(0);
        expect(log.batch.length).toBe(expected.length);
        for (const [row, cells] of expected.entries())
          for (const [c, cell] of cells.entries()) expect(valueAt(log.batch.columns[c], row)).toBe(cell);
        let line = 2;
        for (const [row, cells] of expected.entries()) {
          expect(log.line[row]).toBe(line);
          line += 1 + cells.join("").split("\n").length - 1;
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("any text at all: the scanner decides as the plain splitter does, in any chunks", () => {
  const soup = fc.array(
    fc.constantFrom("a", "é", "1", "-", ".", ",", ",", '"', '"', "\n", "\n", "\r", "\r\n", '""', "true"),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(
      soup,
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
      fc.constantFrom("string", "number", "boolean"),
      (parts, cuts, type) => {
        const text = `a,b\n${parts.join("")}`;
        const log = decode(text, { types: { a: "string", b: type } }, cuts);
        const bytes = encoder.encode(text.endsWith("\n") ? text : `${text}\n`);
        const rows: (readonly unknown[])[] = [];
        const errors: number[] = [];
        let line = 2;
        for (let p = 4; p < bytes.length; ) {
          if (bytes[p] === 10 || (bytes[p] === 13 && bytes[p + 1] === 10)) {
            p += bytes[p] === 10 ? 1 : 2;
            line++;
            continue;
          }
          const record = splitRecord(bytes, p, bytes.length, 44);
          const [a, b] = record.cells;
          const value =
            b === null || (b === "" && type !== "string")
              ? null
              : type === "string"
                ? b
                : type === "number"
                  ? Number(b)
                  : b === "true";
          const fits =
            b === null ||
            b === "" ||
            type === "string" ||
            (type === "number" ? /^-?(\d+\.?\d*|\.\d+)$/.test(b) : b === "true");
          if (record.problem === null && record.cells.length === 2 && fits) rows.push([line, a, value]);
          else errors.push(line);
          line += record.lines;
          p = record.end;
        }
        expect(rowsOf(log.batch).map((row, i) => [log.line[i], row.a, row.b])).toEqual(rows);
        expect(rowsOf(log.errors).map(row => row.line)).toEqual(errors);
      },
    ),
    { numRuns: 3000 },
  );
});

test("numbers are read as Number reads them, whatever their spelling", () => {
  const spelling = fc.oneof(
    fc.stringMatching(/^-?(0|[1-9]\d{0,18})(\.\d{0,20})?([eE][+-]?\d{1,3})?$/),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.stringMatching(/^[+-]?\.\d{1,5}$/),
  );
  fc.assert(
    fc.property(fc.array(spelling, { minLength: 1, maxLength: 40 }), fc.boolean(), (texts, always) => {
      const log = decode(`n\n${texts.map(t => (always ? `"${t}"` : t)).join("\n")}\n`, { types: { n: "number" } });
      for (const [row, text] of texts.entries())
        expect(Object.is(valueAt(log.batch.columns[0], row), Number(text))).toBe(true);
    }),
  );
});

test("types are inferred, and stated ones hold", () => {
  const log = decode(
    "id,n,ok,code,empty,t\n1,2.5,true,007,,2026-03-28T09:30:00Z\n2,,FALSE,8,,2026-03-28T10:30:00+01:00\n",
    { types: { t: "timestamp" } },
  );
  expect(log.schema).toEqual([
    { name: "id", type: "number", nullable: false },
    { name: "n", type: "number", nullable: true },
    { name: "ok", type: "boolean", nullable: false },
    { name: "code", type: "string", nullable: false },
    { name: "empty", type: "string", nullable: true },
    { name: "t", type: "timestamp", nullable: false },
  ]);
  const t = Date.parse("2026-03-28T09:30:00Z");
  expect(rowsOf(log.batch)).toEqual([
    { id: 1, n: 2.5, ok: true, code: "007", empty: null, t },
    { id: 2, n: null, ok: false, code: "8", empty: null, t },
  ]);
  expect(log.notes).toEqual([
    'code holds 1 numbers, 0 booleans and 1 other texts in its first 2 rows: it is kept as text. To have the others as errors, state its type: types: {"code": "number"}.',
  ]);
});

test("rows in error are kept with their line, and the rest is read", () => {
  const text = 'a,b\n1,x\n2\n3,"y"z\n4,"two\nlines"\nfive,w\n6,v,u\n7,t\n';
  const log = decode(text, { inferRows: 1 });
  expect(rowsOf(log.batch)).toEqual([
    { a: 1, b: "x" },
    { a: 4, b: "two\nlines" },
    { a: 7, b: "t" },
  ]);
  expect([...log.line]).toEqual([2, 5, 9]);
  expect(rowsOf(log.errors)).toEqual([
    { line: 3, field: null, value: "2", reason: "The row has 1 field, the header 2 fields." },
    {
      line: 4,
      field: null,
      value: '3,"y"z',
      reason: "Text follows a closing quote. A quote inside quotes is written twice.",
    },
    {
      line: 7,
      field: "a",
      value: "five",
      reason:
        'a is not a number here. The field held numbers in its first rows; to keep both, state types: {"a": "string"}.',
    },
    { line: 8, field: null, value: "6,v,u", reason: "The row has 3 fields, the header 2 fields." },
  ]);
});

test("a quote that is never closed costs its own line only", () => {
  const log = decode('a,b\n1,x\n2,"y\n3,z\n', {}, [3]);
  expect(rowsOf(log.batch)).toEqual([
    { a: 1, b: "x" },
    { a: 3, b: "z" },
  ]);
  expect(rowsOf(log.errors)).toMatchObject([{ line: 3, reason: "A quote is opened and never closed.", value: '2,"y' }]);
});

test("a time without an offset is not mixed up with the field after it", () => {
  const log = decode("t,n\n2026-07-01 09:30:00,5\n", { types: { t: "timestamp" }, timeZone: "Europe/London" });
  expect(rowsOf(log.batch)).toEqual([{ t: Date.parse("2026-07-01T08:30:00Z"), n: 5 }]);
});

test("epoch times, bad times, and settings that cannot work", () => {
  const types = { t: "timestamp" } as const;
  const log = decode("t,n\n1774743000,1\nsoon,2\n1774743001.5,3\n", { types });
  expect(rowsOf(log.batch)).toEqual([
    { t: 1774743000000, n: 1 },
    { t: 1774743001500, n: 3 },
  ]);
  expect(rowsOf(log.errors)).toMatchObject([{ line: 3, field: "t", value: "soon" }]);
  expect(() => decode("t,n\n2026-07-01 09:30:00,5\n", { types, file: "x.csv" })).toThrow(
    'x.csv, line 2, field t: "2026-07-01 09:30:00" has no offset. State the zone it was written in, for example timeZone: "Europe/London".',
  );
  expect(() => decode("a,b\n1,2\n", { required: ["t"], file: "x.csv" })).toThrow(
    'x.csv, line 1: there is no field "t"; there are: a, b. Name one of them, or use rename.',
  );
  expect(() => decode("", { delimiter: "::", file: "x.csv" })).toThrow('x.csv: "::" cannot be a delimiter.');
});

test("byte order mark, blank lines, a missing last newline, names of their own", () => {
  const log = decode("\ufeff\r\na;b\r\n\r\n1;2,5\r\n3;", { rename: { b: "c" } });
  expect(rowsOf(log.batch)).toEqual([
    { a: 1, c: "2,5" },
    { a: 3, c: null },
  ]);
  expect([...log.line]).toEqual([4, 5]);
});

test("columns grow past their first capacity", () => {
  const lines = Array.from({ length: 5000 }, (_, i) => `${i},k${i % 7},${i % 2 === 0},${i % 3 === 0 ? "" : i / 4}`);
  const log = decode(`i,k,e,q\n${lines.join("\n")}`, {}, [4096]);
  const expected = Array.from(
    { length: 5000 },
    (_, i): Record<string, Value> => ({ i, k: `k${i % 7}`, e: i % 2 === 0, q: i % 3 === 0 ? null : i / 4 }),
  );
  expect(rowsOf(log.batch)).toEqual(expected);
});
