import { readAsked } from "./arguments.ts";
import { benchGenerate } from "./generate.ts";
import { printRows } from "./row.ts";
import { benchTemplate } from "./template.ts";
import { benchTrain } from "./train.ts";

/** What changes most often, in its smallest sizes. */
export async function main(args: string[], usage: string): Promise<void> {
  const asked = await readAsked(args, usage, []);
  if (!asked) return;
  const rows = [
    ...(await benchTrain({ ...asked, sizes: ["128"] })),
    ...(await benchTemplate(asked)),
    ...(await benchGenerate({ ...asked, sizes: ["tiny"] })),
  ];
  printRows(rows, asked.json);
}
