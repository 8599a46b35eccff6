import { type KeyPress, matches } from "../../edit/shortcut.ts";
import type { CellType } from "./cells.ts";

/** Keys mean commands while a cell is selected, and text while it is edited. */
export type Mode = "command" | "edit";

/** What commands can do with the notebook. */
export interface NotebookControl {
  /** Runs the selected cell, and then stays, goes to the next one, or adds one below. */
  run(then: "stay" | "next" | "insert"): void;
  runAll(): void;
  runFrom(): void;
  interrupt(): void;
  restart(): void;
  restartAndRunAll(): void;
  save(): void;
  edit(): void;
  leave(): void;
  select(step: -1 | 1): void;
  insert(side: "above" | "below"): void;
  remove(): void;
  move(step: -1 | 1): void;
  retype(type: CellType): void;
  undo(): void;
  redo(): void;
  cut(): void;
  copy(): void;
  paste(): void;
  clearOutput(): void;
  clearAllOutputs(): void;
  help(): void;
}

/** One thing that a person can do in a notebook: the menu, the keys, the help and the tests read it from here. */
export interface Command {
  name: string;
  label: string;
  group: "Run" | "Cell" | "Move" | "Notebook";
  /** `Shift+Enter`, or keys one after the other: `D D`. The first is the one that is shown. */
  keys?: readonly string[];
  /** In which mode the keys mean this; both where absent. */
  mode?: Mode;
  /** Left out of the menu: it only makes sense as a key. */
  keyOnly?: boolean;
  perform(control: NotebookControl): void;
}

/** The keys are those of Jupyter. */
export const commands: readonly Command[] = [
  { name: "run", label: "Run the cell", group: "Run", keys: ["Mod+Enter"], perform: (c) => c.run("stay") },
  {
    name: "runNext",
    label: "Run the cell, go to the next",
    group: "Run",
    keys: ["Shift+Enter"],
    perform: (c) => c.run("next"),
  },
  {
    name: "runInsert",
    label: "Run the cell, add one below",
    group: "Run",
    keys: ["Alt+Enter"],
    perform: (c) => c.run("insert"),
  },
  { name: "runAll", label: "Run all cells", group: "Run", perform: (c) => c.runAll() },
  { name: "runFrom", label: "Run this cell and all below", group: "Run", perform: (c) => c.runFrom() },
  {
    name: "interrupt",
    label: "Interrupt",
    group: "Run",
    keys: ["I I"],
    mode: "command",
    perform: (c) => c.interrupt(),
  },
  {
    name: "restart",
    label: "Restart the kernel…",
    group: "Run",
    keys: ["0 0"],
    mode: "command",
    perform: (c) => c.restart(),
  },
  {
    name: "restartAndRunAll",
    label: "Restart and run all…",
    group: "Run",
    perform: (c) => c.restartAndRunAll(),
  },
  {
    name: "insertAbove",
    label: "Add above",
    group: "Cell",
    keys: ["A"],
    mode: "command",
    perform: (c) => c.insert("above"),
  },
  {
    name: "insertBelow",
    label: "Add below",
    group: "Cell",
    keys: ["B"],
    mode: "command",
    perform: (c) => c.insert("below"),
  },
  { name: "remove", label: "Delete", group: "Cell", keys: ["D D"], mode: "command", perform: (c) => c.remove() },
  { name: "cut", label: "Cut", group: "Cell", keys: ["X"], mode: "command", perform: (c) => c.cut() },
  { name: "copy", label: "Copy", group: "Cell", keys: ["C"], mode: "command", perform: (c) => c.copy() },
  { name: "paste", label: "Paste below", group: "Cell", keys: ["V"], mode: "command", perform: (c) => c.paste() },
  {
    name: "code",
    label: "Make it code",
    group: "Cell",
    keys: ["Y"],
    mode: "command",
    perform: (c) => c.retype("code"),
  },
  {
    name: "markdown",
    label: "Make it text (Markdown)",
    group: "Cell",
    keys: ["M"],
    mode: "command",
    perform: (c) => c.retype("markdown"),
  },
  { name: "raw", label: "Make it raw", group: "Cell", keys: ["R"], mode: "command", perform: (c) => c.retype("raw") },
  { name: "clearOutput", label: "Clear the output", group: "Cell", perform: (c) => c.clearOutput() },
  {
    name: "undo",
    label: "Undo a change of cells",
    group: "Cell",
    keys: ["Z", "Mod+Z"],
    mode: "command",
    perform: (c) => c.undo(),
  },
  {
    name: "redo",
    label: "Redo a change of cells",
    group: "Cell",
    keys: ["Shift+Z", "Mod+Shift+Z"],
    mode: "command",
    perform: (c) => c.redo(),
  },
  {
    name: "moveUp",
    label: "Move the cell up",
    group: "Move",
    keys: ["Mod+Shift+ArrowUp"],
    mode: "command",
    perform: (c) => c.move(-1),
  },
  {
    name: "moveDown",
    label: "Move the cell down",
    group: "Move",
    keys: ["Mod+Shift+ArrowDown"],
    mode: "command",
    perform: (c) => c.move(1),
  },
  {
    name: "previous",
    label: "Go to the cell above",
    group: "Move",
    keys: ["ArrowUp", "K"],
    mode: "command",
    keyOnly: true,
    perform: (c) => c.select(-1),
  },
  {
    name: "next",
    label: "Go to the cell below",
    group: "Move",
    keys: ["ArrowDown", "J"],
    mode: "command",
    keyOnly: true,
    perform: (c) => c.select(1),
  },
  {
    name: "edit",
    label: "Edit the cell",
    group: "Move",
    keys: ["Enter"],
    mode: "command",
    keyOnly: true,
    perform: (c) => c.edit(),
  },
  {
    name: "leave",
    label: "Leave the text, select the cell",
    group: "Move",
    keys: ["Escape"],
    mode: "edit",
    keyOnly: true,
    perform: (c) => c.leave(),
  },
  { name: "save", label: "Save", group: "Notebook", keys: ["Mod+S"], perform: (c) => c.save() },
  { name: "clearAll", label: "Clear all outputs", group: "Notebook", perform: (c) => c.clearAllOutputs() },
  {
    name: "help",
    label: "Keyboard shortcuts",
    group: "Notebook",
    keys: ["H"],
    mode: "command",
    perform: (c) => c.help(),
  },
];

export function commandNamed(name: string): Command {
  const command = commands.find((other) => other.name === name);
  if (!command) throw new Error(`there is no command "${name}"`);
  return command;
}

/** What a key press comes to: a command, the first key of one or more (wait for the next), or nothing. */
export type Meaning = { command: Command } | { waiting: string } | undefined;

/** @param waiting the key that was pressed just before and began a command, if any */
export function meaningOf(press: KeyPress, mode: Mode, waiting?: string): Meaning {
  const inMode = commands.filter((command) => command.mode === undefined || command.mode === mode);
  const second = inMode.find(({ keys }) =>
    keys?.some((key) => key.includes(" ") && key.split(" ")[0] === waiting && matches(key.split(" ")[1]!, press)),
  );
  if (second) return { command: second };
  const command = inMode.find(({ keys }) => keys?.some((key) => !key.includes(" ") && matches(key, press)));
  if (command) return { command };
  const first = inMode
    .flatMap(({ keys = [] }) => keys.filter((key) => key.includes(" ")).map((key) => key.split(" ")[0]!))
    .find((key) => matches(key, press));
  return first === undefined ? undefined : { waiting: first };
}
