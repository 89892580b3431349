/** The transport bar: the replay as an instrument, and the clock that everything else follows. */
import { playOrPause } from "../commands/actions.ts";
import { Icon } from "../parts/icons.tsx";
import type { IconName } from "../parts/icons.tsx";
import { sendTransport, transport } from "../state/session.ts";
import { DensityStrip } from "./density-strip.tsx";
import { Readings } from "./readings.tsx";

const speeds: readonly { readonly factor: number; readonly label: string }[] = [
  { factor: 0.1, label: "0.1×" },
  { factor: 1, label: "1×" },
  { factor: 10, label: "10×" },
  { factor: 60, label: "60×  1 min/s" },
  { factor: 600, label: "600×  10 min/s" },
  { factor: 3_600, label: "3,600×  1 h/s" },
  { factor: 21_600, label: "21,600×  6 h/s" },
  { factor: Infinity, label: "max" },
];

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
        <Step by="row" label="one row" disabled={!ready || state.finished} />
        <Step by="window" label="to the next window that fires" disabled={!ready || state.finished} />
        <Step by="watermark" label="to the next watermark" disabled={!ready || state.finished} />
        <Speed value={state?.speed ?? Infinity} disabled={!ready} />
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
  const known = speeds.some(speed => speed.factor === value);
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
      {speeds.map(speed => (
        <option key={speed.factor} value={String(speed.factor)}>
          {speed.label}
        </option>
      ))}
    </select>
  );
}
