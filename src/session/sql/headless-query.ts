/**
 * A SQL cell without a replay on screen: its value is the query itself, which is asked once, when the streams that it names
 * have been run to the end.
 */
import type { Table } from "../../engine/table.ts";
import { Stream } from "../../pipeline/stream.ts";
import type { WireTable } from "../../protocol/table.ts";
import { wirePage } from "../wire.ts";
import { asTable } from "./queries.ts";
import type { OpenSqlite } from "./sqlite.ts";
import { ask, type Query, SqlTable } from "./tables.ts";

export class SqlQuery {
  readonly tables: Readonly<Record<string, unknown>>;
  readonly query: Query;

  constructor(tables: Readonly<Record<string, unknown>>, query: Query) {
    this.tables = tables;
    this.query = query;
  }

  /** The tag of a query over some values. */
  static over(tables: Readonly<Record<string, unknown>>) {
    return (text: TemplateStringsArray, ...values: readonly unknown[]): SqlQuery =>
      new SqlQuery(tables, { text: [...text], values });
  }

  /** The streams that have to be run for this, by name, those of queries below included. */
  streams(): Map<string, Stream> {
    const found = new Map<string, Stream>();
    for (const [name, value] of Object.entries(this.tables)) {
      if (value instanceof Stream) found.set(name, value);
      else if (value instanceof SqlQuery) for (const [own, stream] of value.streams()) found.set(own, stream);
    }
    return found;
  }

  /** Asks the query over the tables that its streams came to. Rejects with SQLite's message. */
  async answer(streams: ReadonlyMap<string, Table>, open: OpenSqlite): Promise<WireTable> {
    const database = await open();
    const times = new Set<string>();
    const load = (name: string, table: WireTable): void => {
      new SqlTable(database, name).replace(table);
      for (const column of table.columns) if (column.type === "timestamp") times.add(column.name);
    };
    for (const [name, table] of streams) load(name, wirePage(table, 0, table.length, null).page);
    const known = new Map<SqlQuery, WireTable>();
    const solve = (query: SqlQuery): WireTable => {
      const found = known.get(query);
      if (found !== undefined) return found;
      for (const [name, value] of Object.entries(query.tables)) {
        const table = value instanceof SqlQuery ? solve(value) : value instanceof Stream ? null : asTable(value);
        if (table !== null) load(name, table);
      }
      const answer = ask(database, query.query, times);
      known.set(query, answer);
      return answer;
    };
    return solve(this);
  }
}
