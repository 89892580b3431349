/** sql.js brings no types; hosts use no more of it than this. */
declare module "sql.js" {
  interface SqlJs {
    readonly Database: new () => import("./sqlite.ts").SqliteDatabase;
  }
  const initialise: (settings?: { readonly wasmBinary?: Uint8Array }) => Promise<SqlJs>;
  export default initialise;
}
