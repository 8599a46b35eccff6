import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jupyterDataFolder } from "../../../kernel/protocol/dataFolder.ts";

test("Jupyter's data folder is where Jupyter says, or where each system keeps such things", () => {
  expect(jupyterDataFolder({ JUPYTER_DATA_DIR: "/data" })).toBe("/data");
  expect(jupyterDataFolder({ XDG_DATA_HOME: "/x" }, "linux")).toBe(join("/x", "jupyter"));
  expect(jupyterDataFolder({}, "linux")).toBe(join(homedir(), ".local", "share", "jupyter"));
  expect(jupyterDataFolder({ APPDATA: "C:" }, "win32")).toBe(join("C:", "jupyter"));
  expect(jupyterDataFolder({}, "darwin")).toBe(join(homedir(), "Library", "Jupyter"));
});
