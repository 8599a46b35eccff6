import { createRequire } from "node:module";
import { currentCell } from "../cell/cell.ts";

/** Through this variable tslab's `display` writes. */
interface TslabJupyter {
  lastWriteDisplayData:
    | ((content: { data: Record<string, unknown>; transient: { display_id?: string } }, update: boolean) => void)
    | null;
}

/** tslab as cells import it, `import { display } from "tslab"`: what it shows is shown by the cell whose code shows it. */
export async function loadTslab(): Promise<object> {
  const require = createRequire(import.meta.url);
  const jupyter = require("tslab/dist/jupyter.js") as TslabJupyter;
  jupyter.lastWriteDisplayData = ({ data, transient: { display_id: id } }, update) => {
    const cell = currentCell();
    if (update && id !== undefined) cell?.updateDisplay({ data }, id);
    else cell?.display({ data }, id);
  };
  return require("tslab/dist/public.js") as object;
}
