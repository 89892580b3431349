/** How far the streams that an edit brought have caught up; stops that, and lets it go on. */
import { useEffect, useState } from "preact/hooks";
import type { TransportState } from "../../protocol/session.ts";
import { Icon } from "../parts/icons.tsx";
import { sendTransport } from "../state/session.ts";

/** Milliseconds that an edit may take before anything is said of it: most take less, and words that flash tell nothing. */
const SOON = 250;

/** Says whether something has lasted long enough to be spoken of. */
export function useLasting(lasts: boolean): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!lasts) {
      setLasting(false);
      return;
    }
    const timer = setTimeout(() => setLasting(true), SOON);
    return () => clearTimeout(timer);
  }, [lasts]);
  return lasts && lasting;
}

export function CatchingUp({ share, held }: NonNullable<TransportState["behind"]>) {
  const percent = `${Math.floor(share * 100)} %`;
  return (
    <span class="catching-up" role="status">
      <span title="Streams that an edit brought work through what has passed; the clock stands still meanwhile.">
        {held ? `stopped at ${percent}` : `catching up ${percent}`}
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label={held ? "Go on catching up" : "Stop catching up"}
        title={held ? "Go on catching up" : "Stop catching up (Esc)"}
        onClick={() => sendTransport({ kind: held ? "resume" : "cancel" })}
      >
        {held ? <Icon name="play" /> : "✕"}
      </button>
    </span>
  );
}
