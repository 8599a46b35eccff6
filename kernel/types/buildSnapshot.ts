import { spawnSync } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compilerInstallation, compilerScript } from "../compiler/installation.ts";
import { forgetBuilder } from "./buildingFolder.ts";

// A process of its own, which goes on when the kernel that started it ends.
const [library, building, blob, folder] = process.argv.slice(2) as [string, string, string, string];
const file = join(building, blob);
const installation = JSON.stringify(compilerInstallation(JSON.parse(library)));
const args = ["--no-warnings", "--snapshot-blob", file, "--build-snapshot", compilerScript, installation];
const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
forgetBuilder(building);
if (status === 0) renameSync(building, folder);
else rmSync(building, { recursive: true, force: true });
