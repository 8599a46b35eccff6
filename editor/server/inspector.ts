import { ChangedRun } from "../../src/execution/changedRun.ts";
import { serveInspector } from "./inspectorProcess.ts";

serveInspector((folder, models) => ChangedRun.open(folder, models));
