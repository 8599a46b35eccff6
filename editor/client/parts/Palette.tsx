import { useMemo, useState } from "react";
import type { CatalogEntry } from "../../../src/core/catalog.ts";
import { offeredBlocks } from "../graph/connection.ts";
import { useEditor } from "../stores/editor.ts";
import { changeSettings, useSettings } from "../stores/settings.ts";
import { addBlockSomewhere, dragBlock } from "./addBlock.ts";
import { Icon } from "./Icon.tsx";

const order = ["Data", "Vision", "Fusion", "Language", "Loss", "Action", "Tensor"];

/** All entries of the catalog, to be dragged onto the canvas or clicked. */
export function Palette() {
  const open = useSettings((settings) => settings.palette);
  const catalog = useEditor((editor) => editor.catalog);
  const [query, setQuery] = useState("");
  const graph = useEditor((editor) => editor.graph);
  const isInside = graph.inputs !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is in the graph does not change what is offered
  const groups = useMemo(() => group(offeredBlocks(graph, catalog), query), [isInside, catalog, query]);
  if (!open) {
    return (
      <button
        type="button"
        className="palette-closed floating"
        onClick={() => changeSettings({ palette: true })}
        title="Blocks (Ctrl+B)"
        aria-label="Show the palette"
      >
        <Icon name="plus" />
        <span>Blocks</span>
      </button>
    );
  }
  return (
    <aside className="palette floating" aria-label="Blocks">
      <div className="search">
        <Icon name="search" size={14} />
        <input
          type="search"
          placeholder="Search blocks"
          aria-label="Search blocks"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            const first = groups[0]?.entries[0];
            if (event.key === "Enter" && first) addBlockSomewhere(first.name);
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        <button
          type="button"
          className="icon-button small"
          onClick={() => changeSettings({ palette: false })}
          aria-label="Hide the palette"
          title="Hide (Ctrl+B)"
        >
          <Icon name="left" size={14} />
        </button>
      </div>
      <div className="palette-list">
        {groups.map(({ category, entries }) => (
          <section key={category}>
            <h2>{category}</h2>
            {entries.map((entry) => (
              <PaletteItem key={entry.name} entry={entry} />
            ))}
          </section>
        ))}
        {groups.length === 0 && <p className="muted palette-none">No block is called “{query}”.</p>}
      </div>
      <div className="legend">
        <span className="legend-item">
          <i data-tone="frozen" /> frozen, pretrained
        </span>
        <span className="legend-item">
          <i data-tone="trained" /> new, trained
        </span>
        <span className="legend-item">
          <i data-tone="both" /> both
        </span>
      </div>
    </aside>
  );
}

function PaletteItem({ entry }: { entry: CatalogEntry }) {
  return (
    <button
      type="button"
      className="palette-item"
      draggable
      onDragStart={(event) => dragBlock(event.dataTransfer, entry.name)}
      onClick={() => addBlockSomewhere(entry.name)}
      title={`${entry.summary}${entry.paper ? `\n${entry.paper}` : ""}`}
      data-block={entry.name}
    >
      {entry.title}
    </button>
  );
}

function group(offered: readonly CatalogEntry[], query: string): { category: string; entries: CatalogEntry[] }[] {
  const wanted = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found = offered.filter((entry) => {
    const text = `${entry.title} ${entry.name} ${entry.category} ${entry.summary}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  const rank = (category: string) => (order.indexOf(category) + order.length + 1) % (order.length + 1);
  const categories = [...new Set(found.map((entry) => entry.category as string))].sort((a, b) => rank(a) - rank(b));
  return categories.map((category) => ({ category, entries: found.filter((entry) => entry.category === category) }));
}
