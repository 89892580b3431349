/**
 * SQLite in a kernel's frame. The frame may fetch nothing, so the WebAssembly stands in this script as text; the script is
 * loaded with the first SQL cell, and notebooks without one never see it.
 */
/// <reference path="../../session/sql/sql-js.d.ts" />
import initialise from "sql.js";
import wasm from "sql.js/dist/sql-wasm-browser.wasm?url&inline";
import type { SqliteDatabase } from "../../session/sql/sqlite.ts";

/** Makes an empty database in memory. */
export async function openSqlite(): Promise<SqliteDatabase> {
  const { Database } = await initialise({ wasmBinary: bytesOf(wasm) });
  return new Database();
}

function bytesOf(url: string): Uint8Array {
  const text = atob(url.slice(url.indexOf(",") + 1));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
