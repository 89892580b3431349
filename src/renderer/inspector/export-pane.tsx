/** The export preview: a stream in another language, with everything that language can't say. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { SessionMessage } from "../../protocol/session.ts";
import { host } from "../connection/host.ts";
import { exportStream, exportTargets, running, symbols } from "../state/session.ts";
import { exportChoice, say } from "../state/ui.ts";

type Exported = Extract<SessionMessage, { type: "exported" }>;

export function ExportPane() {
  const streams = symbols.value.filter(symbol => symbol.kind === "stream");
  const choice = exportChoice.value;
  const name = streams.some(each => each.name === choice.name) ? choice.name : (streams.at(-1)?.name ?? null);
  const answer = useSignal<Exported | null>(null);
  const shown = useSignal(0);

  useEffect(() => {
    if (name === null || !running.value) return;
    let current = true;
    void exportStream(name, choice.target).then(exported => {
      if (!current) return;
      answer.value = exported;
      shown.value = 0;
    });
    return () => {
      current = false;
    };
    // A changed pipeline comes with new symbols, and is exported anew.
  }, [name, choice.target, symbols.value, running.value]);

  if (name === null) return <p class="empty">Run the notebook; then each of its streams can be exported.</p>;
  return (
    <div>
      <div class="export-form">
        <select
          class="select"
          aria-label="Stream"
          value={name}
          onChange={event => (exportChoice.value = { ...choice, name: event.currentTarget.value })}
        >
          {streams.map(each => (
            <option key={each.name}>{each.name}</option>
          ))}
        </select>
        <select
          class="select"
          aria-label="Language"
          value={choice.target}
          onChange={event => (exportChoice.value = { name, target: event.currentTarget.value })}
        >
          {exportTargets.value.map(target => (
            <option key={target.name} value={target.name}>
              {target.title}
            </option>
          ))}
        </select>
      </div>
      {answer.value === null ? (
        <p class="hint">Writing…</p>
      ) : (
        <Answer answer={answer.value} shown={shown.value} onShow={index => (shown.value = index)} />
      )}
    </div>
  );
}

const severityWords = { refuse: "Can't be said", warn: "Differs" } as const;

function Answer({
  answer,
  shown,
  onShow,
}: {
  readonly answer: Exported;
  readonly shown: number;
  onShow(index: number): void;
}) {
  const file = answer.files[shown];
  return (
    <>
      {answer.error !== null && (
        <div class="cell-error" role="alert">
          <pre>{answer.error}</pre>
        </div>
      )}
      {answer.obstacles.map((obstacle, index) => (
        <div key={index} class="obstacle" data-severity={obstacle.severity}>
          <span>
            <strong>
              {severityWords[obstacle.severity]} ({obstacle.kind.replace("-", " ")})
            </strong>{" "}
            <span class="code">{obstacle.where}</span>: {obstacle.reason}
          </span>
        </div>
      ))}
      {answer.files.length > 1 && (
        <div class="tabs" role="tablist">
          {answer.files.map((each, index) => (
            <button
              key={each.name}
              type="button"
              role="tab"
              aria-selected={index === shown}
              onClick={() => onShow(index)}
            >
              {each.name}
            </button>
          ))}
        </div>
      )}
      {file !== undefined && (
        <>
          <pre class="export-text scroll" tabIndex={0} aria-label={file.name}>
            {file.text}
          </pre>
          <div class="export-form">
            <button type="button" class="button" data-main onClick={() => void host.saveFiles(answer.files)}>
              Save {answer.files.length === 1 ? file.name : `${answer.files.length} files`}
            </button>
            <button
              type="button"
              class="button"
              onClick={() =>
                void navigator.clipboard.writeText(file.text).then(
                  () => say("Copied"),
                  () => say("The clipboard is not allowed here"),
                )
              }
            >
              Copy
            </button>
          </div>
        </>
      )}
    </>
  );
}
