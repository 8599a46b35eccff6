import { renameSync } from "node:fs";
import { catalog } from "../../src/execution/registry.ts";
import { forgetBuilder } from "./buildingFolder.ts";
import { compileDeclarations } from "./compile.ts";

// A process of its own: the compiler works for seconds, in which a kernel has to answer. It goes on when that kernel ends.
const [root, entry, building, folder] = process.argv.slice(2) as [string, string, string, string];
compileDeclarations(root, entry, catalog, building);
forgetBuilder(building);
renameSync(building, folder);
