/** The symbol table: every name that a cell defines, what it is, and the columns of streams. */
import { symbols } from "../state/session.ts";
import { selectCell } from "../state/ui.ts";

export function SymbolsPane() {
  if (symbols.value.length === 0)
    return <p class="empty">Names that cells define appear here once the notebook runs.</p>;
  return (
    <table class="plain-table">
      <thead>
        <tr>
          <th>name</th>
          <th>what it is</th>
        </tr>
      </thead>
      <tbody>
        {symbols.value.map(symbol => (
          <tr key={symbol.name}>
            <td>
              <button
                type="button"
                class="code"
                style={{ color: "var(--accent)" }}
                onClick={() => selectCell(symbol.cell, "command")}
              >
                {symbol.name}
              </button>
            </td>
            <td>
              {symbol.columns.length === 0 ? (
                <span class="code">{symbol.preview}</span>
              ) : (
                <details>
                  <summary>
                    {symbol.kind}, {symbol.columns.length} columns
                  </summary>
                  <dl class="facts-list">
                    {symbol.columns.map(column => (
                      <>
                        <dt key={column.name} class="code">
                          {column.name}
                        </dt>
                        <dd class="hint">{column.type}</dd>
                      </>
                    ))}
                  </dl>
                </details>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
