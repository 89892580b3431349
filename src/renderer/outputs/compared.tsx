/**
 * An output of a cell beside the same output of the pinned replay, where the two are not the same pipeline: both under one clock,
 * with the settings that made the difference, and the rows in which they differ.
 */
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { SharedScales } from "../../charts/shared-scales.ts";
import type { ComparedOutput, ComparedRows, SettingChange } from "../../protocol/comparison.ts";
import { rowsSentence } from "../../protocol/comparison-words.ts";
import type { CellOutput, Sort } from "../../protocol/session.ts";
import { writeMany } from "../parts/time.ts";
import { comparison } from "../state/session.ts";
import { ChartView } from "./chart-view.tsx";
import { TableView } from "./table-view.tsx";

type Comparable = Extract<CellOutput, { kind: "stream" | "chart" }>;
type Differing = Extract<ComparedOutput, { state: "differs" }>;

export function Compared({ cell, output }: { readonly cell: number; readonly output: Comparable }) {
  const { view } = output;
  const compared = useComputed(() => comparison.value?.outputs[view] ?? null).value;
  const differs = compared?.state === "differs" ? compared : null;
  const order = useSignal<Sort>(null);
  const scales = useMemo(() => new SharedScales(), []);
  const place = useRef<HTMLDivElement>(null);
  useRoom(place, differs !== null);
  return (
    <div class="compared" data-compared={compared?.state} ref={place}>
      {differs !== null && (
        <Head
          key="head"
          differs={differs}
          sameChart={output.kind === "chart" && differs.pinned.chart === output.chart}
        />
      )}
      <div class="sides" key="sides">
        <section class="side" key="now" aria-label={differs === null ? undefined : "A, now"}>
          {differs !== null && <SideLabel letter="A" word="now" settings={differs.settings.map(s => s.now)} />}
          {output.kind === "stream" ? (
            <TableView view={view} name={output.name} order={order} />
          ) : (
            <ChartView
              cell={cell}
              view={view}
              chart={output.chart}
              options={output.options}
              rows={output.rows}
              scales={scales}
            />
          )}
        </section>
        {differs !== null && (
          <section class="side" key="pinned" aria-label="B, pinned">
            <SideLabel letter="B" word="pinned" settings={differs.settings.map(s => s.pinned)} />
            <Pinned cell={cell} pinned={differs.pinned} name={nameOf(output)} scales={scales} order={order} />
          </section>
        )}
      </div>
      {differs?.rows != null && <Differences key="rows" rows={differs.rows} name={nameOf(output)} />}
      {compared?.state === "same" && (
        <span class="compared-mark" title="The pinned replay has the same here: it is computed and shown once">
          = same in both
        </span>
      )}
      {compared?.state === "new" && (
        <span class="compared-mark" title="This was not there, or was in error, when the replay was pinned">
          + not in the pinned replay
        </span>
      )}
    </div>
  );
}

function nameOf(output: Comparable): string {
  return output.kind === "stream" ? (output.name ?? "the stream") : output.chart;
}

/** What was changed, and what came of it. */
function Head({ differs, sameChart }: { readonly differs: Differing; readonly sameChart: boolean }) {
  const { settings, rows, reason } = differs;
  const left = rows?.left ?? [];
  return (
    <header class="compared-head" tabIndex={-1}>
      <Changes settings={settings} />
      {rows !== null && (
        <span class="compared-sentence" title="From the pinned replay (B) to the present one (A)">
          {rowsSentence(rows)}
        </span>
      )}
      {sameChart && <span class="muted">drawn to the same scales</span>}
      {left.length > 0 && <span class="muted">not compared: {left.join(", ")}</span>}
      {reason !== null && <span class="muted">{reason}</span>}
    </header>
  );
}

/** The settings that differ, `Watermark delay 30 s → 5 min`. */
export function Changes({ settings }: { readonly settings: readonly SettingChange[] }) {
  return (
    <span class="compared-changes" title="From the pinned replay (B) to the present one (A)">
      {settings.map(({ text }) => (
        <span key={text}>{text}</span>
      ))}
    </span>
  );
}

function SideLabel({
  letter,
  word,
  settings,
}: {
  readonly letter: "A" | "B";
  readonly word: string;
  readonly settings: readonly string[];
}) {
  return (
    <p class="side-label">
      <b data-letter={letter}>{letter}</b> <strong>{word}</strong>
      {settings.length > 0 && <span title={settings.join(" · ")}>{settings.join(" · ")}</span>}
    </p>
  );
}

function Pinned({
  cell,
  pinned: { view, chart, options },
  name,
  scales,
  order,
}: {
  readonly cell: number;
  readonly pinned: Differing["pinned"];
  readonly name: string;
  readonly scales: SharedScales;
  readonly order: Signal<Sort>;
}) {
  return chart === null ? (
    <TableView view={view} name={`${name}, pinned`} order={order} />
  ) : (
    <ChartView cell={cell} view={view} chart={chart} options={options} rows={null} scales={scales} side={1} />
  );
}

/** The rows that differ, with both values of each column. They can be folded away, and are then not sent. */
function Differences({ rows, name }: { readonly rows: ComparedRows; readonly name: string }) {
  const shown = useSignal(true);
  // Once there was something to show, its place stays: nothing below jumps when the two agree again.
  const began = useRef(false);
  const differ = rows.changed + rows.onlyNow + rows.onlyPinned;
  if (differ > 0) began.current = true;
  if (!began.current) return null;
  return (
    <details class="differences" open={shown.value} onToggle={event => (shown.value = event.currentTarget.open)}>
      <summary>
        The rows that differ <span class="muted">{writeMany(differ, "row")}</span>
      </summary>
      {shown.value && (
        <TableView
          view={rows.view}
          name={`the difference of ${name}`}
          plain
          empty={rows.by === "key" ? "Row by row, both replays say the same." : "Both replays have the same rows."}
        />
      )}
    </details>
  );
}

/** Lets a pair have all the room there is in the notebook, beyond the column of text, without anything else being moved. */
function useRoom(place: { readonly current: HTMLElement | null }, wanted: boolean): void {
  useEffect(() => {
    const element = place.current;
    const page = element?.closest<HTMLElement>(".notebook") ?? null;
    const column = element?.parentElement ?? null;
    if (element === null || page === null || column === null || !wanted) return;
    const fit = (): void => {
      const own = column.getBoundingClientRect();
      const all = page.getBoundingClientRect();
      const margin = 24;
      element.style.setProperty("--left", `${Math.min(0, all.left + margin - own.left)}px`);
      element.style.setProperty("--right", `${Math.min(0, own.right - (all.left + page.clientWidth - margin))}px`);
    };
    const sizes = new ResizeObserver(fit);
    sizes.observe(page);
    sizes.observe(column);
    return () => {
      sizes.disconnect();
      element.style.removeProperty("--left");
      element.style.removeProperty("--right");
    };
  }, [wanted]);
}
