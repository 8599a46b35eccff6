import { executeRun } from "../../src/execution/run.ts";
import { serveTrainer } from "./trainerProcess.ts";

serveTrainer(executeRun);
