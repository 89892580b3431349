/** Markup that a cell made, sanitised and in a shadow tree of its own, so that its styles stay with it. */
import DOMPurify from "dompurify";
import { useEffect, useRef } from "preact/hooks";
import { followLink } from "./markdown-text.tsx";

const purify = DOMPurify(window);

export function HtmlView({ html }: { readonly html: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current!;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    const clean = purify.sanitize(html, {
      USE_PROFILES: { html: true, svg: true, svgFilters: true },
      FORBID_TAGS: ["form", "input", "button", "textarea", "select", "iframe", "object", "embed", "dialog"],
      RETURN_DOM_FRAGMENT: true,
    });
    root.replaceChildren(clean);
  }, [html]);
  return <div class="shadow-output" ref={place} onClick={followLink} />;
}
