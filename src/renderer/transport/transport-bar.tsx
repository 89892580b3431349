/** The transport bar: the replay as an instrument, and the clock that everything else follows. */
import { playOrPause } from "../commands/actions.ts";
import { Icon } from "../parts/icons.tsx";
import type { IconName } from "../parts/icons.tsx";
import { writeCount, writeDuration } from "../parts/time.ts";
import { SPEEDS, sendTransport, transport } from "../state/session.ts";
import { ComparisonLine, PinButton } from "./compare.tsx";
import { DensityStrip } from "./density-strip.tsx";
import { Instrument } from "./instrument.tsx";
import { Readings } from "./readings.tsx";

/** Says a speed, and above a minute per second also what that is: `3,600×  1 h/s`. */
function writeSpeed(factor: number): string {
  if (factor === Infinity) return "max";
  return factor < 60 ? `${factor}×` : `${writeCount(factor)}×  ${writeDuration(factor * 1_000)}/s`;
}

export function TransportBar() {
  const state = transport.value;
  const ready = state !== null && state.start !== null;
  const playing = state?.playing ?? false;
  return (
    <footer class="transport" aria-label="Replay">
      <ComparisonLine />
      <div class="buttons">
        <Control
          icon="restart"
          label="Back to the start"
          disabled={!ready}
          onClick={() => sendTransport({ kind: "restart" })}
        />
        <button
          type="button"
          class="icon-button play"
          aria-label={playing ? "Pause" : "Play"}
          title={playing ? "Pause (Space)" : "Play (Space)"}
          disabled={!ready}
          onClick={playOrPause}
        >
          <Icon name={playing ? "pause" : "play"} />
        </button>
        <Control
          icon="end"
          label="To the end, as fast as possible"
          disabled={!ready || state.finished}
          onClick={() => sendTransport({ kind: "end" })}
        />
        <Step by="row" on="one row" back="one row back" ready={ready} finished={state?.finished ?? false} />
        <Step
          by="window"
          on="to the next window that fires"
          back="to the last window that fired"
          ready={ready}
          finished={state?.finished ?? false}
        />
        <Step
          by="watermark"
          on="to the next watermark"
          back="to the last watermark"
          ready={ready}
          finished={state?.finished ?? false}
        />
        {state?.live?.following !== true && <Speed value={state?.speed ?? Infinity} disabled={!ready} />}
        {state?.live != null && <Live {...state.live} />}
        <Instrument />
        <PinButton />
      </div>
      <DensityStrip />
      <Readings />
    </footer>
  );
}

function Control({
  icon,
  label,
  disabled,
  onClick,
}: {
  icon: IconName;
  label: string;
  disabled: boolean;
  onClick(): void;
}) {
  return (
    <button type="button" class="icon-button" title={label} aria-label={label} disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** Whether the clock stays with the live sources, and the way back to the present. */
function Live({ following, behind }: { following: boolean; behind: number }) {
  return (
    <button
      type="button"
      class="button live"
      aria-pressed={following}
      title={
        following
          ? "The clock stays with the live sources; pause to look at something"
          : "Catch up with the live sources (L)"
      }
      onClick={() => sendTransport({ kind: "live" })}
    >
      {following && behind < FALLEN_BEHIND
        ? "Live"
        : following
          ? `Live, ${writeDuration(behind)} behind`
          : `Catch up, ${writeDuration(behind)}`}
    </button>
  );
}

/** Milliseconds behind the present that are worth a word. */
const FALLEN_BEHIND = 2_000;

/** One step on, and one back. */
function Step({
  by,
  on,
  back,
  ready,
  finished,
}: {
  by: "row" | "window" | "watermark";
  on: string;
  back: string;
  ready: boolean;
  finished: boolean;
}) {
  return (
    <span class="step-pair">
      <Control
        icon="back"
        label={`Step ${back}`}
        disabled={!ready}
        onClick={() => sendTransport({ kind: "step", by, back: true })}
      />
      {by}
      <Control
        icon="forth"
        label={`Step ${on}`}
        disabled={!ready || finished}
        onClick={() => sendTransport({ kind: "step", by })}
      />
    </span>
  );
}

function Speed({ value, disabled }: { value: number; disabled: boolean }) {
  const known = SPEEDS.includes(value);
  return (
    <select
      class="select figure"
      aria-label="Speed of the replay"
      title="Speed: times real time"
      disabled={disabled}
      value={String(value)}
      onChange={event => sendTransport({ kind: "speed", factor: Number(event.currentTarget.value) })}
    >
      {!known && <option value={String(value)}>{value}×</option>}
      {SPEEDS.map(factor => (
        <option key={factor} value={String(factor)}>
          {writeSpeed(factor)}
        </option>
      ))}
    </select>
  );
}
