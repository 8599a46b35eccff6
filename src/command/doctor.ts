import { existsSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { delimiter, join } from "node:path";
import { printBytes } from "../core/bytes.ts";
import { freeSpace } from "../files/freeSpace.ts";
import { type Command, readArguments, usageError } from "./command.ts";
import { findDevices } from "./findDevices.ts";

const usage = "flamingo doctor";

/** Says what this machine has and lacks for the studio. */
export const doctor: Command = {
  help: `${usage}

Says what this machine has and lacks: Node, devices with the reason for each, threads, optional programs, folders, disk.
`,
  run: async (args, context) => {
    if (readArguments(args, {}, usage).positionals.length > 0) throw usageError("doctor takes no argument", usage);
    const line = (name: string, text: string) => context.out.write(`${name.padEnd(12)} ${text}\n`);
    line("node", `${process.versions.node} on ${process.platform} ${process.arch}`);
    line("threads", String(availableParallelism()));
    line("memory", `${printBytes(totalmem())}, ${printBytes(freemem())} free`);
    for (const [name, found] of await findDevices(context)) line(name, found);
    for (const [name, use] of programs) line(name, `${hasProgram(name) ? "there" : "not there"} (${use})`);
    line("home", `${context.home.folder}${existsSync(context.home.folder) ? "" : " (made when it is needed)"}`);
    line("disk", `${printBytes(await freeSpace(context.home.folder))} free`);
    return 0;
  },
};

/** Programs that the studio does without. */
const programs: [string, string][] = [
  ["python3", "compares speed with PyTorch"],
  ["chromium", "browser tests"],
];

function hasProgram(name: string): boolean {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, name)) || existsSync(join(folder, `${name}.exe`)));
}
