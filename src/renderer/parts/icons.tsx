/** The app's icons, drawn on a grid of 16, in the colour of the text around them. */
import type { JSX } from "preact";

const shapes = {
  play: <path d="M5 3.2v9.6L12.8 8z" fill="currentColor" />,
  pause: <path d="M4.5 3h2.4v10H4.5zM9.1 3h2.4v10H9.1z" fill="currentColor" />,
  restart: (
    <path
      d="M3.5 3v10M13 3.4v9.2L5.8 8z"
      fill="currentColor"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linejoin="round"
    />
  ),
  end: (
    <path
      d="M12.5 3v10M3 3.4v9.2L10.2 8z"
      fill="currentColor"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linejoin="round"
    />
  ),
  step: (
    <path
      d="M3.5 3.6v8.8L9.8 8zM12.2 3.2v9.6"
      fill="currentColor"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linejoin="round"
    />
  ),
  theme: (
    <>
      <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" stroke-width="1.4" />
      <path d="M8 2.4a5.6 5.6 0 0 1 0 11.2z" fill="currentColor" />
    </>
  ),
  down: <path d="M4 6.2 8 10l4-3.8" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" />,
  close: <path d="m4 4 8 8M12 4l-8 8" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" />,
  left: (
    <path
      d="M2.7 3.2h10.6v9.6H2.7zM6.4 3.2v9.6"
      fill="none"
      stroke="currentColor"
      stroke-width="1.3"
      stroke-linejoin="round"
    />
  ),
  right: (
    <path
      d="M2.7 3.2h10.6v9.6H2.7zM9.6 3.2v9.6"
      fill="none"
      stroke="currentColor"
      stroke-width="1.3"
      stroke-linejoin="round"
    />
  ),
  bin: (
    <path
      d="M3 4.4h10M6.4 4.2V2.7h3.2v1.5M4.4 4.6l.6 8.7h6l.6-8.7"
      fill="none"
      stroke="currentColor"
      stroke-width="1.3"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  ),
  up: <path d="M8 13V3.4M4 7.2l4-4 4 4" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" />,
  lower: (
    <path d="M8 3v9.6M4 8.8l4 4 4-4" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" />
  ),
  fold: <path d="M3 5.2h10M3 8h6M3 10.8h10" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" />,
  freeze: (
    <path d="M8 2v12M2.8 5l10.4 6M13.2 5 2.8 11" stroke="currentColor" stroke-width="1.3" stroke-linecap="round" />
  ),
  compare: (
    <>
      <path
        d="M1.8 3h5.6v10H1.8z"
        fill="currentColor"
        stroke="currentColor"
        stroke-width="1.3"
        stroke-linejoin="round"
      />
      <path
        d="M9.6 3h4.6v10H9.6z"
        fill="none"
        stroke="currentColor"
        stroke-width="1.3"
        stroke-linejoin="round"
        stroke-dasharray="2 1.5"
      />
    </>
  ),
  back: <path d="M10.6 3.6v8.8L4.6 8z" fill="currentColor" />,
  forth: <path d="M5.4 3.6v8.8l6-4.4z" fill="currentColor" />,
  brand: (
    <>
      <path
        d="M1.5 10.5c1.6 0 1.6-1.6 3.25-1.6S6.4 10.5 8 10.5s1.6-1.6 3.25-1.6 1.65 1.6 3.25 1.6"
        fill="none"
        stroke="currentColor"
        stroke-width="1.7"
        stroke-linecap="round"
      />
      <path
        d="M1.5 5.4h13"
        stroke="currentColor"
        stroke-width="1.7"
        stroke-linecap="round"
        stroke-dasharray="0.1 3.2"
      />
    </>
  ),
} satisfies Record<string, JSX.Element>;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      {shapes[name]}
    </svg>
  );
}
