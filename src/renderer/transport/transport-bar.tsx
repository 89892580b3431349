/** The transport bar: the replay as an instrument, and the clock that everything else follows. */
import { playOrPause } from "../commands/actions.ts";
import { Icon } from "../parts/icons.tsx";
import type { IconName } from "../parts/icons.tsx";
import { writeCount, writeDuration } from "../parts/time.ts";
import { SPEEDS, sendTransport, transport } from "../state/session.ts";
import { Instrument } from "./instrument.tsx";
import { DensityStrip } from "./density-strip.tsx";
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
        <button
          type="button"
          class="icon-button step back"
          title="Step one row back"
          aria-label="Step one row back"
          disabled={!ready || state.rows === 0}
          onClick={() => sendTransport({ kind: "step", by: "row", back: true })}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M11 3.4v9.2L4.2 8z" fill="currentColor" />
          </svg>
        </button>
        <Step by="row" label="one row" disabled={!ready || state.finished} />
        <Step by="window" label="to the next window that fires" disabled={!ready || state.finished} />
        <Step by="watermark" label="to the next watermark" disabled={!ready || state.finished} />
        <Speed value={state?.speed ?? Infinity} disabled={!ready} />
        <Instrument />
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

function Step({ by, label, disabled }: { by: "row" | "window" | "watermark"; label: string; disabled: boolean }) {
  return (
    <button
      type="button"
      class="icon-button step"
      title={`Step ${label}`}
      aria-label={`Step ${label}`}
      disabled={disabled}
      onClick={() => sendTransport({ kind: "step", by })}
    >
      <Icon name="step" />
      {by}
    </button>
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
