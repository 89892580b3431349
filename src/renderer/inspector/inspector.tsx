/** The inspector at the right: the flow of the running pipeline, symbols, a row's story, the export preview. */
import { inspectorTab } from "../state/ui.ts";
import type { InspectorTab } from "../state/ui.ts";
import { ExportPane } from "./export-pane.tsx";
import { FlowPane } from "./flow-pane.tsx";
import { StoryPane } from "./story-pane.tsx";
import { SymbolsPane } from "./symbols-pane.tsx";

const tabs: readonly { id: InspectorTab; label: string }[] = [
  { id: "flow", label: "Flow" },
  { id: "story", label: "Story" },
  { id: "symbols", label: "Symbols" },
  { id: "export", label: "Export" },
];

export function Inspector() {
  const move = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const at = tabs.findIndex(tab => tab.id === inspectorTab.value);
    inspectorTab.value = tabs[(at + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length].id;
    (event.currentTarget as HTMLElement)
      .querySelectorAll("button")
      [tabs.findIndex(tab => tab.id === inspectorTab.value)]?.focus();
  };
  return (
    <aside class="inspector" aria-label="Inspector">
      <div class="tabs" role="tablist" onKeyDown={move}>
        {tabs.map(tab => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`tab-${tab.id}`}
            aria-selected={inspectorTab.value === tab.id}
            aria-controls="inspector-pane"
            tabIndex={inspectorTab.value === tab.id ? 0 : -1}
            onClick={() => (inspectorTab.value = tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div class="pane scroll" role="tabpanel" id="inspector-pane" aria-labelledby={`tab-${inspectorTab.value}`}>
        {inspectorTab.value === "flow" && <FlowPane />}
        {inspectorTab.value === "story" && <StoryPane />}
        {inspectorTab.value === "symbols" && <SymbolsPane />}
        {inspectorTab.value === "export" && <ExportPane />}
      </div>
    </aside>
  );
}
