import type { Execution } from "../../src/command/execution.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { exportModel } from "../../src/execution/exportModel.ts";
import { importModel } from "../../src/execution/importModel.ts";
import { quantizationCost } from "../../src/execution/quantizationCost.ts";
import { fakeExecute } from "../runs/fakeExecute.ts";
import { fakeCatalog } from "../runs/fakeLibrary.ts";

const interval = { hits: 1, count: 4, value: 0.25, low: 0.046, high: 0.7 };
const exact = { metric: "exactCaption", title: "Exact caption", unit: "share", ...interval };

/** What computes, with a model that is none. */
export const fakeExecution: Execution = {
  catalog: fakeCatalog,
  findBlock: () => undefined,
  execute: fakeExecute,
  openDevice: async (name) => {
    if (name === "auto" || name === "cpu") return { name: "cpu", reason: "the only one", description: "none" };
    throw new FlamingoError("DEVICE_UNAVAILABLE", `the device ${name} is not there`, { fix: "ask for auto" });
  },
  evaluate: async ({ set = "unseenStyle", log }) => {
    log.append({ channel: "message", value: { level: "info", message: "evaluating" } });
    log.append({ channel: "results", value: { node: "evaluate", set, title: "Unseen style", metrics: [exact] } });
  },
  exportModel,
  importModel,
  quantizationCost,
  isModel: () => false,
  isImported: () => false,
  continueText: async ({ prompt }) => prompt,
  withModels: (pipeline) => pipeline,
  caption: async ({ images }) => images.map((image) => `a ${image.split(".")[0]}`),
};
