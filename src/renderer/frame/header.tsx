/** The header: what is open, whether it is saved, and the way to everything else. */
import { modifier } from "../commands/keyboard.ts";
import { Icon } from "../parts/icons.tsx";
import { file, notebook, setTitle, unsaved } from "../state/notebook.ts";
import { save, saving } from "../state/files.ts";
import { inspectorShown, overlay, shownTheme, sidebarShown, theme } from "../state/ui.ts";
import type { Theme } from "../state/ui.ts";
import { ExportMenu } from "./export-menu.tsx";

const nextTheme: Readonly<Record<Theme, Theme>> = {
  system: "light",
  light: "dark",
  dark: "contrast",
  contrast: "system",
};
const themeName: Readonly<Record<Theme, string>> = {
  system: "as the system",
  light: "light",
  dark: "dark",
  contrast: "high contrast",
};

export function Header() {
  return (
    <header class="header">
      <button
        type="button"
        class="icon-button"
        aria-label="Files and outline"
        aria-pressed={sidebarShown.value}
        title="Files and outline"
        onClick={() => (sidebarShown.value = !sidebarShown.value)}
      >
        <Icon name="left" />
      </button>
      <span class="brand" title="Tidemark">
        <Icon name="brand" />
      </span>
      {notebook.value !== null && (
        <>
          <input
            class="title"
            aria-label="Title of the notebook"
            value={notebook.value.title}
            onChange={event => setTitle(event.currentTarget.value)}
            onKeyDown={event => event.key === "Enter" && event.currentTarget.blur()}
          />
          <span class="file">{file.value?.name}</span>
          <Saved />
        </>
      )}
      <span class="grow" />
      <button type="button" class="button" title="All commands" onClick={() => (overlay.value = "palette")}>
        Commands <kbd>{modifier} K</kbd>
      </button>
      <button
        type="button"
        class="icon-button"
        title={`Theme: ${themeName[theme.value]}. Click for ${themeName[nextTheme[theme.value]]}.`}
        aria-label={`Theme: ${themeName[theme.value]}`}
        data-theme-shown={shownTheme.value}
        onClick={() => (theme.value = nextTheme[theme.value])}
      >
        <Icon name="theme" />
      </button>
      <ExportMenu />
      <button
        type="button"
        class="icon-button"
        aria-label="Inspector"
        aria-pressed={inspectorShown.value}
        title="Inspector"
        onClick={() => (inspectorShown.value = !inspectorShown.value)}
      >
        <Icon name="right" />
      </button>
    </header>
  );
}

function Saved() {
  if (saving.value) return <span class="saved">saving…</span>;
  if (!unsaved.value) {
    return (
      <span class="saved" data-saved>
        saved
      </span>
    );
  }
  return (
    <button type="button" class="saved" data-dirty title={`Save (${modifier} S)`} onClick={() => void save(false)}>
      unsaved
    </button>
  );
}
