import { type KeyboardEvent, useRef } from "react";
import { printShortcut } from "../../edit/shortcut.ts";
import { isMac } from "../../parts/ActionButton.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { usePopover } from "../../parts/usePopover.ts";
import { type Command, commands } from "../document/commands.ts";
import { perform } from "../stores/control.ts";

const groups: readonly Command["group"][] = ["Run", "Cell", "Move", "Notebook"];

/** Everything that can be done in a notebook, with its keys: the registry as a menu. */
export function NotebookMenu() {
  const { open, setOpen, box } = usePopover<HTMLDivElement>();
  const list = useRef<HTMLDivElement>(null);
  const walk = (event: KeyboardEvent) => {
    const items = [...(list.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || items.length === 0) return;
    event.preventDefault();
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    items[(at + step + items.length) % items.length]!.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys go between the menu's own buttons
    <div className="anchor" ref={box} onKeyDown={walk}>
      <button
        type="button"
        className="icon-button"
        aria-label="Menu"
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="menu" />
      </button>
      {open && (
        <div className="popover menu" role="menu" aria-label="Menu" ref={list}>
          {groups.map((group) => (
            <section key={group}>
              <p className="popover-title">{group}</p>
              {commands
                .filter((command) => command.group === group && !command.keyOnly)
                .map((command) => (
                  <button
                    key={command.name}
                    type="button"
                    role="menuitem"
                    className="menu-item"
                    onClick={() => {
                      setOpen(false);
                      perform(command);
                    }}
                  >
                    <span>{command.label}</span>
                    {command.keys && <kbd>{printShortcut(command.keys[0]!, isMac)}</kbd>}
                  </button>
                ))}
            </section>
          ))}
        </div>
      )}
    </div>
  );
}
