/** The sign of a timing: a shape and a colour together, so that neither has to be told from the other alone. */

const words: Readonly<Record<string, Timing>> = {
  early: "early",
  "on-time": "on-time",
  ontime: "on-time",
  on_time: "on-time",
  late: "late",
  dropped: "dropped",
};

export type Timing = "early" | "on-time" | "late" | "dropped";

/** Reads a timing however a table spells it; null when it is none. */
export function timingOf(value: unknown): Timing | null {
  return typeof value === "string" ? (words[value.trim().toLowerCase().replace(/\s+/g, "-")] ?? null) : null;
}

const shapes = {
  early: <circle cx="5" cy="5" r="3.4" fill="none" stroke="currentColor" stroke-width="1.5" />,
  "on-time": <circle cx="5" cy="5" r="3.8" fill="currentColor" />,
  late: <path d="M5 0.6 9.4 5 5 9.4 0.6 5z" fill="currentColor" />,
  dropped: <path d="m1.4 1.4 7.2 7.2m0-7.2-7.2 7.2" stroke="currentColor" stroke-width="2" />,
} as const;

/** Shows a timing with its word, or with `text` (a count, say) in the word's place. */
export function TimingBadge({ timing, text, bare }: { timing: Timing; text?: string; bare?: boolean }) {
  return (
    <span class="timing figure" data-timing={timing} data-bare={bare ? "" : undefined}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        {shapes[timing]}
      </svg>
      {text ?? timing.replace("-", " ")}
    </span>
  );
}
