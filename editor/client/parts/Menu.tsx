import { type KeyboardEvent, useRef } from "react";
import { type Action, actions, canDo } from "../edit/actions.ts";
import { printShortcut } from "../edit/shortcut.ts";
import { editorContext, perform } from "../stores/context.ts";
import { isMac } from "./ActionButton.tsx";
import { Icon } from "./Icon.tsx";
import { usePopover } from "./usePopover.ts";

const groups: readonly Action["group"][] = ["File", "Edit", "Block", "View", "Run"];

/** Everything that can be done, with its shortcut: the registry as a menu. */
export function Menu() {
  const { open, setOpen, box } = usePopover<HTMLDivElement>();
  const list = useRef<HTMLDivElement>(null);
  const walk = (event: KeyboardEvent) => {
    const items = [...(list.current?.querySelectorAll<HTMLButtonElement>("button:not(:disabled)") ?? [])];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || items.length === 0) return;
    event.preventDefault();
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    items[(at + step + items.length) % items.length]!.focus();
  };
  const context = open ? editorContext() : undefined;
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
      {context && (
        <div className="popover menu" role="menu" aria-label="Menu" ref={list}>
          {groups.map((group) => (
            <section key={group}>
              <p className="popover-title">{group}</p>
              {actions
                .filter((action) => action.group === group)
                .map((action) => (
                  <button
                    key={action.name}
                    type="button"
                    role="menuitem"
                    className="menu-item"
                    disabled={!canDo(action, context)}
                    onClick={() => {
                      setOpen(false);
                      perform(action);
                    }}
                  >
                    <span>{action.label}</span>
                    {action.shortcut && <kbd>{printShortcut(action.shortcut, isMac)}</kbd>}
                  </button>
                ))}
            </section>
          ))}
        </div>
      )}
    </div>
  );
}
