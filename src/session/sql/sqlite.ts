/** What a session needs of SQLite: the part of sql.js that it calls. Hosts load it when the first SQL cell runs. */

/** A value as SQLite gives it. */
export type SqlValue = number | string | Uint8Array | null;

export interface SqliteStatement {
  bind(values: Readonly<Record<string, SqlValue>> | readonly SqlValue[]): boolean;
  step(): boolean;
  get(): SqlValue[];
  getColumnNames(): string[];
  run(values: readonly SqlValue[]): void;
  free(): boolean;
}

export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  iterateStatements(sql: string): Iterable<SqliteStatement>;
}

/** Makes an empty database in memory. */
export type OpenSqlite = () => Promise<SqliteDatabase>;
