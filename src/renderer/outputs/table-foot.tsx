/** What stands under a live table: how many rows, what became of the others, and how far the watermark is. */
import type { ComponentChildren } from "preact";
import type { ViewUpdate } from "../../protocol/session.ts";
import { TimingBadge } from "../parts/timing.tsx";
import { writeCount, writeInstant, writeMany } from "../parts/time.ts";
import { zone } from "../state/ui.ts";

type Figures = Extract<ViewUpdate, { kind: "table" }>["figures"];

export function TableFoot({
  total,
  figures,
  onDropped,
  children,
}: {
  total: number;
  figures: Figures;
  /** Asks what was dropped in all. */
  onDropped: () => void;
  children: ComponentChildren;
}) {
  return (
    <div class="grid-foot figure">
      <span>{writeMany(total, "row")}</span>
      {figures.late > 0 && <TimingBadge timing="late" bare text={`${writeCount(figures.late)} late`} />}
      {figures.dropped > 0 && (
        <button
          type="button"
          class="foot-story"
          title="What was dropped, whose, and from which windows"
          onClick={onDropped}
        >
          <TimingBadge timing="dropped" bare text={`${writeCount(figures.dropped)} dropped`} />
        </button>
      )}
      {figures.errors > 0 && (
        <span title="Lines that could not be read; see the errors output of the source">
          {writeMany(figures.errors, "bad line")}
        </span>
      )}
      {figures.watermark !== null && !figures.complete && (
        <span>watermark {writeInstant(figures.watermark, zone.value)}</span>
      )}
      {figures.complete ? <span>complete</span> : <span class="partial">so far</span>}
      <span class="grow" />
      {children}
    </div>
  );
}
