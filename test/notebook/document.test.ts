import { deserialize, serialize } from "@observablehq/notebook-kit";
import fc from "fast-check";
import { JSDOM } from "jsdom";
import { describe, expect, test } from "vitest";
import { emptyNotebook, kindOf, NotebookError } from "../../src/notebook/document.ts";
import type { NotebookDocument } from "../../src/notebook/document.ts";
import * as edit from "../../src/notebook/edit.ts";
import { readNotebook } from "../../src/notebook/read.ts";
import { writeNotebook } from "../../src/notebook/write.ts";

const { window } = new JSDOM();
const parser = new window.DOMParser();
const oracleRead = (text: string) => deserialize(text, { parser });

// Pieces that have hurt other readers, among ordinary text.
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
  fc.constantFrom(
    "</script>",
    "<\\/script>",
    "<\\\\/script>",
    "</SCRIPT ",
    "</script/>",
    "</script",
    "<!-- <script>",
    "-->",
    "<script>",
    "<!--",
    "\n",
    "\n\n",
    "\n   \n",
    "    ",
    "\t",
    "`${a}`",
    "&amp;",
    "&lt;",
    "\u00a0",
    '"',
    "'",
    "<title>",
    "</notebook>",
  ),
);
const source = fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join("").replace(/\r\n?/g, "\n"));
const line = source.map(text => text.replaceAll("\n", " "));
const type = fc.oneof(
  fc.constantFrom("text/x-typescript", "module", "text/markdown", "application/sql", "text/html", "text/x-python"),
  fc.stringMatching(/^[a-z]{1,6}\/[a-z.+-]{1,10}$/),
  line,
);
const attributes = fc
  .uniqueArray(fc.tuple(fc.constantFrom("pinned", "hidden", "output", "database", "data-x", "x-y", "since"), line), {
    selector: ([name]) => name,
    maxLength: 4,
  })
  .map(pairs => pairs.map(([name, value]) => ({ name, value })));

const documents: fc.Arbitrary<NotebookDocument> = fc
  .record({
    title: line,
    attributes,
    cells: fc.uniqueArray(fc.record({ id: fc.integer({ min: 1, max: 40 }), type, source, attributes }), {
      selector: cell => cell.id,
      maxLength: 6,
    }),
    spare: fc.nat(3),
  })
  .map(({ spare, ...document }) => {
    const most = Math.max(0, ...document.cells.map(cell => cell.id));
    return { ...document, nextId: most + 1 + spare };
  });

describe("laws", () => {
  test("reading what was written gives the document back", () => {
    fc.assert(
      fc.property(documents, document => {
        expect(readNotebook(writeNotebook(document))).toEqual(document);
      }),
      { numRuns: 500 },
    );
  });

  test("writing what was read gives the file back, in our spelling and in others'", () => {
    const spelling = fc.constantFrom<(text: string) => string>(
      text => text,
      text => text.replace(/<script id="(\d+)"/g, "<script  id=$1"),
      text => text.replace(/\n {2}<script/g, "\n\n<!-- a <script> in a comment -->\n\t<script"),
      text => text.replace(/ type="/g, " data-late=x TYPE='x\"y' type=\""),
      text =>
        text
          .replace("</title>", "</title >")
          .replace("<!doctype html>\n", "\ufeff<!DOCTYPE html><html><head><meta charset=utf-8></head>"),
      text => text.replace("\n</notebook>\n", "<p>hello</p></notebook><script>alert(1)</script>"),
      text => text.replace(/^ {4}/gm, "  "),
    );
    fc.assert(
      fc.property(documents, spelling, (document, respell) => {
        const text = respell(writeNotebook(document));
        // A respelling may hit a cell's text as well and make ids equal or missing; then the ids are mended.
        let mended = false;
        const read = readNotebook(text, { onNote: () => (mended = true) });
        if (!mended) expect(writeNotebook(read)).toBe(text);
        expect(readNotebook(writeNotebook(read))).toEqual(read);
      }),
      { numRuns: 1000 },
    );
  });

  test("the file ends lines with LF and ends with one newline", () => {
    fc.assert(
      fc.property(documents, document => {
        const text = writeNotebook(document);
        expect(text).toMatch(/[^\n]\n$/);
        expect(text).not.toContain("\r");
        expect(writeNotebook(readNotebook(text.replaceAll("\n", "\r\n")))).toBe(text);
      }),
    );
  });

  test("an edit changes its cell and no other byte of the file", () => {
    fc.assert(
      fc.property(documents, source, fc.nat(), (document, text, pick) => {
        fc.pre(document.cells.length > 0);
        const { id } = document.cells[pick % document.cells.length];
        const foreign = readNotebook(writeNotebook(document).replace(/ type="/g, " data-q='a\"b'  type=\""));
        const changed = readNotebook(writeNotebook(edit.changeSource(foreign, id, text)));
        expect(changed.cells.map(cell => (cell.id === id ? null : cell))).toEqual(
          foreign.cells.map(cell => (cell.id === id ? null : cell)),
        );
        const [before, after] = [foreign, changed].map(each => each.cells[edit.indexOfCell(each, id)]);
        expect(after.source).toBe(text);
        expect(after.verbatim?.open).toBe(before.verbatim?.open);
      }),
    );
  });

  test("ids are never used again, whatever is deleted, saved and reopened", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom("insert", "delete", "reopen", "move"), fc.nat()), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(steps, sequence => {
        let document = emptyNotebook();
        const used = new Set<number>();
        for (const [step, pick] of sequence) {
          const count = document.cells.length;
          if (step === "insert") {
            document = edit.insertCell(document, pick % (count + 1), { type: "module" });
            const id = document.cells[pick % (count + 1)].id;
            expect(used.has(id)).toBe(false);
            used.add(id);
          } else if (step === "reopen") document = readNotebook(writeNotebook(document));
          else if (count > 0 && step === "delete")
            document = edit.deleteCell(document, document.cells[pick % count].id);
          else if (count > 0) document = edit.moveCell(document, document.cells[pick % count].id, (pick >> 3) % count);
        }
        expect(new Set(document.cells.map(cell => cell.id)).size).toBe(document.cells.length);
      }),
    );
  });
});

describe("agreement with Observable's own library on what both can say", () => {
  const modes = {
    ts: "text/x-typescript",
    js: "module",
    md: "text/markdown",
    sql: "application/sql",
    html: "text/html",
    tex: "application/x-tex",
    dot: "text/vnd.graphviz",
  } as const;
  // Left out: what the library itself loses (whitespace-only lines, comments with <script>, `</script/`, control characters).
  const plain = fc
    .array(
      fc.oneof(
        fc.stringMatching(/^[a-z0-9 =+(){}.;"'&<>]{0,12}$/),
        fc.constantFrom("\n", "</script>", "<\\/script>", "é", "\u00a0x"),
      ),
      { maxLength: 10 },
    )
    .map(pieces =>
      pieces
        .join("")
        .split("\n")
        .map(text => (text.trim() === "" ? "" : text))
        .join("\n"),
    )
    .filter(text => !/<\/script\S*$|<!|<\/script[^>\s]/i.test(text));
  const mode = fc.constantFrom(...(Object.keys(modes) as (keyof typeof modes)[]));
  const notebooks = fc.record({
    title: fc.stringMatching(/^[A-Za-z&<>"' ]{1,12}$/),
    cells: fc.uniqueArray(
      fc.record({
        id: fc.integer({ min: 1, max: 99 }),
        mode,
        value: plain,
        pinned: fc.boolean(),
        hidden: fc.boolean(),
      }),
      {
        selector: cell => cell.id,
        maxLength: 5,
      },
    ),
  });

  test("both write the same bytes and read the same cells", () => {
    fc.assert(
      fc.property(notebooks, ({ title, cells }) => {
        const theirs = serialize(
          {
            title,
            theme: "air",
            readOnly: false,
            cells: cells.map(cell => ({ ...cell, database: cell.mode === "sql" ? "var:db" : undefined })),
          },
          { document: window.document },
        );
        let ours = emptyNotebook(title);
        for (const { mode, value, pinned, hidden } of cells) {
          ours = edit.insertCell(ours, ours.cells.length, { type: modes[mode], source: value });
          const id = ours.cells[ours.cells.length - 1].id;
          if (mode === "sql") ours = edit.changeAttribute(ours, id, "database", "var:db");
          if (hidden) ours = edit.changeAttribute(ours, id, "hidden", "");
          if (pinned) ours = edit.changeAttribute(ours, id, "pinned", "");
        }
        // Ids are ours to give out; for the comparison they are those of the random notebook.
        const renumbered = {
          ...ours,
          cells: ours.cells.map((cell, index) => ({ ...cell, id: cells[index].id })),
          nextId: 1,
        };
        const text = writeNotebook(renumbered);
        expect(text).toBe(theirs);
        const back = oracleRead(text);
        expect(back.title).toBe(title);
        expect(back.cells.map(({ id, mode, value, pinned, hidden }) => ({ id, mode, value, pinned, hidden }))).toEqual(
          cells,
        );
        expect(readNotebook(theirs).cells.map(cell => [cell.id, cell.source])).toEqual(
          cells.map(cell => [cell.id, cell.value]),
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe("what the other reader loses", () => {
  const hard = `<!doctype html>
<notebook theme="air" data-lab="7">
  <title>Hard &amp; fast</title>
  <script id="3" type="text/x-typescript">
    const a = "<!-- <script>";
  </script>
  <script id="1" type="text/x-rust" data-keep='a "b"' edition=2024>
    fn main() {}
      
    // blank above
  </script>
  <script id="9" type="text/markdown" pinned>
    It says <\\/script> and \${a}.
  </script>
</notebook>
`;

  test("a cell that mentions a script in a comment ends where it ends; types, attributes and blank lines stay", () => {
    const document = readNotebook(hard);
    expect(document.title).toBe("Hard & fast");
    expect(document.cells.map(cell => [cell.id, cell.type])).toEqual([
      [3, "text/x-typescript"],
      [1, "text/x-rust"],
      [9, "text/markdown"],
    ]);
    expect(document.cells[0].source).toBe('const a = "<!-- <script>";');
    expect(document.cells[1].source).toBe("fn main() {}\n  \n// blank above");
    expect(document.cells[1].attributes).toEqual([
      { name: "data-keep", value: 'a "b"' },
      { name: "edition", value: "2024" },
    ]);
    expect(document.cells[2].source).toBe("It says </script> and ${a}.");
    expect(writeNotebook(document)).toBe(hard);
    expect(oracleRead(hard).cells.length).toBe(1);
  });

  test("an edited type or title leaves the rest of the tag", () => {
    const document = edit.renameTitle(edit.changeType(readNotebook(hard), 1, "text/x-go"), "A < B");
    expect(writeNotebook(document)).toBe(
      hard.replace("text/x-rust", "text/x-go").replace("Hard &amp; fast", "A &lt; B"),
    );
    const flagged = edit.changeAttribute(
      edit.changeAttribute(readNotebook(hard), 1, "hidden", ""),
      9,
      "pinned",
      undefined,
    );
    expect(writeNotebook(flagged)).toBe(
      hard.replace("edition=2024>", 'edition=2024 hidden="">').replace(" pinned>", ">"),
    );
    expect(kindOf("text/x-rust")).toBe("other");
  });

  test("a title that is missing or stands elsewhere can be renamed", () => {
    const bare = "<notebook><script id=1></script></notebook>";
    expect(readNotebook(bare)).toMatchObject({ title: "Untitled", cells: [{ id: 1, type: "module", source: "" }] });
    expect(readNotebook(writeNotebook(edit.renameTitle(readNotebook(bare), "T & U"))).title).toBe("T & U");
    const html = "<!doctype html><html><head><title>x</title></head><body><notebook><script id=1>a</script></notebook>";
    expect(writeNotebook(edit.renameTitle(readNotebook(html), "y"))).toBe(html.replace("x</t", "y</t"));
  });

  test("ids that are missing, malformed or taken are mended and told", () => {
    const notes: string[] = [];
    const text =
      '<notebook><script>a</script><script id="2">b</script><script id="2">c</script>\n<script id="-1">d</script></notebook>';
    const document = readNotebook(text, { onNote: note => notes.push(`${note.line}: ${note.message}`) });
    expect(document.cells.map(cell => cell.id)).toEqual([3, 2, 4, 5]);
    expect(notes).toEqual([
      "1: a cell has no id; the cell is given id 3",
      "1: the id 2 is in use by a cell above; the cell is given id 4",
      '2: the id "-1" is not a positive integer; the cell is given id 5',
    ]);
    expect(readNotebook(writeNotebook(document)).cells.map(cell => cell.id)).toEqual([3, 2, 4, 5]);
  });
});

describe("errors name the file, the line and the way out", () => {
  test.each([
    [
      "no notebook",
      "hello",
      "lab.html:1:1: there is no <notebook> element; a notebook starts with <!doctype html> and <notebook>",
    ],
    [
      "open script",
      "<notebook>\n  <script id=1>\n a\n",
      "lab.html:2:3: <script> is opened and never closed; close it, or restore the file from a version",
    ],
    [
      "open comment",
      "<notebook>\n\n<!-- x",
      "lab.html:3:1: a comment is opened and never closed; close it, or restore the file from a version",
    ],
    [
      "open tag",
      "<notebook><script id='1",
      "lab.html:1:11: a tag is opened and never closed; close it, or restore the file from a version",
    ],
  ])("%s", (_name, text, message) => {
    expect(() => readNotebook(text, { file: "lab.html" })).toThrow(
      new NotebookError(
        message.slice(message.indexOf(" ") + 1),
        "lab.html",
        Number(message.split(":")[1]),
        Number(message.split(":")[2]),
      ),
    );
  });

  test("an edit of a cell that is not there says which are", () => {
    expect(() => edit.deleteCell(edit.insertCell(emptyNotebook(), 0, { type: "module" }), 7)).toThrow(
      "there is no cell 7; the cells are 1",
    );
    expect(() => edit.insertCell(emptyNotebook(), 1, { type: "module" })).toThrow(
      "a cell cannot stand at index 1; use 0 to 0",
    );
  });
});
