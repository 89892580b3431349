/** What a replay stops at, and what disturbs it: breakpoints and seeded faults, in a panel above the transport bar. */
import { useEffect, useRef, useState } from "preact/hooks";
import { writeInstant } from "../parts/time.ts";
import type { FaultOptions, TransportState } from "../../protocol/session.ts";
import { sendTransport, symbols, transport } from "../state/session.ts";
import { zone } from "../state/ui.ts";

export function Instrument() {
  const state = transport.value;
  const box = useRef<HTMLDetailsElement>(null);
  const set = state?.breakpoints?.length ?? 0;
  const disturbed = state?.faults != null;
  // Escape closes it wherever the focus is: a button that is disabled by its own click has none.
  useEffect(() => {
    const close = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || box.current?.open !== true) return;
      box.current.open = false;
      box.current.querySelector("summary")?.focus();
      event.stopPropagation();
    };
    document.addEventListener("keydown", close, true);
    return () => document.removeEventListener("keydown", close, true);
  }, []);
  return (
    <div class="instrument-place">
      <StoppedNote />
      <details class="instrument" ref={box}>
        <summary
          class="icon-button step"
          title="Stop at a row, or disturb the sources"
          data-on={set > 0 || disturbed ? "" : undefined}
        >
          stops{set > 0 ? ` ${set}` : ""}
          {disturbed ? " · faults" : ""}
        </summary>
        <div class="instrument-panel" role="group" aria-label="Breakpoints and faults">
          <Stopped state={state} />
          <Breakpoints state={state} />
          <Faults state={state} />
        </div>
      </details>
    </div>
  );
}

/** Says above the bar where the replay stopped, so that it is seen with the panel closed. */
function StoppedNote() {
  const paused = transport.value?.paused ?? null;
  if (paused === null) return null;
  return (
    <span class="stopped-note" role="status" title={rowText(paused)}>
      stopped at {paused.stream}
    </span>
  );
}

function rowText({ stream, row }: NonNullable<TransportState["paused"]>): string {
  const columns = symbols.value.find(s => s.name === stream)?.columns ?? [];
  const times = new Set(columns.filter(c => c.type === "timestamp").map(c => c.name));
  const written = (name: string, value: unknown): string =>
    times.has(name) && typeof value === "number"
      ? writeInstant(value, zone.value)
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
  return Object.entries(row)
    .map(([name, value]) => `${name} ${written(name, value)}`)
    .join(" · ");
}

function Stopped({ state }: { readonly state: TransportState | null }) {
  const paused = state?.paused ?? null;
  if (paused === null) return null;
  return (
    <p class="stopped">
      Stopped at <span class="code">{paused.stream}</span>, {writeInstant(paused.at, zone.value)}: {rowText(paused)}
    </p>
  );
}

function Breakpoints({ state }: { readonly state: TransportState | null }) {
  const streams = symbols.value.filter(s => s.kind === "stream").map(s => s.name);
  const [chosen, choose] = useState("");
  const [predicate, write] = useState("");
  const stream = streams.includes(chosen) ? chosen : (streams[0] ?? "");
  const add = (event: Event): void => {
    event.preventDefault();
    if (stream === "") return;
    const text = predicate.trim();
    sendTransport({ kind: "breakpoint", stream, predicate: text === "" ? null : text });
  };
  return (
    <section>
      <h3>Stop at</h3>
      <form onSubmit={add}>
        <select
          class="select"
          aria-label="Stream to stop at"
          value={stream}
          onChange={event => choose(event.currentTarget.value)}
        >
          {streams.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <input
          class="field code"
          aria-label="Which row to stop at"
          placeholder="any row, or d.amount > 1000"
          value={predicate}
          onInput={event => write(event.currentTarget.value)}
        />
        <button type="submit" class="button" disabled={stream === ""}>
          Set
        </button>
      </form>
      <ul>
        {(state?.breakpoints ?? []).map(set => (
          <li key={set.stream}>
            <span class="code">{set.stream}</span> {set.predicate === null ? "any row" : <code>{set.predicate}</code>}
            {set.error !== null && <span class="problem"> {set.error}</span>}
            <button
              type="button"
              class="icon-button"
              aria-label={`Remove the breakpoint of ${set.stream}`}
              onClick={() =>
                sendTransport({ kind: "breakpoint", stream: set.stream, predicate: set.predicate, remove: true })
              }
            >
              ×
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The fields as they are written: shares in per cent. */
const BLANK = { seed: "1", delay: "1 min", reorder: "10", drop: "0", duplicate: "0" };

const FIELDS: readonly { readonly name: keyof typeof BLANK; readonly label: string; readonly unit: string }[] = [
  { name: "reorder", label: "held back", unit: "%" },
  { name: "delay", label: "by about", unit: "" },
  { name: "drop", label: "lost", unit: "%" },
  { name: "duplicate", label: "sent twice", unit: "%" },
  { name: "seed", label: "seed", unit: "" },
];

function Faults({ state }: { readonly state: TransportState | null }) {
  const [written, write] = useState(BLANK);
  const options = (): FaultOptions => ({
    seed: Math.trunc(Number(written.seed)) || 0,
    delay: written.delay,
    reorder: Number(written.reorder) / 100,
    drop: Number(written.drop) / 100,
    duplicate: Number(written.duplicate) / 100,
  });
  const inject = (event: Event): void => {
    event.preventDefault();
    sendTransport({ kind: "faults", options: options() });
  };
  const on = state?.faults != null;
  return (
    <section>
      <h3>Disturb every source</h3>
      <form onSubmit={inject}>
        {FIELDS.map(({ name, label, unit }) => (
          <label key={name}>
            {label}
            <input
              class="field figure"
              value={written[name]}
              onInput={event => write({ ...written, [name]: event.currentTarget.value })}
            />
            {unit}
          </label>
        ))}
        <button type="submit" class="button">
          {on ? "Again" : "Disturb"}
        </button>
        <button
          type="button"
          class="button"
          disabled={!on}
          onClick={() => sendTransport({ kind: "faults", options: null })}
        >
          Leave alone
        </button>
      </form>
      {state?.faultsError != null && <p class="problem">{state.faultsError}</p>}
    </section>
  );
}
