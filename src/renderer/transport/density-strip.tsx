/** Arrivals over the log's processing time, the late ones shaded; also the slider that seeks in it. */
import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { writeClock, writeInstant } from "../parts/time.ts";
import { sendTransport, transport, trusted } from "../state/session.ts";
import { zone } from "../state/ui.ts";

/** Milliseconds within which keys are taken for one movement. */
const KEYS_BELONG = 1_000;

export function DensityStrip() {
  const state = transport.value;
  const dragged = useSignal<number | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const waiting = useRef(false);
  const asked = useRef<{ readonly to: number; readonly at: number } | null>(null);
  const density = state?.density ?? null;
  const paths = useMemo(() => (density === null ? null : pathsOf(density.arrivals, density.late)), [density]);

  if (state === null || state.start === null || state.end === null) {
    return (
      <div class="strip" aria-disabled="true">
        <div class="nothing">
          {state?.loading ? (
            <Loading what={state.loading.what} progress={state.loading.progress} />
          ) : trusted.value ? (
            "The log appears here once a source is read"
          ) : (
            "Nothing runs yet"
          )}
        </div>
      </div>
    );
  }
  const { start, end } = state;
  const span = Math.max(end - start, 1);
  const now = dragged.value ?? state.now ?? start;
  const share = Math.min(Math.max((now - start) / span, 0), 1);

  const seek = (to: number): void => {
    dragged.value = Math.min(Math.max(to, start), end);
    if (waiting.current) return;
    waiting.current = true;
    requestAnimationFrame(() => {
      waiting.current = false;
      if (dragged.value !== null) sendTransport({ kind: "seek", to: dragged.value });
    });
  };
  const seekTo = (event: PointerEvent): void => {
    const box = place.current!.getBoundingClientRect();
    seek(start + ((event.clientX - box.left) / box.width) * span);
  };
  const onKey = (event: KeyboardEvent): void => {
    const by = event.shiftKey ? span / 20 : span / 200;
    // The replay answers a little later than keys follow each other, so one key goes on from where the one before led.
    const last = asked.current;
    const from = last !== null && event.timeStamp - last.at < KEYS_BELONG ? last.to : now;
    const wanted = { ArrowLeft: from - by, ArrowRight: from + by, Home: start, End: end }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    const to = Math.min(Math.max(wanted, start), end);
    asked.current = { to, at: event.timeStamp };
    sendTransport({ kind: "seek", to });
  };

  return (
    <div
      class="strip"
      ref={place}
      role="slider"
      tabIndex={0}
      aria-label="Processing time of the replay; arrivals with late ones shaded"
      aria-valuemin={start}
      aria-valuemax={end}
      aria-valuenow={now}
      aria-valuetext={writeInstant(now, zone.value)}
      onPointerDown={event => {
        place.current!.setPointerCapture(event.pointerId);
        seekTo(event);
      }}
      onPointerMove={event => dragged.value !== null && seekTo(event)}
      onPointerUp={event => {
        if (dragged.value !== null) sendTransport({ kind: "seek", to: dragged.value });
        place.current!.releasePointerCapture(event.pointerId);
        dragged.value = null;
      }}
      onPointerCancel={() => (dragged.value = null)}
      onKeyDown={onKey}
    >
      <svg viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">
        <clipPath id="strip-past">
          <rect width={share * 1000} height="100" />
        </clipPath>
        {paths !== null && (
          <>
            <path class="ahead" d={paths.arrivals} />
            <path class="late" d={paths.late} opacity="0.35" />
            <g clip-path="url(#strip-past)">
              <path class="arrivals" d={paths.arrivals} />
              <path class="late" d={paths.late} />
            </g>
          </>
        )}
      </svg>
      <div class="head" style={{ left: `${share * 100}%` }} />
      <div class="ends">
        <span>{writeEnd(start, span)}</span>
        <span>
          arrivals, <span style={{ color: "var(--time-late-text)" }}>◆ out of order</span>
        </span>
        <span>{writeEnd(end, span)}</span>
      </div>
    </div>
  );
}

/** An end of the strip: to the minute, and of a short log the time of day to the second. */
function writeEnd(at: number, span: number): string {
  return span < 3_600_000 ? writeClock(at, zone.value) : writeInstant(at, zone.value).slice(0, 16);
}

function Loading({ what, progress }: { readonly what: string; readonly progress: number }) {
  return (
    <span class="progress">
      {what} <progress value={progress} max={1} />
      <span class="figure">{Math.round(progress * 100)} %</span>
    </span>
  );
}

/** Bars as two paths. Late arrivals stand at the foot of each bar; heights grow with the root, so that lulls are seen too. */
function pathsOf(arrivals: Float64Array, late: Float64Array): { arrivals: string; late: string } {
  const most = arrivals.reduce((peak, each) => Math.max(peak, each), 1);
  const width = 1000 / arrivals.length;
  let all = "";
  let behind = "";
  for (let i = 0; i < arrivals.length; i++) {
    if (arrivals[i] === 0) continue;
    const x = (i * width).toFixed(2);
    const height = Math.max(Math.sqrt(arrivals[i] / most) * 100, 3);
    const foot = (late[i] / arrivals[i]) * height;
    all += `M${x},100v${(-height).toFixed(1)}h${(width * 0.82).toFixed(2)}V100z`;
    if (foot > 0) behind += `M${x},100v${(-foot).toFixed(1)}h${(width * 0.82).toFixed(2)}V100z`;
  }
  return { arrivals: all, late: behind };
}
