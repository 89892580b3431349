/** Markdown as rich text. It is always sanitised, also in a trusted notebook: it shares the page with the app's own controls. */
import DOMPurify from "dompurify";
import { marked } from "marked";
import { useMemo } from "preact/hooks";
import { host } from "../connection/host.ts";

const purify = DOMPurify(window);

/** Renders Markdown to HTML that holds no script, no style, no form and no handler. */
export function renderMarkdown(text: string): string {
  const html = marked.parse(text, { async: false, gfm: true });
  return purify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "iframe", "object", "embed", "dialog"],
    FORBID_ATTR: ["style", "class", "id", "name"],
  });
}

export function MarkdownText({ text }: { readonly text: string }) {
  const html = useMemo(() => renderMarkdown(text), [text]);
  return <div class="prose" onClick={followLink} dangerouslySetInnerHTML={{ __html: html }} />;
}

/** Links leave the app: the page itself never goes anywhere. */
export function followLink(event: MouseEvent): void {
  const path = event.composedPath();
  const link = path.find((each): each is HTMLAnchorElement => each instanceof HTMLAnchorElement);
  const target = link?.getAttribute("href");
  if (target === null || target === undefined) return;
  event.preventDefault();
  if (/^(?:https?|mailto):/i.test(target)) void host.openExternal(target);
}
