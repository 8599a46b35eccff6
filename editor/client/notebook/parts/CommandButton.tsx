import type { ReactNode } from "react";
import { printShortcut } from "../../edit/shortcut.ts";
import { isMac } from "../../parts/ActionButton.tsx";
import { commandNamed } from "../document/commands.ts";
import { perform } from "../stores/control.ts";

/** A button that does a command of the registry, with its keys as tooltip. */
export function CommandButton(props: { command: string; className?: string; disabled?: boolean; children: ReactNode }) {
  const command = commandNamed(props.command);
  const keys = command.keys?.[0];
  return (
    <button
      type="button"
      className={props.className ?? "icon-button"}
      disabled={props.disabled}
      onClick={() => perform(command)}
      title={keys ? `${command.label} (${printShortcut(keys, isMac)})` : command.label}
      aria-label={command.label}
      data-command={command.name}
    >
      {props.children}
    </button>
  );
}
