/** The clock of the replay, the watermark's lag, and what came late or too late. */
import { TimingBadge } from "../parts/timing.tsx";
import { writeCount, writeDuration, writeInstant, zoneName } from "../parts/time.ts";
import { transport } from "../state/session.ts";
import { localZone, zone } from "../state/ui.ts";
import { CatchingUp, useLasting } from "./catching-up.tsx";

/** Zones the clock goes round: UTC, this machine's, and the one of the samples. */
function nextZone(): void {
  const zones = [...new Set(["UTC", "Europe/London", localZone])];
  zone.value = zones[(zones.indexOf(zone.value) + 1) % zones.length];
}

export function Readings() {
  const state = transport.value;
  const none = state === null || state.start === null;
  const behind = state?.behind ?? null;
  const lasting = useLasting(behind !== null);
  return (
    <div class="readings">
      <span class="clock" aria-label="Processing time">
        {none ? <span class="muted">no log yet</span> : writeInstant(state.now ?? state.start, zone.value)}
        <button
          type="button"
          class="zone"
          title={`Times are written in ${zone.value}; click for another zone`}
          onClick={nextZone}
        >
          {zoneName(zone.value)}
        </button>
      </span>
      <span class="right" title="How far the watermark is behind the clock">
        <span class="muted">lag</span> {none ? "–" : writeDuration(state.lag)}
      </span>
      <span class="muted">
        {behind !== null && lasting ? (
          <CatchingUp {...behind} />
        ) : none ? (
          ""
        ) : (
          `${writeCount(state.rows)} of ${writeCount(state.totalRows)} rows${state.finished ? ", complete" : ""}`
        )}
      </span>
      <span
        class="late-counts"
        title="Late: rows behind the watermark when they arrived. Dropped: rows that came too late, summed over the streams that drop them."
      >
        <TimingBadge timing="late" bare text={`${writeCount(state?.late ?? 0)} late`} />
        <TimingBadge timing="dropped" bare text={`${writeCount(state?.dropped ?? 0)} dropped`} />
      </span>
    </div>
  );
}
