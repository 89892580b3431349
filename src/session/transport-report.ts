/** What the transport bar is told: where the clock stands, how far the log reaches, what came late or was dropped, what is loading. */
import type { Run } from "../engine/run.ts";
import type { TransportState } from "../protocol/session.ts";
import type { DensityStrip } from "./density-strip.ts";
import { clockOf, droppedBelow, sourceFigures } from "./figures.ts";
import type { InjectedFaults } from "./injected-faults.ts";
import type { LiveSources } from "./live-sources.ts";
import { arrivalsOf, type Logs } from "./logs-below.ts";
import type { Playback } from "./playback.ts";
import type { WorkedPlan } from "./worked-plan.ts";

/** Whose state the bar shows. */
export interface Reporting {
  readonly logs: Logs;
  readonly live: LiveSources;
  readonly playback: Playback;
  readonly faults: InjectedFaults;
  readonly strip: DensityStrip;
}

export class TransportReport {
  readonly #of: Reporting;
  #loading: TransportState["loading"] = null;

  constructor(of: Reporting) {
    this.#of = of;
  }

  /** Notes what is being loaded, from 0 to 1. */
  loads(what: string, progress: number): void {
    this.#loading = { what, progress };
  }

  /** Notes that everything has been loaded. */
  loaded(): void {
    this.#loading = null;
  }

  /** Says everything as it is now. */
  state(run: Run | null, { own, sources, dropped }: WorkedPlan): TransportState {
    const { logs, playback, faults, strip } = this.#of;
    const progress = run?.progress ?? { rows: 0, finished: false };
    const { late, watermark } = run === null ? { late: 0, watermark: Infinity } : sourceFigures(run, sources);
    const now = clockOf(run);
    const span = run === null ? null : arrivalsOf(sources, logs);
    const live = this.#live(now, span);
    return {
      playing: playback.playing,
      speed: playback.speed,
      now,
      start: span?.start ?? null,
      // The strip of a live source reaches to the present, also while nothing comes.
      end: span === null ? null : Math.max(span.end, live === null ? -Infinity : (this.#of.live.known ?? -Infinity)),
      finished: progress.finished,
      rows: progress.rows,
      totalRows: run?.totalRows ?? 0,
      watermark: Number.isFinite(watermark) ? watermark : null,
      lag: now !== null && Number.isFinite(watermark) ? now - watermark : null,
      late,
      dropped: droppedBelow(own, dropped),
      paused: playback.paused,
      breakpoints: playback.breakpoints.states(),
      faults: faults.options,
      faultsError: faults.error,
      density: strip.shown,
      behind: playback.behind,
      live,
      loading: this.#loading,
    };
  }

  /** Whether the clock follows live sources, and how far it is behind them; null where none is read. */
  #live(now: number | null, span: { readonly start: number } | null): TransportState["live"] {
    const { live, playback } = this.#of;
    const { known } = live;
    if (known === null || (!live.open && !playback.following)) return null;
    return {
      following: playback.following,
      behind: Math.max(0, known - Math.max(now ?? known, span?.start ?? known)),
      full: live.full,
    };
  }
}
