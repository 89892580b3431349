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

/** Rows of a table that changes have numbers by the place of the row: that times this, and more where it is there several times. */
const COPIES = 2 ** 20;

/** One table of the database. */
export class SqlTable {
  readonly #database: SqliteDatabase;
  readonly #name: string;
  #columns: readonly WireColumn[] = [];
  #insert: SqliteStatement | null = null;
  #insertAt: SqliteStatement | null = null;
  /** A name for SQLite's own number of the row that no column has; null where columns have all of them. */
  #rowid: string | null = "rowid";
  #length = 0;
  /** Places of a table that changes whose row is not there exactly once. */
  readonly #several = new Set<number>();

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

  /** Whether rows can be changed by their places. */
  get changeable(): boolean {
    return this.#rowid !== null;
  }

  /** Puts a page in the place of all rows, as `replace` does, so that it can be changed afterwards. */
  load(page: WireTable): void {
    this.replace(this.changeable ? { length: 0, columns: page.columns } : page);
    this.#several.clear();
    if (this.changeable) this.change(null, page, page.length);
  }

  /**
   * Puts the rows of a page at the places that `slots` names (null: in order), each as often as its weight says, and forgets those from
   * `length` on, all in one transaction. What it costs follows the page and not the table.
   */
  change(slots: Int32Array | null, page: WireTable, length: number): void {
    const insert = this.#insertAt;
    if (insert === null || this.#rowid === null) return;
    const { columns } = page;
    const values: SqlValue[] = Array<SqlValue>(columns.length + 1).fill(null);
    this.#database.exec("BEGIN");
    try {
      if (length < this.#length) {
        this.#deleteFrom(length * COPIES, Infinity);
        for (const slot of this.#several) if (slot >= length) this.#several.delete(slot);
      }
      for (let row = 0; row < page.length; row++) {
        const slot = slots === null ? row : slots[row];
        const times = Math.max(0, page.weights?.[row] ?? 1);
        if (times > COPIES)
          throw new RangeError(`A row of ${this.#name} is there ${times} times, too often for SQL here.`);
        if (times !== 1 || this.#several.has(slot)) {
          this.#deleteFrom(slot * COPIES, (slot + 1) * COPIES);
          if (times === 1) this.#several.delete(slot);
          else this.#several.add(slot);
        }
        for (let c = 0; c < columns.length; c++) values[c + 1] = stored(columns[c].values[row]);
        for (let copy = 0; copy < times; copy++) {
          values[0] = slot * COPIES + copy;
          insert.run(values);
        }
      }
    } finally {
      this.#database.exec("COMMIT");
    }
    this.#length = length;
  }

  #deleteFrom(first: number, end: number): void {
    const before = end === Infinity ? "" : ` AND ${this.#rowid} < ${end}`;
    this.#database.exec(`DELETE FROM ${this.#name} WHERE ${this.#rowid} >= ${first}${before}`);
  }

  /** Forgets all rows behind the first `length`. */
  truncate(length: number): void {
    if (length >= this.#length) return;
    if (this.#rowid === null) throw new Error(`${this.#name} has columns named rowid, _rowid_ and oid. Rename one.`);
    this.#database.exec(`DELETE FROM ${this.#name} WHERE ${this.#rowid} > ${length}`);
    this.#length = length;
  }

  drop(): void {
    this.#insert?.free();
    this.#insertAt?.free();
    this.#insert = this.#insertAt = null;
    this.#several.clear();
    this.#columns = [];
    this.#length = 0;
    this.#database.exec(`DROP TABLE IF EXISTS ${this.#name}`);
  }

  #create(columns: readonly WireColumn[]): void {
    this.drop();
    if (columns.length === 0) return;
    const names = new Set(columns.map(c => c.name.toLowerCase()));
    this.#rowid = ["rowid", "_rowid_", "oid"].find(name => !names.has(name)) ?? null;
    const written = columns.map(c => `${quoted(c.name)} ${TYPES[c.type]}`);
    this.#database.exec(`CREATE TABLE ${this.#name} (${written.join(", ")})`);
    this.#columns = columns.map(({ name, type }) => ({ name, type, values: [] }));
    this.#insert = this.#database.prepare(`INSERT INTO ${this.#name} VALUES (${columns.map(() => "?").join(", ")})`);
    if (this.#rowid === null) return;
    const all = [this.#rowid, ...columns.map(c => quoted(c.name))];
    const places = all.map(() => "?").join(", ");
    this.#insertAt = this.#database.prepare(
      `INSERT OR REPLACE INTO ${this.#name} (${all.join(", ")}) VALUES (${places})`,
    );
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
