/**
 * Tables of a notebook in SQLite: made from a table's columns, filled with pages, asked by queries.
 *
 * Numbers are REAL, so that 3 / 2 is 1.5 whether or not the column happens to hold fractions. Times are INTEGER milliseconds
 * since the epoch, as everywhere in Tidemark: `datetime(t / 1000, 'unixepoch')` writes one, and `t / 3600000` numbers hours.
 * Booleans are 0 and 1; nested values are JSON text, for SQLite's `->>` and `json_each`.
 */
import type { WireColumn, WireTable, WireType } from "../../protocol/table.ts";
import { columnOf, rowsOf, shownAs } from "../static-tables.ts";
import type { SqliteDatabase, SqliteStatement, SqlValue } from "./sqlite.ts";

/** Rows a query may give. More than anybody reads; a query over more is meant to aggregate. */
const MOST_RESULTS = 100_000;
const TOO_MANY = `The query gives more than ${MOST_RESULTS.toLocaleString("en")} rows. Aggregate them, or add a LIMIT.`;

const TYPES: Readonly<Record<WireType, string>> = {
  number: "REAL",
  timestamp: "INTEGER",
  boolean: "INTEGER",
  string: "TEXT",
  json: "TEXT",
};

/** One table of the database. */
export class SqlTable {
  readonly #database: SqliteDatabase;
  readonly #name: string;
  #columns: readonly WireColumn[] = [];
  #insert: SqliteStatement | null = null;
  /** A name for SQLite's own number of the row that no column has. */
  #rowid = "rowid";
  #length = 0;

  constructor(database: SqliteDatabase, name: string) {
    this.#database = database;
    this.#name = quoted(name);
  }

  /** Rows in the table. */
  get length(): number {
    return this.#length;
  }

  get columns(): readonly WireColumn[] {
    return this.#columns;
  }

  /** Puts a page in the place of all rows, and its columns in the place of the table's if they differ. */
  replace(page: WireTable): void {
    const same =
      this.#insert !== null &&
      this.#columns.length === page.columns.length &&
      this.#columns.every((c, i) => c.name === page.columns[i].name && c.type === page.columns[i].type);
    if (same) this.#database.exec(`DELETE FROM ${this.#name}`);
    else this.#create(page.columns);
    this.#length = 0;
    this.append(page);
  }

  /** Adds a page's rows behind the others, each as often as its weight says. */
  append(page: WireTable): void {
    const insert = this.#insert;
    if (insert === null || page.length === 0) return;
    const values: SqlValue[] = Array<SqlValue>(page.columns.length).fill(null);
    this.#database.exec("BEGIN");
    try {
      for (let row = 0; row < page.length; row++) {
        for (let c = 0; c < page.columns.length; c++) values[c] = stored(page.columns[c].values[row]);
        for (let times = page.weights?.[row] ?? 1; times > 0; times--) insert.run(values);
      }
    } finally {
      this.#database.exec("COMMIT");
    }
    this.#length += page.length;
  }

  /** Forgets all rows behind the first `length`. */
  truncate(length: number): void {
    if (length >= this.#length) return;
    this.#database.exec(`DELETE FROM ${this.#name} WHERE ${this.#rowid} > ${length}`);
    this.#length = length;
  }

  drop(): void {
    this.#insert?.free();
    this.#insert = null;
    this.#columns = [];
    this.#length = 0;
    this.#database.exec(`DROP TABLE IF EXISTS ${this.#name}`);
  }

  #create(columns: readonly WireColumn[]): void {
    this.drop();
    if (columns.length === 0) return;
    const names = new Set(columns.map(c => c.name.toLowerCase()));
    this.#rowid = ["rowid", "_rowid_", "oid"].find(name => !names.has(name)) ?? "rowid";
    const written = columns.map(c => `${quoted(c.name)} ${TYPES[c.type]}`);
    this.#database.exec(`CREATE TABLE ${this.#name} (${written.join(", ")})`);
    this.#columns = columns.map(({ name, type }) => ({ name, type, values: [] }));
    this.#insert = this.#database.prepare(`INSERT INTO ${this.#name} VALUES (${columns.map(() => "?").join(", ")})`);
  }
}

/** A query as a cell writes it: text with values between. */
export interface Query {
  readonly text: readonly string[];
  readonly values: readonly unknown[];
}

/**
 * Asks the database. Several statements may stand in a query; the last one that gives rows is the answer, and whatever they
 * changed is undone afterwards. A column that is called like a column of times and holds numbers is shown as times. Throws
 * with SQLite's message.
 */
export function ask(database: SqliteDatabase, query: Query, times: ReadonlySet<string>): WireTable {
  const sql = query.text.reduce((text, part, i) => `${text}:tidemark_${i - 1} ${part}`);
  const parameters = Object.fromEntries(query.values.map((value, i) => [`:tidemark_${i}`, parameter(value)]));
  let answer: WireTable = { length: 0, columns: [] };
  database.exec("SAVEPOINT query");
  try {
    for (const statement of database.iterateStatements(sql)) {
      statement.bind(parameters);
      const names = distinct(statement.getColumnNames());
      const columns = names.map((): SqlValue[] => []);
      let length = 0;
      try {
        while (statement.step()) {
          if (++length > MOST_RESULTS) throw new RangeError(TOO_MANY);
          statement.get().forEach((value, c) => columns[c].push(value));
        }
      } catch (error) {
        // What is still open would keep its tables from being changed.
        statement.free();
        throw error;
      }
      if (names.length > 0) answer = { length, columns: names.map((name, c) => shownColumn(name, columns[c], times)) };
    }
  } finally {
    database.exec("ROLLBACK TO query; RELEASE query");
  }
  return answer;
}

/** Writes an answer as the value that other cells see: an array of row objects that is shown as a table. */
export function rowsShown(table: WireTable, complete: boolean): Record<string, unknown>[] {
  return shownAs(rowsOf(table), { table, complete });
}

function shownColumn(name: string, values: readonly SqlValue[], times: ReadonlySet<string>): WireColumn {
  const column = columnOf(name, values);
  return column.type === "number" && times.has(name) ? { ...column, type: "timestamp" } : column;
}

/** Two columns of one name would hide each other in a row object; the second is called `name_2`. */
function distinct(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.map(name => {
    let own = name;
    for (let i = 2; seen.has(own); i++) own = `${name}_${i}`;
    seen.add(own);
    return own;
  });
}

function stored(value: unknown): SqlValue {
  if (typeof value === "number") return Number.isNaN(value) ? null : value;
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === null || value === undefined) return null;
  return value instanceof Date ? value.getTime() : JSON.stringify(value);
}

function parameter(value: unknown): SqlValue {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "function" || typeof value === "symbol" || isStream(value))
    throw new TypeError(
      `What stands in \${…} is a value for the query, not ${typeof value === "object" ? "a stream" : `a ${typeof value}`}. Write the name of a table as it is, without \${…}.`,
    );
  return stored(value);
}

function isStream(value: unknown): boolean {
  return typeof value === "object" && value !== null && "node" in value;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
