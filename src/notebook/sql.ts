/**
 * Finds the tables that a text in SQL reads: the names after FROM and JOIN, in lists and in subqueries, but not those that the
 * text itself gives to a common table, and no functions. It reads words and marks, not grammar: what SQL means is SQLite's
 * affair, and a name too many does no harm, since only names of other cells become tables.
 */

/** A table that is read, at the offset of its name. */
export interface SqlTable {
  readonly name: string;
  readonly start: number;
}

/** Words and marks; strings, comments and interpolated values (`${…}` is blanked by the caller) are passed over. */
const token =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\p{ID_Start}$_][\p{ID_Continue}$]*|[(),;.]/gu;

/** Words that end the list of tables after FROM. */
const endsList = new Set(
  "where group order having limit window union intersect except on using select set returning".split(" "),
);
const joinWords = new Set("natural left right full inner outer cross join".split(" "));

interface Word {
  /** Lower case for bare words and marks; `null` for quoted names. */
  readonly word: string | null;
  readonly name: string;
  readonly start: number;
}

/** Returns each table that is read once, in the order of the text. */
export function sqlTables(source: string): SqlTable[] {
  const words = wordsOf(source);
  const own = commonTables(words);
  const found = new Map<string, SqlTable>();
  // For each open parenthesis: does the list of tables of a FROM go on in it, and is a table's name due?
  const depth: { list: boolean; due: boolean }[] = [{ list: false, due: false }];
  words.forEach(({ word, name, start }, at) => {
    const here = depth[depth.length - 1];
    if (word === "(") depth.push({ list: here.due, due: here.due });
    else if (word === ")") {
      if (depth.length > 1) depth.pop();
      depth[depth.length - 1].due = false;
    } else if (word === ";") here.list = here.due = false;
    else if (word === "from") here.list = here.due = true;
    else if (word === "join") here.list = here.due = true;
    else if (word === ",") here.due = here.list;
    else if (word !== null && endsList.has(word)) {
      here.due = false;
      // A list in parentheses after FROM may be a subquery with a FROM of its own; ON belongs to the list it stands in.
      if (word !== "on" && word !== "using") here.list = false;
    } else if (here.due && word !== "." && !(word !== null && joinWords.has(word))) {
      here.due = false;
      const next = words[at + 1]?.word;
      const known = own.has(name.toLowerCase()) || next === "(" || next === ".";
      if (!known && !found.has(name)) found.set(name, { name, start });
    }
  });
  return [...found.values()];
}

function wordsOf(source: string): Word[] {
  const words: Word[] = [];
  for (const match of source.matchAll(token)) {
    const [text] = match;
    if (text.startsWith("--") || text.startsWith("/*") || text.startsWith("'")) continue;
    const quote = text[0];
    if (quote === '"' || quote === "`")
      words.push({ word: null, name: text.slice(1, -1).replaceAll(quote + quote, quote), start: match.index });
    else if (quote === "[") words.push({ word: null, name: text.slice(1, -1), start: match.index });
    else words.push({ word: text.toLowerCase(), name: text, start: match.index });
  }
  return words;
}

/** Names before `AS (`, as `WITH recent AS (…)` gives them, with or without a list of columns between. */
function commonTables(words: readonly Word[]): ReadonlySet<string> {
  const names = new Set<string>();
  words.forEach(({ word }, at) => {
    if (word !== "as") return;
    let open = at + 1;
    if (words[open]?.word === "not") open++;
    if (words[open]?.word === "materialized") open++;
    if (words[open]?.word !== "(") return;
    let before = at - 1;
    if (words[before]?.word === ")") {
      while (before >= 0 && words[before].word !== "(") before--;
      before--;
    }
    if (before >= 0) names.add(words[before].name.toLowerCase());
  });
  return names;
}
