/** A dialog: keeps the focus within, is closed by Escape and by a click beside it, and gives the focus back. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../parts/icons.tsx";
import { overlay } from "../state/ui.ts";

export function Dialog({
  title,
  plain,
  children,
}: {
  readonly title: string;
  /** Without a heading: the content brings its own. */
  readonly plain?: boolean;
  readonly children: ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const first =
      box.current?.querySelector<HTMLElement>("input, [data-first]") ??
      box.current?.querySelector<HTMLElement>("button");
    first?.focus();
    return () => before?.focus?.();
  }, []);
  const keepFocus = (event: KeyboardEvent): void => {
    if (event.key !== "Tab") return;
    const items = [...(box.current?.querySelectorAll<HTMLElement>("button, input, select, a[href]") ?? [])];
    const edge = event.shiftKey ? items[0] : items.at(-1);
    if (document.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? items.at(-1) : items[0])?.focus();
  };
  return (
    <div class="veil" onPointerDown={event => event.target === event.currentTarget && (overlay.value = null)}>
      <div
        class={`dialog${plain ? " palette" : ""}`}
        role="dialog"
        aria-modal="true"
        aria-label={title}
        ref={box}
        onKeyDown={keepFocus}
      >
        {!plain && (
          <header>
            {title}
            <button type="button" class="icon-button" aria-label="Close" onClick={() => (overlay.value = null)}>
              <Icon name="close" />
            </button>
          </header>
        )}
        {children}
      </div>
    </div>
  );
}
