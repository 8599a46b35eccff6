import { useState } from "react";
import { actions, canDo } from "../edit/actions.ts";
import { printShortcut } from "../edit/shortcut.ts";
import { offeredBlocks } from "../graph/connection.ts";
import { editorContext, perform } from "../stores/context.ts";
import { openDialog, select, useEditor } from "../stores/editor.ts";
import { fitNode } from "../stores/viewport.ts";
import { isMac } from "./ActionButton.tsx";
import { addBlockSomewhere } from "./addBlock.ts";
import { Modal } from "./Modal.tsx";

interface Item {
  key: string;
  kind: "command" | "node" | "block";
  text: string;
  hint: string;
  disabled?: boolean;
  act: () => void;
}

const most = 40;

/** All commands, the nodes that are shown, and the blocks that can be added: found by typing, carried out by Enter. */
export function CommandDialog() {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const [all] = useState(itemsNow);
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found = all
    .filter(({ text, hint, kind }) => words.every((word) => `${text} ${hint} ${kind}`.toLowerCase().includes(word)))
    .slice(0, most);
  const chosen = Math.min(at, found.length - 1);
  const take = (item: Item | undefined) => {
    if (!item || item.disabled) return;
    openDialog(undefined);
    item.act();
  };
  return (
    <Modal title="Commands, nodes and blocks">
      <input
        type="text"
        className="command-query"
        role="combobox"
        aria-label="Search commands, nodes and blocks"
        aria-expanded="true"
        aria-controls="command-list"
        aria-activedescendant={found[chosen] ? `command-${chosen}` : undefined}
        placeholder="What do you want to do?"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (event.key === "Enter") {
            event.preventDefault(); // else the key would submit the dialog that the command opens
            take(found[chosen]);
          } else if (step !== undefined) {
            event.preventDefault();
            setAt((chosen + step + found.length) % Math.max(1, found.length));
          }
        }}
      />
      <div className="command-list" id="command-list" role="listbox" aria-label="Found">
        {found.map((item, index) => (
          <div
            key={item.key}
            id={`command-${index}`}
            role="option"
            tabIndex={-1}
            className="command-item"
            aria-selected={index === chosen}
            aria-disabled={item.disabled}
            onClick={() => take(item)}
            onKeyDown={() => {}}
            ref={(element) => {
              if (index === chosen) element?.scrollIntoView({ block: "nearest" });
            }}
          >
            <span>{item.text}</span>
            <span className="muted">{item.hint}</span>
          </div>
        ))}
        {found.length === 0 && <p className="muted">Nothing is called “{query}”.</p>}
      </div>
    </Modal>
  );
}

function itemsNow(): Item[] {
  const context = editorContext();
  const { graph, catalog } = useEditor.getState();
  const commands = actions
    .filter(({ name }) => name !== "commands")
    .map(
      (action): Item => ({
        key: `command ${action.name}`,
        kind: "command",
        text: action.label,
        hint: action.shortcut ? printShortcut(action.shortcut, isMac) : action.group,
        disabled: !canDo(action, context),
        act: () => void perform(action),
      }),
    );
  const nodes = Object.entries(graph.nodes).map(
    ([id, { label, type }]): Item => ({
      key: `node ${id}`,
      kind: "node",
      text: label ?? catalog[type]?.title ?? type,
      hint: `go to ${id}`,
      act: () => {
        select([id]);
        fitNode(id);
      },
    }),
  );
  const blocks = offeredBlocks(graph, catalog).map(
    ({ name, title }): Item => ({
      key: `block ${name}`,
      kind: "block",
      text: title,
      hint: "add",
      act: () => addBlockSomewhere(name),
    }),
  );
  const able = commands.filter(({ disabled }) => !disabled);
  return [...able, ...nodes, ...blocks, ...commands.filter(({ disabled }) => disabled)];
}
