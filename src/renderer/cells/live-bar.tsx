/** What a cell says of the live source that it reads: how the connection is, what is written down, and what can be done. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { LiveRecording, LiveState } from "../../protocol/live.ts";
import { writeSize, writeCount, writeDuration } from "../parts/time.ts";
import { act, allowAddress, declineAddress, liveView, openLive, replayRecording } from "../state/live.ts";
import { connectAgain, runCells, transport } from "../state/session.ts";

export function LiveBar({ cell, sources }: { readonly cell: number; readonly sources: readonly string[] }) {
  return (
    <>
      {sources.map(key => (
        <OneSource key={key} cell={cell} source={key} />
      ))}
    </>
  );
}

function OneSource({ cell, source }: { readonly cell: number; readonly source: string }) {
  const view = liveView(source).value;
  if (view === null) return null;
  switch (view.kind) {
    case "asking":
      return (
        <div class="live-bar" data-live="asking" role="group" aria-label="Connection to confirm">
          <span class="dot" />
          <span>
            This notebook wants to connect to <strong>{view.host}</strong>
            <span class="address" title={view.address}>
              {view.address}
            </span>
          </span>
          <span class="grow" />
          <span class="actions">
            <button type="button" class="button" data-main onClick={() => void allowAddress(source)}>
              Connect
            </button>
            <button type="button" class="button" onClick={() => declineAddress(source)}>
              Not now
            </button>
          </span>
        </div>
      );
    case "declined":
      return (
        <div class="live-bar" data-live="stopped">
          <span class="dot" />
          <span>Not connected to {view.host}.</span>
          <span class="grow" />
          <button type="button" class="button" onClick={() => void openLive(view.request)}>
            Connect…
          </button>
        </div>
      );
    case "refused":
      return (
        <div class="live-bar" data-live="failed" role="alert">
          <span class="dot" />
          <span>Not connected: {view.reason}</span>
        </div>
      );
    case "live":
      return <Connection cell={cell} state={view.state} />;
  }
}

const words: Readonly<Record<LiveState["status"], string>> = {
  connecting: "connecting",
  connected: "live",
  waiting: "waiting",
  retrying: "not connected",
  failed: "not connected",
  ended: "ended",
  stopped: "stopped",
};

function Connection({ cell, state }: { readonly cell: number; readonly state: LiveState }) {
  const { key, status, recording, over } = state;
  const full = transport.value?.live?.full.includes(key) === true;
  const replay = (): void => {
    if (replayRecording(cell, state)) runCells([cell]);
  };
  return (
    <div class="live-bar" data-live={status} role="group" aria-label={`Live source ${state.name}`}>
      <span class="what" role="status">
        <span class="dot" />
        <strong>{words[status]}</strong>
        {status === "connected" && state.rows === 0 && " · waiting for the first row"}
        {state.reason !== "" && ` · ${state.reason}`}
        {status === "retrying" && state.retryAt !== null && <Countdown at={state.retryAt} />}
      </span>
      <span class="figure" title="Rows that have come, and rows a second over the last five seconds">
        {writeCount(state.rows)} {state.rows === 1 ? "row" : "rows"}
        {status === "connected" &&
          ` · ${state.rate < 10 ? state.rate.toFixed(1) : writeCount(Math.round(state.rate))}/s`}
      </span>
      <Recording recording={recording} over={over} />
      <span class="grow" />
      <span class="actions">
        {(status === "retrying" || status === "failed") && !over && (
          <button type="button" class="button" onClick={() => void act(key, "retry")}>
            Retry now
          </button>
        )}
        {!over && (
          <>
            <button
              type="button"
              class="button"
              aria-pressed={recording.on}
              title={
                recording.on
                  ? "Stop writing rows down; what was written stays"
                  : "Write rows down from now on, into another file"
              }
              onClick={() => void act(key, recording.on ? "pause-recording" : "record")}
            >
              {recording.on ? "Turn recording off" : "Record"}
            </button>
            <button
              type="button"
              class="button"
              title="Disconnect: the source ends, and its last windows close"
              onClick={() => void act(key, "stop")}
            >
              Stop
            </button>
          </>
        )}
        {over && (
          <button
            type="button"
            class="button"
            title="Begins anew with what comes from now on; the recording stays"
            onClick={() => connectAgain(key)}
          >
            Connect again
          </button>
        )}
        {recording.replay !== null && over && (
          <button
            type="button"
            class="button"
            data-main
            title={`Reads ${recording.replay.file} instead`}
            onClick={replay}
          >
            Replay this recording
          </button>
        )}
      </span>
      {state.notes.length > 0 && <span class="note">{state.notes.at(-1)}</span>}
      {state.shed > 0 && (
        <span class="loss" role="alert">
          {writeCount(state.shed)} rows were let go: they came faster than the notebook took them. They are not in the
          recording either.
        </span>
      )}
      {full && (
        <span class="loss" role="alert">
          The notebook holds as many rows as it can of this source, and takes no more. What comes is in the recording.
        </span>
      )}
    </div>
  );
}

/** The pause before the next attempt, as it goes by. */
function Countdown({ at }: { readonly at: number }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 250);
    return () => clearInterval(timer);
  }, [at]);
  const left = at - now.value;
  return <> · next try {left <= 500 ? "now" : `in ${writeDuration(Math.ceil(left / 1_000) * 1_000)}`}</>;
}

function Recording({ recording, over }: { readonly recording: LiveRecording; readonly over: boolean }) {
  const { on, file, folder, bytes, rows, problem } = recording;
  if (problem !== null)
    return (
      <span class="loss" role="alert">
        Not recorded: {problem}
      </span>
    );
  if (file === null) return on ? <span class="muted">recording starts with the first row</span> : null;
  return (
    <span class="recording" data-on={on ? "" : undefined} title={`${writeCount(rows)} rows in ${folder}/${file}`}>
      {on ? "recording" : over ? "recorded" : "recording off, kept"} {writeSize(bytes)} in{" "}
      <span class="file">{file}</span>
    </span>
  );
}
