import { spawnSync } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type CompilerInstallation,
  compilerInstallation,
  compilerScript,
  earlyCompilerInstallation,
} from "../compiler/installation.ts";
import { forgetBuilder } from "./buildingFolder.ts";

// A process of its own, which goes on when the kernel that started it ends.
const [library, building, whole, early, folder] = process.argv.slice(2) as [string, string, string, string, string];
const isBuilt = build(early, earlyCompilerInstallation()) && build(whole, compilerInstallation(JSON.parse(library)));
forgetBuilder(building);
if (isBuilt) renameSync(building, folder);
else rmSync(building, { recursive: true, force: true });

function build(name: string, installation: CompilerInstallation): boolean {
  const blob = ["--snapshot-blob", join(building, name), "--build-snapshot"];
  const args = ["--no-warnings", ...blob, compilerScript, JSON.stringify(installation)];
  return spawnSync(process.execPath, args, { stdio: "ignore" }).status === 0;
}
