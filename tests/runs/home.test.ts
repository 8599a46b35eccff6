import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findHome } from "../../src/runs/home.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

/** Folders of a machine: a user's, in it a checkout with its notebooks, and a project of the user's own. */
function machine() {
  const user = temporaryFolder();
  const checkout = join(user, "code", "studio");
  const notebooks = join(checkout, "notebooks");
  const project = join(user, "code", "project");
  for (const folder of [notebooks, project]) mkdirSync(folder, { recursive: true });
  return { user, checkout, notebooks, project, code: join(user, "code") };
}

const hidden = (folder: string) => join(folder, ".flamingo");

describe("the home folder", () => {
  test("is FLAMINGO_HOME where that is set, whatever lies around", () => {
    const { user, checkout } = machine();
    mkdirSync(hidden(checkout));
    const home = findHome({ FLAMINGO_HOME: "/data/home" }, { current: checkout, user, checkout });
    expect(home).toMatchObject({ folder: "/data/home", pipelines: join("/data/home", "pipelines") });
  });

  test("is the same everywhere in the checkout, before anything was written and after", () => {
    const { user, checkout, notebooks } = machine();
    for (const write of [() => {}, () => mkdirSync(hidden(checkout))]) {
      write();
      for (const current of [checkout, notebooks])
        expect(findHome({}, { current, user, checkout }).folder).toBe(hidden(checkout));
    }
  });

  test("is the current folder's outside of the checkout, also beside one whose path begins alike", () => {
    const { user, checkout, project } = machine();
    const alike = `${checkout}-2`;
    mkdirSync(alike);
    for (const current of [project, alike])
      expect(findHome({}, { current, user, checkout }).folder).toBe(hidden(current));
  });

  test("is the nearest that is there, upwards; a file of its name is none", () => {
    const { user, checkout, notebooks, project, code } = machine();
    mkdirSync(hidden(code));
    writeFileSync(hidden(project), "");
    const from = (current: string) => findHome({}, { current, user, checkout }).folder;
    expect(from(project)).toBe(hidden(code));
    expect(from(notebooks)).toBe(hidden(code));
    mkdirSync(hidden(notebooks));
    expect(from(notebooks)).toBe(hidden(notebooks));
    expect(from(checkout)).toBe(hidden(code));
  });

  test("is the user's home folder's only from right there, whatever path leads to it", () => {
    const { user, checkout, project } = machine();
    mkdirSync(hidden(user));
    const link = join(temporaryFolder(), "link");
    symlinkSync(user, link, "junction");
    for (const path of [user, link]) {
      const from = (current: string) => findHome({}, { current, user: path, checkout }).folder;
      expect(from(project)).toBe(hidden(project));
      expect(from(user)).toBe(hidden(user));
    }
  });

  test("is that of this checkout for whoever says nothing", () => {
    expect(findHome({}).runs).toBe(join(process.cwd(), ".flamingo", "runs"));
  });
});
