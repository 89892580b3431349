/** One cell's editor: CodeMirror with the language of the cell, the notebook's completions and the cell's error. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript, localCompletionSource } from "@codemirror/lang-javascript";
import { markdown } from "@codemirror/lang-markdown";
import { sql } from "@codemirror/lang-sql";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import type { Extension } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import type { CellKind } from "../../notebook/document.ts";
import type { CellError } from "../../protocol/session.ts";
import { completeFromNotebook } from "./completion.ts";
import { hangingIndent } from "./hanging-indent.ts";
import { editorTheme } from "./theme.ts";

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly kind: CellKind;
  readonly source: string;
  readonly label: string;
  readonly readOnly: boolean;
  onChange(source: string): void;
  onFocus(): void;
}

function languageOf(kind: CellKind): Extension {
  if (kind === "markdown") return markdown();
  if (kind === "sql") return sql();
  if (kind !== "typescript") return [];
  return [
    javascript({ typescript: true }),
    autocompletion({ override: [completeFromNotebook, localCompletionSource], icons: false }),
    lintGutter(),
  ];
}

const placeholders: Readonly<Partial<Record<CellKind, string>>> = {
  typescript: "const payments = source(…)   Shift-Enter runs the cell",
  markdown: "# Words about what follows",
};

/** Makes an editor in `parent`. The caller destroys it. */
export function createEditor(options: EditorOptions): EditorView {
  return new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.source,
      extensions: [
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        highlightSelectionMatches(),
        languageOf(options.kind),
        EditorView.lineWrapping,
        options.kind === "markdown" ? [] : hangingIndent,
        placeholder(placeholders[options.kind] ?? ""),
        EditorState.tabSize.of(2),
        EditorState.readOnly.of(options.readOnly),
        EditorView.contentAttributes.of({ "aria-label": options.label, spellcheck: "false" }),
        keymap.of([
          ...closeBracketsKeymap,
          ...defaultKeymap.filter(each => each.key !== "Mod-Enter" && each.key !== "Shift-Mod-k"),
          ...searchKeymap,
          ...historyKeymap,
          ...completionKeymap,
          indentWithTab,
        ]),
        EditorView.updateListener.of(update => {
          if (update.docChanged) options.onChange(update.state.doc.toString());
          if (update.focusChanged && update.view.hasFocus) options.onFocus();
        }),
        editorTheme,
      ],
    }),
  });
}

/** Shows another text, when it was changed elsewhere (an undo, another file). */
export function showSource(view: EditorView, source: string): void {
  if (view.state.doc.toString() === source) return;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: source } });
}

/** Marks the place of an error, or takes the mark away. */
export function showError(view: EditorView, error: CellError | null): void {
  if (error === null || error.line === null || error.line < 1 || error.line > view.state.doc.lines) {
    view.dispatch(setDiagnostics(view.state, []));
    return;
  }
  const line = view.state.doc.line(error.line);
  const from = Math.min(line.from + Math.max((error.column ?? 1) - 1, 0), line.to);
  const word = view.state.wordAt(from);
  const to = word !== null && word.from >= from ? word.to : Math.min(Math.max(from + 1, line.to), line.to);
  view.dispatch(setDiagnostics(view.state, [{ from, to, severity: "error", message: error.message }]));
}
