/** A live chart: drawn at most once per frame from the newest tables, and only while it is near the screen. */
import { effect, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { SELECTION, type Selection } from "../../charts/brush.ts";
import { CHARTS } from "../../charts/index.ts";
import type { Chart } from "../../charts/chart.ts";
import type { SharedScales } from "../../charts/shared-scales.ts";
import { insertAfter } from "../commands/actions.ts";
import type { RowsBelow, ViewUpdate } from "../../protocol/session.ts";
import { download } from "../connection/host.ts";
import { symbols, transport, viewOf, watch } from "../state/session.ts";
import { showMarkStory } from "../state/story.ts";
import { say } from "../state/ui.ts";
import { askOnClick } from "./mark-stories.ts";
import { pictureOf, pngOf } from "./picture.ts";
import { followPointer, redraw } from "./redraw.ts";
import { cellOfSelection } from "./selected-rows.ts";

type ChartUpdate = Extract<ViewUpdate, { kind: "chart" }>;

interface Props {
  readonly cell: number;
  readonly view: string;
  readonly chart: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly rows: RowsBelow | null;
  /** The scales that it shares with another drawing of the same chart, and which of the two it is. */
  readonly scales?: SharedScales;
  readonly side?: 0 | 1;
}

export function ChartView({ cell, view, chart, options, rows, scales, side = 0 }: Props) {
  const selection = useSignal<Selection | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const known = Object.hasOwn(CHARTS, chart) ? (CHARTS as Readonly<Record<string, Chart>>)[chart] : undefined;

  useEffect(() => {
    const element = place.current;
    if (element === null || known === undefined) return;
    const ends = [
      keepDrawn(element, known, view, options, scales, side),
      askOnClick(element, story => showMarkStory(view, story)),
      followPointer(element),
    ];
    const select = (event: Event): void => {
      selection.value = (event as CustomEvent<Selection | null>).detail;
    };
    element.addEventListener(SELECTION, select);
    return () => {
      for (const end of ends) end();
      element.removeEventListener(SELECTION, select);
    };
  }, [view, chart, options, scales]);

  if (known === undefined) return <p class="not-run">There is no chart named {chart}.</p>;
  const save = async (kind: "svg" | "png"): Promise<void> => {
    const drawing = place.current;
    if (drawing === null) return;
    try {
      const picture = pictureOf(drawing);
      const name = `${chart}.${kind}`;
      download(name, kind === "svg" ? new Blob([picture.text], { type: "image/svg+xml" }) : await pngOf(picture));
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  const addRows = (): void => {
    const selected = selection.value;
    if (selected === null || rows === null) return;
    const taken = new Set(symbols.peek().map(symbol => symbol.name));
    insertAfter(cell, cellOfSelection(rows, { event: selected.x, arrival: selected.y }, taken));
    selection.value = null;
  };
  return (
    <div class="chart" data-chart={chart}>
      <div class="drawing" ref={place} />
      {selection.value !== null && rows !== null && (
        <p class="selection-offer">
          <button type="button" class="button" onClick={addRows}>
            Add a cell with these rows
          </button>
        </p>
      )}
      <div class="chart-tools">
        <button type="button" onClick={() => void save("svg")}>
          SVG
        </button>
        <button type="button" onClick={() => void save("png")}>
          PNG
        </button>
      </div>
    </div>
  );
}

/** Watches the view while it is near the screen and draws what comes. Gives the way to end it. */
function keepDrawn(
  element: HTMLElement,
  chart: Chart,
  view: string,
  options: Readonly<Record<string, unknown>>,
  shared: SharedScales | undefined,
  index: 0 | 1,
): () => void {
  let scheduled = 0;
  let visible = false;
  let update: ChartUpdate | null = null;
  let drawn: ChartUpdate | null = null;
  const draw = (): void => {
    scheduled = 0;
    // What is drawn already stays, so that a tip under the pointer does.
    if (!visible || update === null || drawn === update) return;
    drawn = update;
    const state = transport.peek();
    const span =
      state === null || state.start === null || state.end === null ? null : { start: state.start, end: state.end };
    const width = element.clientWidth;
    const settings = { ...options, ...update.options, width, now: state?.now ?? null, span, scales };
    try {
      scales?.begin();
      const drawing = chart.draw(update.tables, settings as never);
      scales?.end();
      redraw(element, () => drawing);
    } catch (error) {
      const words = document.createElement("p");
      words.className = "not-run";
      words.textContent = `The chart can't be drawn: ${error instanceof Error ? error.message : String(error)}`;
      element.replaceChildren(words);
    }
  };
  const schedule = (): void => {
    scheduled ||= requestAnimationFrame(draw);
  };
  const scales = shared?.side(index, () => {
    drawn = null;
    schedule();
  });
  const stop = effect(() => {
    const next = viewOf(view).value;
    if (next === null || next.kind !== "chart") return;
    update = next;
    schedule();
  });
  const sizes = new ResizeObserver(() => {
    drawn = null;
    schedule();
  });
  sizes.observe(element);
  const seen = new IntersectionObserver(
    entries => {
      visible = entries.at(-1)!.isIntersecting;
      watch(view, visible ? { from: 0, count: 0, sort: null } : null);
      if (visible) schedule();
    },
    { rootMargin: "300px" },
  );
  seen.observe(element);
  return () => {
    stop();
    sizes.disconnect();
    seen.disconnect();
    cancelAnimationFrame(scheduled);
    shared?.leave(index);
    watch(view, null);
  };
}
