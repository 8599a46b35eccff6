import { expect, test } from "vitest";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { damageFiles } from "./damagedFiles.ts";

test("of a torn or mutated log the damaged record is lost at most, and of checkpoints the one before is taken", async () => {
  const { faults, lost } = await damageFiles(temporaryFolder(), 30, Number(process.env.FLAMINGO_TEST_SEED ?? 20261130));
  expect(faults).toEqual([]);
  expect(lost).toBeGreaterThan(0);
});
