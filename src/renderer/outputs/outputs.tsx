/** What came of a cell: each output in its own form, the error, or why there is nothing. */
import type { CellKind, CellSource } from "../../notebook/document.ts";
import type { CellOutput } from "../../protocol/session.ts";
import { cellState, trusted } from "../state/session.ts";
import { Compared } from "./compared.tsx";
import { ErrorView } from "./error-view.tsx";
import { HtmlView } from "./html-view.tsx";
import { InputView } from "./input-view.tsx";
import { InspectedView } from "./inspected-view.tsx";
import { MarkdownText } from "./markdown-text.tsx";
import { TableView } from "./table-view.tsx";

export function Outputs({ cell, kind }: { readonly cell: CellSource; readonly kind: CellKind }) {
  const state = cellState(cell.id).value;
  if (!trusted.value && (kind === "typescript" || kind === "sql")) {
    return (
      <div class="outputs">
        <p class="not-run">Not run yet: you have not said that you trust this notebook.</p>
      </div>
    );
  }
  if (state === null) return null;
  const stale = state.status === "stale" || state.status === "blocked";
  return (
    <div class="outputs" data-stale={stale ? "" : undefined}>
      {state.error !== null && <ErrorView error={state.error} />}
      {stale && state.outputs.length > 0 && <span class="stale-mark">from an earlier run</span>}
      {state.outputs.map((output, index) => (
        <OutputView key={keyOf(output, index)} cell={cell.id} output={output} />
      ))}
    </div>
  );
}

/** Outputs that stay the same thing over a run keep their elements, and with them scroll position and focus. */
function keyOf(output: CellOutput, index: number): string {
  return "view" in output ? output.view : `${output.kind}${index}`;
}

function OutputView({ cell, output }: { readonly cell: number; readonly output: CellOutput }) {
  switch (output.kind) {
    case "stream":
    case "chart":
      return <Compared cell={cell} output={output} />;
    case "table":
      return <TableView view={output.view} name={output.name} plain />;
    case "input":
      return <InputView cell={cell} index={output.index} control={output.control} />;
    case "markdown":
      return <MarkdownText text={output.text} />;
    case "value":
      return <InspectedView name={output.name} value={output.value} />;
    case "html":
      return <HtmlView html={output.html} />;
  }
}
