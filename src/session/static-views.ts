/** Keeps what is on screen of tables that cells computed up to date: pages for those who watch, when the table or the page changes. */
import type { ViewUpdate } from "../protocol/session.ts";
import type { Watched } from "./engine-messages.ts";
import { type StaticTable, staticPage } from "./static-tables.ts";

export class StaticViews {
  readonly #post: (updates: readonly ViewUpdate[]) => void;
  #tables: ReadonlyMap<string, StaticTable> = new Map();
  #watched: ReadonlyMap<string, Watched> = new Map();
  /** What was last sent of each view. */
  readonly #sent = new Map<string, { readonly table: StaticTable; readonly page: string }>();

  constructor(post: (updates: readonly ViewUpdate[]) => void) {
    this.#post = post;
  }

  /** Takes all tables that cells show now. */
  set(tables: readonly (readonly [string, StaticTable])[]): void {
    this.#tables = new Map(tables);
    this.#send();
  }

  /** Takes all views that are on screen now. */
  watch(views: readonly Watched[]): void {
    this.#watched = new Map(views.map(v => [v.view, v]));
    this.#send();
  }

  has(view: string): boolean {
    return this.#tables.has(view);
  }

  /** Says of a row what there is to say: its values. */
  explain(view: string, row: number): { sentences: string[]; facts: Record<string, unknown> } {
    const sort = this.#watched.get(view)?.sort ?? null;
    const table = this.#tables.get(view)?.table ?? { length: 0, columns: [] };
    const { page } = staticPage(table, { from: row, count: 1, sort });
    if (page.length === 0) return { sentences: ["There is no such row any more."], facts: {} };
    const facts = Object.fromEntries(page.columns.map(c => [c.name, c.values[0]]));
    return {
      sentences: ["A cell computed this row from whole tables; single events cannot be told apart in it."],
      facts,
    };
  }

  #send(): void {
    const updates: ViewUpdate[] = [];
    for (const view of this.#sent.keys()) if (!this.#watched.has(view) || !this.has(view)) this.#sent.delete(view);
    for (const [view, table] of this.#tables) {
      const watched = this.#watched.get(view);
      if (watched === undefined) continue;
      const asked = JSON.stringify([watched.from, watched.count, watched.sort]);
      const sent = this.#sent.get(view);
      if (sent?.table === table && sent.page === asked) continue;
      this.#sent.set(view, { table, page: asked });
      const { length: total } = table.table;
      const { from, page } = staticPage(table.table, watched);
      const figures = { rows: total, late: 0, dropped: 0, errors: 0, watermark: null, complete: table.complete };
      updates.push({ kind: "table", view, total, from, page, figures });
    }
    if (updates.length > 0) this.#post(updates);
  }
}
