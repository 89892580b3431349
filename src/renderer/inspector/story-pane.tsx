/** The story of one row, pane or window, in sentences with numbers. */
import { writeInstant } from "../parts/time.ts";
import { story } from "../state/story.ts";
import { zone } from "../state/ui.ts";

export function StoryPane() {
  const told = story.value;
  if (told === null)
    return <p class="empty">Click a row of a table, or a mark of a chart, to see how it came to be.</p>;
  return (
    <div class="story">
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
          {told.lines.slice(0, 12).map((each, index) => (
            <>
              {index > 0 && ", "}
              <span key={index} class="code">
                {each.file}:{each.line}
              </span>
            </>
          ))}
          {told.lines.length > 12 && `, and ${told.lines.length - 12} more`}
        </p>
      )}
      <dl class="facts-list">
        {told.values.map(({ name, type, value }) => (
          <>
            <dt key={name}>{name}</dt>
            <dd>{writeValue(type, value, zone.value)}</dd>
          </>
        ))}
      </dl>
    </div>
  );
}

function writeValue(type: string, value: unknown, inZone: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (type === "timestamp") return writeInstant(value as number, inZone);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
