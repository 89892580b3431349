/** The export menu: each stream in each language, and the notebook's own file. */
import { host } from "../connection/host.ts";
import { Icon } from "../parts/icons.tsx";
import { file, notebook, text } from "../state/notebook.ts";
import { exportTargets, symbols } from "../state/session.ts";
import { exportChoice, inspectorShown, inspectorTab } from "../state/ui.ts";
import { Menu } from "./menu.tsx";

export function ExportMenu() {
  return (
    <Menu
      disabled={notebook.value === null}
      label={
        <>
          Export <Icon name="down" />
        </>
      }
    >
      {close => (
        <>
          {symbols.value
            .filter(symbol => symbol.kind === "stream")
            .map(symbol => (
              <div key={symbol.name}>
                <h3 class="code">{symbol.name}</h3>
                {exportTargets.value.map(target => (
                  <button
                    key={target.name}
                    type="button"
                    role="menuitem"
                    onClick={() => {
                      exportChoice.value = { name: symbol.name, target: target.name };
                      inspectorTab.value = "export";
                      inspectorShown.value = true;
                      close();
                    }}
                  >
                    {target.title}
                  </button>
                ))}
              </div>
            ))}
          {symbols.value.every(symbol => symbol.kind !== "stream") && (
            <button type="button" disabled>
              No stream yet: run the notebook first
            </button>
          )}
          <h3>Notebook</h3>
          <button
            type="button"
            role="menuitem"
            onClick={() => {
              void host.saveFiles([{ name: file.peek()?.name ?? "notebook.html", text: text.peek() }]);
              close();
            }}
          >
            A copy of the file (.html)
          </button>
        </>
      )}
    </Menu>
  );
}
