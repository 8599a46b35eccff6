import { FlamingoError } from "../../core/errors.ts";
import { checkNumbers } from "../read.ts";
import type { Tensor } from "../tensor.ts";

/** Checks that a table of so many rows has those that are asked for. @throws FlamingoError INVALID_DATA for an id that it has no row for */
export function checkRowIds(ids: Tensor, rows: number): void {
  checkNumbers([ids], (numbers) => {
    for (let at = 0; at < numbers.length; at++)
      if (!(numbers[at]! >= 0 && numbers[at]! < rows)) throw noRow(numbers[at]!, rows);
  });
}

function noRow(id: number, rows: number): FlamingoError {
  return new FlamingoError("INVALID_DATA", `id ${id} is not in a table of ${rows} rows`, {
    expected: rows,
    actual: id,
    fix: "use the tokenizer that the table was made for",
  });
}
