import { InspectedRun } from "../../src/execution/inspectedRun.ts";
import { serveInspector } from "./inspectorProcess.ts";

serveInspector((folder, models) => InspectedRun.open(folder, models));
