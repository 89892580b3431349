/** All keys, by where they work. */
import { shortcuts } from "../commands/keyboard.ts";
import { Dialog } from "./dialog.tsx";

export function ShortcutsHelp() {
  return (
    <Dialog title="Keys">
      <div class="content shortcuts scroll">
        {shortcuts.map(({ group, list }) => (
          <>
            <h3 key={group}>{group}</h3>
            {list.map(({ keys, does }) => (
              <div key={does}>
                <span>{does}</span>
                <span>
                  {keys.map((key, index) => (
                    <>
                      {index > 0 && " "}
                      <kbd>{key}</kbd>
                    </>
                  ))}
                </span>
              </div>
            ))}
          </>
        ))}
      </div>
    </Dialog>
  );
}
