/** An error in its cell: where, what, and the way to the cell that has to be mended. */
import type { CellError } from "../../protocol/session.ts";
import { selectCell } from "../state/ui.ts";

export function ErrorView({ error }: { readonly error: CellError }) {
  const where =
    error.line === null ? null : `line ${error.line}${error.column === null ? "" : `, column ${error.column}`}`;
  return (
    <div class="cell-error" role="alert">
      <pre>
        {where !== null && <span class="where">{where}</span>}
        {error.message}
      </pre>
      {error.cause !== null && (
        <button type="button" onClick={() => selectCell(error.cause!, "command")}>
          Go to the cell that has to be mended
        </button>
      )}
    </div>
  );
}
