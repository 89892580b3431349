/**
 * The queries of SQL cells over live tables. Each stream that a query names is one table of one database, shared by all cells
 * that read it and kept while any does. Of a table that only grows, new rows alone are brought; of any other, all rows once and
 * then those that have changed. So bringing costs what changes; asking costs what SQLite takes for the query.
 *
 * A query is asked again when its tables have changed, after its reader has taken the answer before: a slow cell skips states.
 * How often tables are brought follows from what that costs, so that SQL takes about a tenth of the time at most.
 */
import type { TableState, ViewUpdate } from "../../protocol/session.ts";
import { Stream } from "../../pipeline/stream.ts";
import type { ViewPlan, Watched } from "../engine-messages.ts";
import { columnOf, staticTable } from "../static-tables.ts";
import type { WireTable } from "../../protocol/table.ts";
import type { OpenSqlite, SqliteDatabase } from "./sqlite.ts";
import { ask, type Query, rowsShown, SqlTable } from "./tables.ts";

type TableUpdate = Extract<ViewUpdate, { kind: "table" }>;

/** Rows brought at once. */
const PAGE = 50_000;
/** Rows of a table that fit a notebook; aggregating more than that is the engine's work. */
const MOST_ROWS = 2_000_000;
/** Milliseconds between two answers, at least and at most. */
const SOONEST = 100;
const LATEST = 3_000;
/** Share of the time that queries may take: a tenth. */
const REST = 10;

const VIEW = "sql:";

/** A stream's table, as far as it has been brought. */
interface LiveTable {
  readonly name: string;
  readonly stream: Stream;
  table: SqlTable | null;
  log: string | null;
  /** What came before the database was there: one update, and the changes that followed it. */
  waiting: TableUpdate[];
  /** The number by which changes are asked for, and the version of the table that is here. */
  request: number;
  version: number | null;
  /** All rows that there were at the last update have been brought. */
  whole: boolean;
  complete: boolean;
  every: number;
  error: Error | null;
  readonly readers: Set<Reader>;
}

interface Reader {
  stale: boolean;
  wake: (() => void) | null;
}

/** What queries need of the session. */
export interface QueryHost {
  readonly open: OpenSqlite | undefined;
  now(): number;
  /** Views or pages are wanted that were not before. */
  changed(): void;
  /** Names that a query could read, for messages. */
  tableNames(): readonly string[];
}

export class Queries {
  readonly #host: QueryHost;
  readonly #live = new Map<string, LiveTable>();
  #database: SqliteDatabase | null = null;
  #opening: Promise<SqliteDatabase> | null = null;
  #requests = 0;

  constructor(host: QueryHost) {
    this.#host = host;
  }

  /** The tag of a query over some values: streams and arrays of row objects are its tables. */
  readonly over =
    (named: Readonly<Record<string, unknown>>) =>
    (text: TemplateStringsArray, ...values: readonly unknown[]): AsyncIterator<Record<string, unknown>[]> =>
      this.#answers(named, { text: [...text], values });

  views(): ViewPlan[] {
    for (const [name, live] of this.#live) {
      if (live.readers.size > 0) continue;
      live.table?.drop();
      this.#live.delete(name);
    }
    return [...this.#live.values()].map(({ name, stream }) => ({
      view: VIEW + name,
      kind: "table",
      node: stream.node,
    }));
  }

  watched(): Watched[] {
    return [...this.#live.values()].map(({ name, table, log, whole, every, request: changes }) =>
      log !== null && table !== null
        ? { view: VIEW + name, from: table.length, count: PAGE, sort: null, every: whole ? every : 0, changes }
        : // Which kind of table it is shows with the first update; a whole one is brought at once.
          { view: VIEW + name, from: 0, count: table === null ? PAGE : MOST_ROWS + 1, sort: null, every, changes },
    );
  }

  /** Takes an update if it is of a table that queries read. */
  take(update: ViewUpdate): boolean {
    if (!update.view.startsWith(VIEW)) return false;
    const live = this.#live.get(update.view.slice(VIEW.length));
    if (live === undefined || update.kind !== "table") return true;
    if (this.#database === null) {
      if (update.state?.slots == null) live.waiting = [];
      live.waiting.push(update);
    } else this.#bring(live, update, this.#database);
    return true;
  }

  #bring(live: LiveTable, update: TableUpdate, database: SqliteDatabase): void {
    const began = this.#host.now();
    const before = live.table?.length ?? -1;
    const wasComplete = live.complete;
    try {
      if (update.total > MOST_ROWS)
        throw new RangeError(
          `${live.name} has more than ${MOST_ROWS.toLocaleString("en")} rows, too many for SQL here. Aggregate the stream first (rollup), and query what comes out.`,
        );
      const changed = this.#fill(live, update, database);
      live.complete = update.figures.complete;
      live.error = null;
      const end = live.table?.length ?? 0;
      if (!changed && end === before && live.complete === wasComplete) return;
    } catch (error) {
      live.error = error instanceof Error ? error : new Error(String(error));
      // Changes that follow would be of rows that are not here.
      live.version = null;
    }
    this.#pace(live, this.#host.now() - began);
    this.#host.changed();
    if (live.whole || live.error !== null) this.#wake(live);
  }

  /** Puts an update's rows into the database. Says whether the table is another one now. */
  #fill(live: LiveTable, update: TableUpdate, database: SqliteDatabase): boolean {
    const { state } = update;
    if (state !== undefined && state.slots !== null) return this.#change(live, update, state.slots, state);
    const log = update.log ?? null;
    const fresh = live.table === null || live.log !== log || !sameColumns(live.table, update.page);
    live.table ??= new SqlTable(database, live.name);
    if (fresh) live.table.replace({ length: 0, columns: update.page.columns.map(c => ({ ...c, values: [] })) });
    live.log = log;
    if (log === null) {
      live.whole = update.from === 0 && update.page.length === update.total;
      live.version = live.whole ? (state?.version ?? null) : null;
      if (live.whole) live.table.load(update.page);
      return true;
    }
    const { table } = live;
    if (update.total < table.length) table.truncate(update.total);
    if (update.from === table.length) table.append(update.page);
    live.whole = table.length >= update.total;
    return fresh;
  }

  /** Brings what has changed since the update before. Says whether that is anything. */
  #change(live: LiveTable, { page, total }: TableUpdate, slots: Int32Array, { version, since }: TableState): boolean {
    const { table } = live;
    if (table === null || live.version !== since || !table.changeable) {
      this.#askAgain(live);
      return false;
    }
    const changed = slots.length > 0 || total !== table.length;
    if (changed) table.change(slots, page, total);
    live.version = version;
    return changed;
  }

  /** Asks for all rows of a table. */
  #askAgain(live: LiveTable): void {
    live.request = ++this.#requests;
    live.version = null;
    live.whole = false;
    this.#host.changed();
  }

  #pace(live: LiveTable, cost: number): void {
    live.every = Math.min(LATEST, Math.max(SOONEST, REST * cost));
  }

  #wake(live: LiveTable): void {
    for (const reader of live.readers) {
      reader.stale = true;
      reader.wake?.();
      reader.wake = null;
    }
  }

  /** The answers to a query, a new one whenever its tables have changed since the one before was taken. */
  #answers(named: Readonly<Record<string, unknown>>, query: Query): AsyncIterator<Record<string, unknown>[]> {
    const reader: Reader = { stale: false, wake: null };
    const tables = Object.entries(named).flatMap(([name, value]) =>
      value instanceof Stream ? [this.#join(name, value, reader)] : [],
    );
    const rows = Object.entries(named).flatMap(([name, value]) => {
      const table = value instanceof Stream ? null : asTable(value);
      return table === null ? [] : [{ name, table }];
    });
    let over = false;
    let first = true;
    let last: WireTable | null = null;
    let lastComplete = false;
    if (tables.length > 0) this.#host.changed();
    const next = async (): Promise<IteratorResult<Record<string, unknown>[]>> => {
      // Nothing has come yet is a state too: a cell that waited here would keep the streams from being planned.
      const waits = first && (tables.some(live => !live.whole) || rows.some(r => r.table.columns.length === 0));
      first = false;
      if (waits) {
        // What is asked of rows that are still to come is asked when they are there: their cell runs this one again.
        if (tables.length === 0) over = true;
        return { done: false, value: rowsShown({ length: 0, columns: [] }, false) };
      }
      if (over) return { done: true, value: undefined };
      const database = await this.#open();
      for (;;) {
        const ready = tables.every(live => live.error !== null || (live.table !== null && live.whole));
        if ((reader.stale || tables.length === 0) && ready && !over) {
          reader.stale = false;
          const began = this.#host.now();
          const answer = this.#ask(database, query, tables, rows);
          const cost = this.#host.now() - began;
          for (const live of tables) live.every = Math.min(LATEST, Math.max(live.every, REST * cost));
          const complete = tables.every(live => live.complete);
          if (last === null || complete !== lastComplete || !sameTable(last, answer)) {
            last = answer;
            lastComplete = complete;
            const value = rowsShown(answer, complete);
            return { done: false, value };
          }
        }
        // Without streams one answer is all there is; the reader is left waiting, as behind every value that stays.
        if (tables.length === 0 && last !== null) return { done: true, value: undefined };
        await new Promise<void>(resolve => (reader.wake = resolve));
      }
    };
    return {
      next,
      return: () => {
        over = true;
        for (const live of tables) live.readers.delete(reader);
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #join(name: string, stream: Stream, reader: Reader): LiveTable {
    const known = this.#live.get(name);
    if (known !== undefined && known.stream.equals(stream)) {
      known.readers.add(reader);
      reader.stale = known.whole;
      return known;
    }
    known?.table?.drop();
    const live: LiveTable = {
      name,
      stream,
      table: null,
      log: null,
      waiting: [],
      request: ++this.#requests,
      version: null,
      whole: false,
      complete: false,
      every: SOONEST,
      error: null,
      readers: new Set([reader]),
    };
    this.#live.set(name, live);
    return live;
  }

  async #open(): Promise<SqliteDatabase> {
    const { open } = this.#host;
    if (open === undefined) throw new Error("SQL cells cannot be run here: this host has no SQLite.");
    this.#opening ??= open();
    const database = await this.#opening;
    if (this.#database === null) {
      this.#database = database;
      for (const live of this.#live.values()) {
        const { waiting } = live;
        live.waiting = [];
        for (const update of waiting) this.#bring(live, update, database);
      }
    }
    return database;
  }

  #ask(
    database: SqliteDatabase,
    query: Query,
    tables: readonly LiveTable[],
    rows: readonly { readonly name: string; readonly table: WireTable }[],
  ): WireTable {
    const failed = tables.find(live => live.error !== null);
    if (failed?.error != null) throw failed.error;
    const held = rows.map(({ name, table }) => {
      const made = new SqlTable(database, name);
      made.replace(table);
      return made;
    });
    try {
      const columns = [...tables.flatMap(live => live.table?.columns ?? []), ...rows.flatMap(r => r.table.columns)];
      const times = new Set(columns.filter(c => c.type === "timestamp").map(c => c.name));
      return ask(database, query, times);
    } catch (error) {
      throw this.#explained(error);
    } finally {
      for (const table of held) table.drop();
    }
  }

  /** SQLite says which table or column it misses; what there is instead it does not say. */
  #explained(error: unknown): Error {
    const message = error instanceof Error ? error.message : String(error);
    if (!message.startsWith("no such table")) return new Error(message, { cause: error });
    const names = this.#host.tableNames();
    const there = names.length === 0 ? "No cell defines a stream or rows." : `There are: ${names.join(", ")}.`;
    return new Error(`${message}. ${there}`, { cause: error });
  }
}

function sameColumns(table: SqlTable, page: WireTable): boolean {
  return (
    table.columns.length === page.columns.length &&
    table.columns.every((c, i) => c.name === page.columns[i].name && c.type === page.columns[i].type)
  );
}

function sameTable(a: WireTable, b: WireTable): boolean {
  if (a.length !== b.length || a.columns.length !== b.columns.length) return false;
  return a.columns.every((column, c) => {
    const other = b.columns[c];
    if (column.name !== other.name || column.type !== other.type) return false;
    for (let i = 0; i < a.length; i++) if (!Object.is(column.values[i], other.values[i])) return false;
    return true;
  });
}

/** A value that can be queried: a table that a cell computed, or an array of row objects. */
export function asTable(value: unknown): WireTable | null {
  const found = staticTable(value);
  if (found !== null) return found.table;
  if (!Array.isArray(value) || value.length === 0) return null;
  if (!value.every(row => typeof row === "object" && row !== null && !Array.isArray(row))) return null;
  const rows = value as readonly Record<string, unknown>[];
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
  return {
    length: rows.length,
    columns: names.map(name =>
      columnOf(
        name,
        rows.map(row => row[name] ?? null),
      ),
    ),
  };
}
