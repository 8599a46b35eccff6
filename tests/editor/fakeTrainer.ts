import { serveTrainer } from "../../editor/server/trainerProcess.ts";
import { fakeExecute } from "../runs/fakeExecute.ts";

serveTrainer(fakeExecute);
