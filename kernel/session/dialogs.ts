import { FlamingoError } from "../../src/core/errors.ts";
import { type Cell, currentCell } from "../cell/cell.ts";

/** Gives cells the dialogs of browsers and Deno, which hold the cell until a person has answered. */
export function defineDialogs(): void {
  const dialogs = {
    alert(message = "Alert"): void {
      asking().prompt(`${message} [Enter] `);
    },
    confirm(message = "Confirm"): boolean {
      return /^y(es)?$/i.test(asking().prompt(`${message} [y/N] `).trim());
    },
    prompt(message = "Prompt", preset = ""): string {
      const hint = preset === "" ? "" : `[${preset}] `;
      return asking().prompt(`${message}${/\s$/.test(message) ? "" : " "}${hint}`) || preset;
    },
  };
  for (const [name, value] of Object.entries(dialogs))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}

function asking(): Cell {
  const cell = currentCell();
  if (cell) return cell;
  throw new FlamingoError("KERNEL_NO_STDIN", "nobody can be asked outside of a cell", { fix: "ask in a cell" });
}
