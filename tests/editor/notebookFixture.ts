import { type Cell, emptyNotebook, newCellId, printNotebook } from "../../kernel/nbformat/notebook.ts";

/** A cell's text, by its type. */
type Written = { code: string } | { markdown: string };

/** A notebook of these cells as a file has it: none has run. */
export function notebookOf(...cells: Written[]): string {
  const written = cells.map((cell): Cell => {
    const common = { id: newCellId(), metadata: {} };
    return "code" in cell
      ? { cell_type: "code", ...common, source: cell.code, outputs: [], execution_count: null }
      : { cell_type: "markdown", ...common, source: cell.markdown };
  });
  return printNotebook({ ...emptyNotebook(), cells: written });
}
