import { describe, expect, test } from "vitest";
import type { KeyPress } from "../../../../editor/client/edit/shortcut.ts";
import { commands, type Mode, meaningOf } from "../../../../editor/client/notebook/document/commands.ts";

function press(key: string, held: Partial<KeyPress> = {}): KeyPress {
  return { key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held };
}

function nameOf(key: KeyPress, mode: Mode, waiting?: string): string | undefined {
  const meaning = meaningOf(key, mode, waiting);
  return meaning && "command" in meaning ? meaning.command.name : undefined;
}

describe("the notebook's keys", () => {
  test("run cells in both modes", () => {
    for (const mode of ["command", "edit"] as const) {
      expect(nameOf(press("Enter", { shiftKey: true }), mode)).toBe("runNext");
      expect(nameOf(press("Enter", { ctrlKey: true }), mode)).toBe("run");
      expect(nameOf(press("Enter", { metaKey: true }), mode)).toBe("run");
      expect(nameOf(press("Enter", { altKey: true }), mode)).toBe("runInsert");
      expect(nameOf(press("s", { ctrlKey: true }), mode)).toBe("save");
    }
  });

  test("are letters while a cell is edited", () => {
    for (const key of ["a", "b", "d", "m", "y", "z", "x", "ArrowDown", "Enter"])
      expect(meaningOf(press(key), "edit")).toBeUndefined();
    expect(nameOf(press("Escape"), "edit")).toBe("leave");
  });

  test("ask twice before a cell is deleted or the kernel stopped", () => {
    expect(meaningOf(press("d"), "command")).toEqual({ waiting: "D" });
    expect(nameOf(press("d"), "command", "D")).toBe("remove");
    expect(nameOf(press("i"), "command", "I")).toBe("interrupt");
    expect(nameOf(press("0"), "command", "0")).toBe("restart");
    expect(nameOf(press("b"), "command", "D")).toBe("insertBelow");
    expect(meaningOf(press("0"), "command", "D")).toEqual({ waiting: "0" });
  });

  test("mean one thing each in a mode, and every command can be reached", () => {
    for (const mode of ["command", "edit"] as const) {
      const keys = commands
        .filter((command) => (command.mode ?? mode) === mode)
        .flatMap((command) => command.keys ?? []);
      expect(new Set(keys).size).toBe(keys.length);
    }
    for (const { keyOnly, keys } of commands) expect(keyOnly ? keys : ["menu"]).toBeDefined();
    expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
  });
});
