/** A button with a menu under it, closed by Escape, by a click elsewhere, and by leaving it. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Menu({
  label,
  disabled,
  children,
}: {
  readonly label: ComponentChildren;
  readonly disabled?: boolean;
  children(close: () => void): ComponentChildren;
}) {
  const open = useSignal(false);
  const anchor = useRef<HTMLDivElement>(null);
  const close = (): void => {
    open.value = false;
  };
  useEffect(() => {
    if (!open.value) return;
    const outside = (event: Event): void => {
      if (!anchor.current?.contains(event.target as Node)) close();
    };
    addEventListener("pointerdown", outside, true);
    return () => removeEventListener("pointerdown", outside, true);
  }, [open.value]);
  const move = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      close();
      anchor.current?.querySelector("button")?.focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const items = [...(anchor.current?.querySelectorAll<HTMLElement>(".menu button:not(:disabled)") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    items.at(event.key === "ArrowDown" ? (at + 1) % items.length : at <= 0 ? -1 : at - 1)?.focus();
  };
  return (
    <div class="menu-anchor" ref={anchor} onKeyDown={move}>
      <button
        type="button"
        class="button"
        aria-haspopup="menu"
        aria-expanded={open.value}
        disabled={disabled}
        onClick={() => (open.value = !open.value)}
      >
        {label}
      </button>
      {open.value && (
        <div class="menu scroll" role="menu">
          {children(close)}
        </div>
      )}
    </div>
  );
}
