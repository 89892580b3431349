/** How an editor looks: every value comes from tokens.css, so the editors follow the theme by themselves. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export const editorTheme = [
  EditorView.theme({
    "&": { backgroundColor: "transparent", color: "var(--ink)", fontSize: "var(--text-2)" },
    "&.cm-focused": { outline: "none" },
    ".cm-content": { fontFamily: "var(--face-code)", lineHeight: "1.6", padding: "8px 0", caretColor: "var(--ink)" },
    ".cm-line": { padding: "0 var(--space-3)" },
    ".cm-scroller": { fontFamily: "var(--face-code)", overflowX: "auto" },
    ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "1.6px" },
    ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
      backgroundColor: "var(--selection)",
    },
    ".cm-activeLine": { backgroundColor: "transparent" },
    ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
      backgroundColor: "var(--selection)",
      outline: "none",
    },
    ".cm-gutters": { backgroundColor: "transparent", border: "0", color: "var(--ink-3)" },
    ".cm-gutter-lint": { width: "12px" },
    ".cm-gutter-lint .cm-gutterElement": { padding: "4px 0 0 3px" },
    ".cm-lint-marker": { width: "9px", height: "9px" },
    ".cm-lintRange-error": {
      backgroundImage: "none",
      textDecoration: "underline wavy var(--error) 1px",
      textUnderlineOffset: "3px",
    },
    ".cm-tooltip": {
      border: "1px solid var(--rule)",
      borderRadius: "var(--radius-2)",
      backgroundColor: "var(--raised)",
      boxShadow: "var(--shadow)",
      color: "var(--ink)",
      overflow: "hidden",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--face-code)", fontSize: "var(--text-2)" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 10px" },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--selection)", color: "var(--ink)" },
    ".cm-completionDetail": { color: "var(--ink-3)", fontStyle: "normal", marginLeft: "1.2em" },
    ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
    ".cm-completionIcon": { display: "none" },
    ".cm-diagnostic": { padding: "6px 10px", fontFamily: "var(--face-text)", fontSize: "var(--text-2)" },
    ".cm-diagnostic-error": { borderLeft: "3px solid var(--error)" },
    ".cm-placeholder": { color: "var(--ink-3)" },
    ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)", borderColor: "var(--rule)" },
    ".cm-searchMatch": { backgroundColor: "var(--time-late-paper)" },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.bool, tags.null], color: "var(--code-keyword)" },
      { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--code-string)" },
      { tag: [tags.number], color: "var(--code-number)" },
      { tag: [tags.comment, tags.meta], color: "var(--code-comment)", fontStyle: "italic" },
      { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: "var(--code-function)" },
      { tag: [tags.typeName, tags.className, tags.namespace], color: "var(--code-type)" },
      { tag: [tags.heading], fontWeight: "650" },
      { tag: [tags.emphasis], fontStyle: "italic" },
      { tag: [tags.strong], fontWeight: "650" },
      { tag: [tags.link, tags.url], color: "var(--accent)" },
      { tag: [tags.processingInstruction, tags.monospace], color: "var(--code-comment)" },
    ]),
  ),
];
