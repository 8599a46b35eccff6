import { useState } from "react";
import type { ValueSummary } from "../../../../kernel/protocol/variables.ts";
import { sizeOf } from "../../../../src/core/shape.ts";
import { Icon } from "../../parts/Icon.tsx";
import { toggleValue, toggleVariables, useVariables } from "../stores/variables.ts";

const columns = ["name", "type", "shape", "value"] as const;
type Column = (typeof columns)[number];

/** The variables that cells have declared: sorted by any column, searched, and opened to what lies in them. */
export function VariablesPanel() {
  const list = useVariables((state) => state.list);
  const [sorting, setSorting] = useState<{ by: Column; down: boolean } | undefined>(undefined);
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const found = (list ?? []).filter((each) =>
    columns.some((column) => cellText(each, column).toLowerCase().includes(wanted)),
  );
  const sorted = sorting ? [...found].sort((a, b) => (sorting.down ? -1 : 1) * compare(a, b, sorting.by)) : found;
  return (
    <aside className="variables" aria-label="Variables" data-testid="variables">
      <header>
        <h2>Variables</h2>
        <input
          type="search"
          value={search}
          placeholder="Search"
          aria-label="Search variables"
          onChange={(event) => setSearch(event.target.value)}
        />
        <button type="button" className="icon-button small" onClick={toggleVariables} aria-label="Close the variables">
          <Icon name="close" size={14} />
        </button>
      </header>
      {sorted.length === 0 ? (
        <p className="muted variables-none">
          {list === undefined
            ? "Waiting for the kernel…"
            : wanted
              ? "No variable matches."
              : "No cell has declared one yet."}
        </p>
      ) : (
        <div className="variables-list">
          <table>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column} scope="col" aria-sort={sortOf(column, sorting)}>
                    <button type="button" onClick={() => setSorting(nextSorting(column, sorting))}>
                      {column}
                      {sorting?.by === column && (sorting.down ? " ↓" : " ↑")}
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sorted.map((each) => (
                <ValueRows key={each.name} value={each} path={[each.name]} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </aside>
  );
}

/** A value, and below it what lies in it, if it is open. */
function ValueRows({ value, path }: { value: ValueSummary; path: readonly string[] }) {
  const inside = useVariables((state) => state.opened[JSON.stringify(path)]);
  const depth = path.length - 1;
  return (
    <>
      <tr>
        <th scope="row" style={{ paddingLeft: 6 + 14 * depth }}>
          {value.opens ? (
            <button
              type="button"
              className="variable-open"
              aria-expanded={inside !== undefined}
              aria-label={`${inside === undefined ? "Open" : "Close"} ${value.name}`}
              onClick={() => toggleValue(path)}
            >
              <Icon name={inside === undefined ? "right" : "chevron"} size={11} />
            </button>
          ) : (
            <span className="variable-open" />
          )}
          {value.name}
        </th>
        {columns.slice(1).map((column) => (
          <td key={column} title={cellText(value, column)}>
            {cellText(value, column)}
          </td>
        ))}
      </tr>
      {inside !== undefined &&
        inside !== "asked" &&
        inside.properties.map((each, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a map may have two keys of the same text
          <ValueRows key={`${each.name} ${at}`} value={each} path={[...path, each.name]} />
        ))}
      {inside !== undefined && inside !== "asked" && inside.more > 0 && (
        <tr>
          <td colSpan={columns.length} className="muted" style={{ paddingLeft: 34 + 14 * depth }}>
            and {inside.more.toLocaleString("en-US")} more
          </td>
        </tr>
      )}
    </>
  );
}

function cellText({ name, type, shape, dtype, value }: ValueSummary, column: Column): string {
  switch (column) {
    case "name":
      return name;
    case "type":
      return type;
    case "shape":
      return shape ? [shape.join("×") || "scalar", dtype].filter(Boolean).join(" ") : "";
    case "value":
      return value;
  }
}

function compare(a: ValueSummary, b: ValueSummary, by: Column): number {
  const numeric = by === "value" && Number(a.value) - Number(b.value);
  if (typeof numeric === "number" && Number.isFinite(numeric)) return numeric;
  if (by === "shape") return numbersIn(a) - numbersIn(b);
  return cellText(a, by).localeCompare(cellText(b, by), "en", { numeric: true });
}

function numbersIn({ shape }: ValueSummary): number {
  return shape ? sizeOf({ shape }) : -1;
}

type Sorting = { by: Column; down: boolean } | undefined;

function sortOf(column: Column, sorting: Sorting): "ascending" | "descending" | "none" {
  if (sorting?.by !== column) return "none";
  return sorting.down ? "descending" : "ascending";
}

/** Up, then down, then in the order in which they were declared. */
function nextSorting(column: Column, sorting: Sorting): Sorting {
  if (sorting?.by !== column) return { by: column, down: false };
  return sorting.down ? undefined : { by: column, down: true };
}
