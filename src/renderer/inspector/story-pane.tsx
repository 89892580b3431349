/** The story of one row, pane or window, in sentences with numbers. */
import { writeInstant } from "../parts/time.ts";
import { showLine, showStoryBefore, story } from "../state/story.ts";
import type { Story } from "../state/story.ts";
import { zone } from "../state/ui.ts";

/** Lines of data files that are named before the others are counted. */
const SHOWN = 12;

export function StoryPane() {
  const told = story.value;
  if (told === null)
    return <p class="empty">Click a row of a table, or a mark of a chart, to see how it came to be.</p>;
  // What the story says and what stands below it must agree, so the values are written in the story's zone.
  const written = told.zone ?? zone.value;
  const timed = told.values.some(({ type }) => type === "timestamp");
  return (
    <div class="story">
      {told.from !== null && (
        <button type="button" class="story-back" onClick={showStoryBefore}>
          ← {told.from.title}
        </button>
      )}
      <h3 style={{ fontSize: "var(--text-3)", marginBottom: "8px" }}>
        {told.title}
        {told.name !== null && (
          <>
            {" "}
            of <span class="code">{told.name}</span>
          </>
        )}
      </h3>
      {told.sentences === null ? (
        <p class="hint">Asking…</p>
      ) : (
        told.sentences.map((sentence, index) => <p key={index}>{sentence}</p>)
      )}
      {told.lines.length > 0 && (
        <p class="hint">
          Source:{" "}
          {byFile(told.lines.slice(0, SHOWN)).map(([file, lines], index) => (
            <span key={file}>
              {index > 0 && "; "}
              <span class="code">{file}</span> {lines.length === 1 ? "line" : "lines"}{" "}
              {lines.map((line, place) => (
                <span key={line}>
                  {place > 0 && ", "}
                  <button
                    type="button"
                    class="line-link code"
                    title={`The row of line ${line} of ${file}`}
                    onClick={() => showLine(told, file, line)}
                  >
                    {line}
                  </button>
                </span>
              ))}
            </span>
          ))}
          {told.lines.length > SHOWN && `, and ${told.lines.length - SHOWN} more`}
        </p>
      )}
      {told.values.length > 0 && (
        <dl class="facts-list">
          {told.values.map(({ name, type, value }) => (
            <>
              <dt key={name}>{name}</dt>
              <dd>{writeValue(type, value, written)}</dd>
            </>
          ))}
        </dl>
      )}
      {(timed || told.zone !== null) && <p class="hint story-zone">Times in {written}.</p>}
    </div>
  );
}

function byFile(lines: Story["lines"]): [string, number[]][] {
  return [...Map.groupBy(lines, each => each.file)].map(([file, own]) => [file, own.map(each => each.line)]);
}

function writeValue(type: string, value: unknown, inZone: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (type === "timestamp") return writeInstant(value as number, inZone);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
