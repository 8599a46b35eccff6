import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { beginBuilding, buildsIn, forgetBuilder, noteBuilder } from "../../../kernel/types/buildingFolder.ts";
import { temporaryFolder } from "../../runs/temporaryFolder.ts";

const building = () => join(temporaryFolder(), "declarations.building");

test("one process builds at a time, and who has only begun counts", async () => {
  const folder = building();
  expect(await beginBuilding(folder)).toBe(true);
  expect(await beginBuilding(folder)).toBe(false);
  noteBuilder(folder, process.pid);
  expect(await beginBuilding(folder)).toBe(false);
  expect(await buildsIn(join(folder, ".."))).toEqual(["declarations.building"]);
});

test("nobody waits for a builder that was killed", async () => {
  const folder = building();
  const { pid } = spawnSync(process.execPath, ["-e", ""]); // it has ended
  await beginBuilding(folder);
  await mkdir(join(folder, "half"));
  noteBuilder(folder, pid);
  expect(await beginBuilding(folder)).toBe(true);
  expect(existsSync(join(folder, "half"))).toBe(false);
});

test("what is complete does not say who built it", async () => {
  const folder = building();
  await beginBuilding(folder);
  noteBuilder(folder, process.pid);
  forgetBuilder(folder);
  expect(existsSync(join(folder, "builder.pid"))).toBe(false);
});
