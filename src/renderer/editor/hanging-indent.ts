/** Lets a long line go on further in than it began, so that a wrapped call doesn't look like a statement of its own. */
import { RangeSetBuilder } from "@codemirror/state";
import { Decoration, ViewPlugin } from "@codemirror/view";
import type { DecorationSet, EditorView, ViewUpdate } from "@codemirror/view";

/** How much further, in letters. */
const further = 4;
const marks = new Map<number, Decoration>();

function markFor(indent: number): Decoration {
  let mark = marks.get(indent);
  if (mark === undefined) {
    const letters = indent + further;
    mark = Decoration.line({
      attributes: { style: `text-indent: -${letters}ch; padding-left: calc(var(--space-3) + ${letters}ch)` },
    });
    marks.set(indent, mark);
  }
  return mark;
}

function indents(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      const indent = /^ */.exec(line.text)?.[0].length ?? 0;
      builder.add(line.from, line.from, markFor(Math.min(indent, 40)));
      at = line.to + 1;
    }
  }
  return builder.finish();
}

export const hangingIndent = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = indents(view);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.decorations = indents(update.view);
    }
  },
  { decorations: plugin => plugin.decorations },
);
