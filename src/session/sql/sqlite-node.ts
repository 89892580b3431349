/** SQLite in Node: the package reads its own WebAssembly from the disk. */
/// <reference path="./sql-js.d.ts" />
import type { SqliteDatabase } from "./sqlite.ts";

/** Makes an empty database in memory; loads SQLite with the first. */
export async function openSqlite(): Promise<SqliteDatabase> {
  const { default: initialise } = await import("sql.js");
  const { Database } = await initialise();
  return new Database();
}
