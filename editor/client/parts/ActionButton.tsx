import { type ReactNode, useSyncExternalStore } from "react";
import { actionNamed, canDo } from "../edit/actions.ts";
import { printShortcut } from "../edit/shortcut.ts";
import { editorContext, perform } from "../stores/context.ts";
import { useEditor } from "../stores/editor.ts";
import { useRun } from "../stores/run.ts";
import { useStudio } from "../stores/studio.ts";

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Whether an action can be done now; kept up to date. */
export function useCan(name: string): boolean {
  return useSyncExternalStore(subscribe, () => canDo(actionNamed(name), editorContext()));
}

/** A button that does an action of the registry: greyed while it cannot be done, with its shortcut as tooltip. */
export function ActionButton(props: {
  action: string;
  className?: string;
  hideWhenOff?: boolean;
  children: ReactNode;
}) {
  const action = actionNamed(props.action);
  const can = useCan(props.action);
  if (!can && props.hideWhenOff) return null;
  const hint = action.shortcut ? `${action.label} (${printShortcut(action.shortcut, isMac)})` : action.label;
  return (
    <button
      type="button"
      className={props.className ?? "icon-button"}
      disabled={!can}
      onClick={() => perform(action)}
      title={hint}
      aria-label={action.label}
      data-action={action.name}
    >
      {props.children}
    </button>
  );
}

function subscribe(listener: () => void): () => void {
  const stops = [useEditor.subscribe(listener), useRun.subscribe(listener), useStudio.subscribe(listener)];
  return () => {
    for (const stop of stops) stop();
  };
}
