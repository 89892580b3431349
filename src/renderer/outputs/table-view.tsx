/**
 * The live table of a stream. Only the rows on screen exist; the session sends the page that holds them. Scroll position,
 * order, selection and the widths of columns survive every update, and freezing keeps what is seen while the replay goes on.
 * While the clock is with a live source, a table that nobody has scrolled shows its newest rows.
 */
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Sort, ViewUpdate } from "../../protocol/session.ts";
import type { WireColumn } from "../../protocol/table.ts";
import { Icon } from "../parts/icons.tsx";
import { writeCount, zoneName } from "../parts/time.ts";
import { transport, viewOf, watch } from "../state/session.ts";
import { zone } from "../state/ui.ts";
import { showMarkStory, showStory } from "../state/story.ts";
import { cellText, isRight } from "./cell-text.tsx";
import { columnWidth } from "./column-width.ts";
import { decimalsOf } from "./figures.ts";
import { fewestRows, gridWindow, heldRows, mostRows, pageFor } from "./grid-window.ts";
import { TableFoot } from "./table-foot.tsx";

type TableUpdate = Extract<ViewUpdate, { kind: "table" }>;

const rowHeight = 26;
const headHeight = 31;
/** Room for a scrollbar under the rows, so that it hides none of them. */
const scrollbar = 12;

interface Props {
  readonly view: string;
  readonly name: string | null;
  /** Rows that a cell computed, of which nothing more can be told. */
  readonly plain?: boolean;
  /** What stands there when it has no rows; default that there are none yet, and why. */
  readonly empty?: string;
  /** The order of its rows, where it is shared with another table. */
  readonly order?: Signal<Sort>;
}

export function TableView({ view, name, plain, empty, order }: Props) {
  const own = useSignal<Sort>(null);
  const sort = order ?? own;
  const frozen = useSignal<TableUpdate | null>(null);
  const scrollTop = useSignal(0);
  const visible = useSignal(false);
  const selected = useSignal<number | null>(null);
  const rowsHeld = useRef(fewestRows);
  const widths = useRef(new Map<string, number>());
  const decimals = useRef(new Map<string, number>());
  const scroller = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  /** Whether the newest rows are to stay in view: while the clock is with a live source, until somebody scrolls away from them. */
  const atNewest = useRef(true);

  const update = useComputed<TableUpdate | null>(() => {
    if (frozen.value !== null) return frozen.value;
    const live = viewOf(view).value;
    return live?.kind === "table" ? live : null;
  });
  const total = update.value?.total ?? 0;
  rowsHeld.current = heldRows(rowsHeld.current, total, update.value?.figures.complete === true);
  const height = rowsHeld.current * rowHeight;
  const window = gridWindow(scrollTop.value, height, rowHeight, total);
  const page = pageFor(window, total);

  useEffect(() => {
    const seen = new IntersectionObserver(entries => (visible.value = entries.at(-1)!.isIntersecting), {
      rootMargin: "200px",
    });
    seen.observe(frame.current!);
    return () => {
      seen.disconnect();
      watch(view, null);
    };
  }, [view]);

  useEffect(() => {
    watch(view, visible.value && frozen.value === null ? { ...page, sort: sort.value } : null);
  }, [view, visible.value, frozen.value, page.from, page.count, sort.value]);

  const following = useComputed(() => transport.value?.live?.following === true);
  const follows = following.value && sort.value === null && frozen.value === null;
  useLayoutEffect(() => {
    const grid = scroller.current;
    if (grid !== null && follows && atNewest.current) grid.scrollTop = grid.scrollHeight;
  }, [follows, total]);

  const orderBy = (column: string): void => {
    const now = sort.value;
    sort.value =
      now?.column !== column ? { column, descending: false } : now.descending ? null : { column, descending: true };
    if (scroller.current !== null) scroller.current.scrollTop = 0;
  };

  const tell = (row: number): void => {
    selected.value = row;
    const present = update.peek();
    if (present !== null && !plain) showStory(view, name, row, present, row - present.from);
  };
  const onKey = (event: KeyboardEvent): void => {
    const from = selected.value;
    if (event.key === "Enter" && from !== null) tell(from);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = from === null ? window.from : from + (event.key === "ArrowDown" ? 1 : -1);
      selected.value = Math.min(Math.max(next, 0), Math.max(total - 1, 0));
      keepInView(event.currentTarget as HTMLElement, selected.value);
    } else return;
    event.preventDefault();
  };

  const shown = update.value;
  if (shown === null || shown.page.columns.length === 0) {
    return (
      <div class="grid-frame" ref={frame}>
        <p class="grid-empty" style={{ minHeight: `${fewestRows * rowHeight + headHeight}px` }}>
          <Waiting />
        </p>
      </div>
    );
  }

  const columns = shown.page.columns;
  for (const column of columns) {
    if (column.type === "number")
      decimals.current.set(column.name, decimalsOf(column.values, decimals.current.get(column.name) ?? 0));
    const digits = decimals.current.get(column.name) ?? 0;
    widths.current.set(column.name, columnWidth(column, digits, widths.current.get(column.name) ?? 0));
  }
  const indexWidth = 22 + String(total).length * 7;
  const weight = columns.find(column => column.name === "weight");
  const rows = Array.from({ length: window.count }, (_, i) => window.from + i);

  return (
    <div class="grid-frame" ref={frame} data-view={view}>
      <div
        class="grid-scroll"
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label={`Rows of ${name ?? "the stream"}`}
        style={{
          minHeight: `${height + headHeight}px`,
          maxHeight: `${mostRows * rowHeight + headHeight + scrollbar}px`,
        }}
        onKeyDown={onKey}
        onScroll={({ currentTarget: grid }) => {
          scrollTop.value = grid.scrollTop;
          atNewest.current = grid.scrollTop + grid.clientHeight >= grid.scrollHeight - rowHeight;
        }}
      >
        <table
          class="grid"
          aria-rowcount={total}
          style={{ width: `max(100%, ${indexWidth + sum(columns.map(each => widths.current.get(each.name)!))}px)` }}
        >
          <colgroup>
            <col style={{ width: `${indexWidth}px` }} />
            {columns.map(column => (
              <col key={column.name} style={{ width: `${widths.current.get(column.name)}px` }} />
            ))}
            <col />
          </colgroup>
          <thead>
            <tr>
              <th scope="col">
                <span class="unseen">row</span>
              </th>
              {columns.map(column => (
                <Heading key={column.name} column={column} sort={sort.value} onOrder={() => orderBy(column.name)} />
              ))}
              <th aria-hidden="true" />
            </tr>
          </thead>
          <tbody>
            <tr class="spacer" aria-hidden="true">
              <td style={{ height: `${window.above}px` }} colSpan={columns.length + 2} />
            </tr>
            {rows.map(row => {
              const at = row - shown.from;
              const here = at >= 0 && at < shown.page.length;
              const retracted = here && weight !== undefined && Number(weight.values[at]) < 0;
              return (
                <tr
                  key={row}
                  aria-rowindex={row + 1}
                  aria-selected={selected.value === row}
                  data-retraction={retracted ? "" : undefined}
                  onClick={() => tell(row)}
                >
                  <td class="index">{writeCount(row + 1)}</td>
                  {columns.map(column => (
                    <td key={column.name} class={isRight(column) ? "right" : undefined}>
                      {here ? cellText(column, at, zone.value, decimals.current.get(column.name) ?? 0) : "…"}
                    </td>
                  ))}
                  <td />
                </tr>
              );
            })}
            <tr class="spacer" aria-hidden="true">
              <td style={{ height: `${window.below}px` }} colSpan={columns.length + 2} />
            </tr>
          </tbody>
        </table>
        {total === 0 && <p class="grid-empty">{empty ?? `No rows yet. ${whyEmpty(shown)}`}</p>}
      </div>
      <TableFoot
        total={total}
        figures={plain ? withoutLosses(shown.figures) : shown.figures}
        onDropped={() => showMarkStory(view, { title: "What was dropped", values: { about: "dropped" } })}
      >
        <button
          type="button"
          class="icon-button"
          aria-pressed={frozen.value !== null}
          title={frozen.value === null ? "Keep these rows while the replay goes on" : "Follow the replay again"}
          onClick={() => (frozen.value = frozen.value === null ? shown : null)}
        >
          <Icon name="freeze" /> {frozen.value === null ? "freeze" : "frozen"}
        </button>
      </TableFoot>
    </div>
  );
}

/** Scrolls by as little as shows a row; very long tables, whose scrollbar is in proportion, stay where they are. */
function keepInView(scroller: HTMLElement, row: number): void {
  const top = row * rowHeight;
  const room = scroller.clientHeight - headHeight - scrollbar;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + rowHeight > scroller.scrollTop + room) scroller.scrollTop = top + rowHeight - room;
}

function Heading({ column, sort, onOrder }: { readonly column: WireColumn; readonly sort: Sort; onOrder(): void }) {
  const mine = sort?.column === column.name ? sort : null;
  const order = mine === null ? "none" : mine.descending ? "descending" : "ascending";
  return (
    <th scope="col" aria-sort={order} class={isRight(column) ? "right" : undefined}>
      <button type="button" title={`Sort by ${column.name}`} onClick={onOrder}>
        {column.name}
        {column.type === "timestamp" && <span class="zone">{zoneName(zone.value)}</span>}
        {mine !== null && <span class="arrow">{mine.descending ? "↓" : "↑"}</span>}
      </button>
    </th>
  );
}

/** Why a table has no rows. */
function whyEmpty({ figures, partial }: Extract<ViewUpdate, { kind: "table" }>): string {
  if (partial != null) return "The stream catches up.";
  return figures.complete ? "The input is complete." : "Press play to let the log run.";
}

/** Of rows that no single source row can be told of, no source row was late or dropped. */
function withoutLosses(figures: TableUpdate["figures"]): TableUpdate["figures"] {
  return { ...figures, late: 0, dropped: 0, errors: 0, watermark: null };
}

/** Why there is nothing yet: loading with its figure, or simply not there. */
function Waiting() {
  const loading = transport.value?.loading ?? null;
  if (loading === null) return <>Waiting for the first rows…</>;
  return (
    <span class="progress">
      {loading.what} <progress value={loading.progress} max={1} />
      <span class="figure">{Math.round(loading.progress * 100)} %</span>
    </span>
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0);
}
