/** The sidebar: notebooks, outline, sources, symbols, and the bin. */
import type { ComponentChildren } from "preact";
import { restore } from "../commands/actions.ts";
import { host } from "../connection/host.ts";
import { kindOf } from "../../notebook/document.ts";
import type { CellSource } from "../../notebook/document.ts";
import { writeCount, writeSize } from "../parts/time.ts";
import { entries, openEntry, openOther } from "../state/files.ts";
import { bin, file, notebook } from "../state/notebook.ts";
import { cellState, graph, symbols } from "../state/session.ts";
import { inspectorShown, inspectorTab, overlay, selectCell, selectedCell, selectedNode } from "../state/ui.ts";

export function Sidebar() {
  return (
    <nav class="sidebar scroll" aria-label="Notebook">
      <Files />
      <Outline />
      <Sources />
      <Symbols />
      <Bin />
    </nav>
  );
}

function Section({ title, count, children }: { title: string; count?: number; children: ComponentChildren }) {
  return (
    <section>
      <details open>
        <summary>
          {title}
          {count !== undefined && <span class="count figure">{count}</span>}
        </summary>
        {children}
      </details>
    </section>
  );
}

function Files() {
  return (
    <Section title="Notebooks" count={entries.value.length}>
      <ul>
        {entries.value.map(entry => (
          <li key={entry.handle}>
            <button
              type="button"
              class="entry"
              aria-current={entry.handle === file.value?.handle}
              title={entry.name}
              onClick={() => entry.handle !== file.peek()?.handle && void openEntry(entry)}
            >
              <span>{entry.handle === file.value?.handle ? (notebook.value?.title ?? entry.title) : entry.title}</span>
            </button>
          </li>
        ))}
        {host.kind === "desktop" && (
          <li>
            <button type="button" class="entry" onClick={() => void openOther()}>
              <span>Open…</span>
            </button>
          </li>
        )}
        <li>
          <button type="button" class="entry" onClick={() => (overlay.value = "new")}>
            <span>New notebook…</span>
          </button>
        </li>
      </ul>
    </Section>
  );
}

/** The headings of the Markdown cells, indented by their level. */
function headings(cells: readonly CellSource[]): { id: number; level: number; words: string }[] {
  const found: { id: number; level: number; words: string }[] = [];
  for (const cell of cells) {
    if (kindOf(cell.type) !== "markdown") continue;
    for (const match of cell.source.matchAll(/^(#{1,3})\s+(.+)$/gm)) {
      found.push({ id: cell.id, level: match[1].length, words: match[2].replace(/[*_`#]/g, "").trim() });
    }
  }
  return found;
}

function Outline() {
  const list = headings(notebook.value?.cells ?? []);
  return (
    <Section title="Outline">
      {list.length === 0 && <p class="empty">Headings of Markdown cells appear here.</p>}
      <ul>
        {list.map(({ id, level, words }, index) => (
          <li key={index}>
            <button
              type="button"
              class="entry"
              aria-current={selectedCell.value === id}
              style={{ paddingLeft: `${6 + level * 10}px` }}
              title={words}
              onClick={() => selectCell(id, "command")}
            >
              <span>{words}</span>
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Sources() {
  const roots = graph.value.filter(node => node.inputs.length === 0);
  // Charts may read a source in ways of their own; those that cells name are meant.
  const named = roots.filter(node => node.names.length > 0);
  const sources = named.length > 0 ? named : roots;
  const files = file.value?.files ?? [];
  const texts = notebook.value?.cells.map(cell => cell.source) ?? [];
  const used = files.filter(each => texts.some(text => text.includes(each.name)));
  const others = files.filter(each => !used.includes(each));
  return (
    <Section title="Sources">
      <ul>
        {sources.map(node => (
          <li key={node.id}>
            <button
              type="button"
              class="entry"
              onClick={() => {
                selectedNode.value = node.id;
                inspectorTab.value = "flow";
                inspectorShown.value = true;
              }}
            >
              <span class="code">{node.names[0] ?? node.label}</span>
              <span class="aside figure">{writeCount(node.rows)} rows</span>
            </button>
          </li>
        ))}
        {used.map(each => (
          <DataFile key={each.name} name={each.name} size={each.size} />
        ))}
      </ul>
      {others.length > 0 && (
        <details class="more">
          <summary>
            {others.length} more {others.length === 1 ? "file" : "files"}
          </summary>
          <ul>
            {others.map(each => (
              <DataFile key={each.name} name={each.name} size={each.size} />
            ))}
          </ul>
        </details>
      )}
      {sources.length + files.length === 0 && (
        <p class="empty">Put a log beside the notebook or in a folder named samples.</p>
      )}
    </Section>
  );
}

function DataFile({ name, size }: { readonly name: string; readonly size: number }) {
  return (
    <li class="entry" title={`${name}: read it with source(${JSON.stringify(name)})`}>
      <span>{name}</span>
      <span class="aside figure">{writeSize(size)}</span>
    </li>
  );
}

function Symbols() {
  const list = symbols.value;
  return (
    <Section title="Symbols" count={list.length}>
      <ul>
        {list.map(symbol => (
          <li key={symbol.name}>
            <button
              type="button"
              class="entry"
              title={symbol.preview}
              onClick={() => selectCell(symbol.cell, "command")}
            >
              <span class="code">{symbol.name}</span>
              <span class="aside">{cellState(symbol.cell).value?.error ? "error" : symbol.kind}</span>
            </button>
          </li>
        ))}
      </ul>
      {list.length === 0 && <p class="empty">Names that cells define appear here once they run.</p>}
    </Section>
  );
}

function Bin() {
  if (bin.value.length === 0) return null;
  return (
    <Section title="Bin" count={bin.value.length}>
      <ul>
        {bin.value.map(binned => (
          <li key={binned.cell.id}>
            <button type="button" class="entry" title="Put it back" onClick={() => restore(binned)}>
              <span class="code">{binned.cell.source.trim().split("\n")[0] || "(empty cell)"}</span>
              <span class="aside">restore</span>
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
