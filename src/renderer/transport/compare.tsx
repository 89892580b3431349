/** Two replays side by side, in the transport bar: the pin, and what the two come to. */
import { changeText, countDifferences } from "../../protocol/comparison-words.ts";
import { nextDifference, togglePin } from "../commands/actions.ts";
import { Changes } from "../outputs/compared.tsx";
import { Icon } from "../parts/icons.tsx";
import { writeMany } from "../parts/time.ts";
import { comparison, pinReplay, transport } from "../state/session.ts";

/** Keeps the replay as it is now, to be compared with what comes; or lets it go. */
export function PinButton() {
  const pinned = comparison.value !== null;
  return (
    <button
      type="button"
      class="icon-button pin"
      aria-label="Compare: pin this replay"
      aria-pressed={pinned}
      disabled={!pinned && (transport.value?.start ?? null) === null}
      title={
        pinned
          ? "Let the pinned replay go (P)"
          : "Pin this replay (P): what you change from now on is shown beside it, with the difference"
      }
      onClick={togglePin}
    >
      <Icon name="compare" /> <span class="word">compare</span>
    </button>
  );
}

/** What was changed since the replay was pinned, and how much differs. Above the bar, so that the bar itself stays where it is. */
export function ComparisonLine() {
  const state = comparison.value;
  if (state === null) return null;
  const { differ, of, rows } = countDifferences(state);
  const { dropped, settings } = state;
  return (
    <div class="comparison" role="group" aria-label="Two replays side by side">
      <span
        class="comparison-key"
        title="Kept until you let it go or close the notebook; it is not written into the file"
      >
        <b data-letter="A">A</b> now <b data-letter="B">B</b> pinned
      </span>
      {settings.length === 0 && differ === 0 ? (
        <span class="muted comparison-text">
          Nothing differs yet. Move a slider, edit a cell or disturb the sources: what changes is shown beside what was.
        </span>
      ) : (
        <span class="comparison-text">
          <Changes settings={settings} />
          <span class="comparison-counts">
            {differ === 0
              ? "no output depends on it"
              : `${differ} of ${writeMany(of, "output")} ${differ === 1 ? "depends" : "depend"} on it${rows === 0 ? "" : `, ${writeMany(rows, "row")} ${rows === 1 ? "differs" : "differ"}`}`}
          </span>
          {dropped.now !== dropped.pinned && <span>dropped {changeText(dropped.pinned, dropped.now)}</span>}
        </span>
      )}
      <span class="comparison-tools">
        <button
          type="button"
          class="icon-button"
          disabled={differ === 0}
          title="Go to the next difference (N)"
          onClick={nextDifference}
        >
          next difference
        </button>
        <button
          type="button"
          class="icon-button"
          disabled={settings.length === 0 && differ === 0}
          title="Compare with the replay as it is now instead"
          onClick={() => pinReplay(true)}
        >
          pin again
        </button>
        <button type="button" class="icon-button" title="Let the pinned replay go (P)" onClick={togglePin}>
          unpin
        </button>
      </span>
    </div>
  );
}
