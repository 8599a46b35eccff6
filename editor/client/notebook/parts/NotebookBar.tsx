import { useEffect, useState } from "react";
import { Brand } from "../../parts/Brand.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { PageLinks } from "../../parts/PageLinks.tsx";
import { tellError } from "../../stores/notices.ts";
import type { Route } from "../../stores/route.ts";
import { toggleTheme, useTheme } from "../../stores/theme.ts";
import { useKernel } from "../stores/kernel.ts";
import { useNotebook } from "../stores/notebook.ts";
import { renameOpened, useSaving } from "../stores/saving.ts";
import { toggleVariables, useVariables } from "../stores/variables.ts";
import { CommandButton } from "./CommandButton.tsx";
import { KernelPill } from "./KernelPill.tsx";
import { NotebookMenu } from "./NotebookMenu.tsx";

/** The top bar of the notebook page: where one is, what can be done with the open notebook, and how its kernel is. */
export function NotebookBar({ route }: { route: Route }) {
  const theme = useTheme();
  const open = useNotebook(({ phase }) => phase === "open") && route.page === "notebook";
  const busy = useKernel(({ status }) => status === "busy");
  const interrupting = useKernel((state) => state.interrupting);
  return (
    <header className="topbar">
      {open && <NotebookMenu />}
      <Brand />
      <PageLinks />
      {open && (
        <>
          <NotebookName />
          <CommandButton command="save">
            <Icon name="save" />
          </CommandButton>
        </>
      )}
      <span className="space" />
      {open && (
        <>
          <KernelPill />
          <CommandButton command="runNext" className="button primary">
            <Icon name="play" size={14} /> Run
          </CommandButton>
          <CommandButton command="runAll" className="button">
            Run all
          </CommandButton>
          <CommandButton command="interrupt" className="button" disabled={!busy || interrupting}>
            <Icon name="stop" size={14} /> Interrupt
          </CommandButton>
          <CommandButton command="restart" className="button">
            Restart
          </CommandButton>
          <VariablesButton />
        </>
      )}
      <button
        type="button"
        className="icon-button"
        onClick={toggleTheme}
        aria-label="Light or dark"
        title="Light or dark"
      >
        <Icon name={theme === "dark" ? "sun" : "moon"} />
      </button>
    </header>
  );
}

function VariablesButton() {
  const shown = useVariables((state) => state.shown);
  return (
    <button type="button" className="button" aria-pressed={shown} onClick={toggleVariables}>
      Variables
    </button>
  );
}

const states = {
  saved: "saved",
  unsaved: "unsaved",
  saving: "saving",
  failed: "not saved",
  conflict: "changed elsewhere",
};

function NotebookName() {
  const path = useNotebook((state) => state.path!);
  const writable = useNotebook((state) => state.writable);
  const status = useSaving((saving) => saving.status);
  const plain = path
    .split("/")
    .at(-1)!
    .replace(/\.ipynb$/i, "");
  const [name, setName] = useState(plain);
  useEffect(() => setName(plain), [plain]);
  const rename = () => {
    if (name.trim() === "" || name.trim() === plain) setName(plain);
    else
      void renameOpened(name).catch((error: unknown) => {
        setName(plain);
        tellError(error);
      });
  };
  const state = writable ? states[status] : status === "saved" ? "tutorial" : "tutorial, changed";
  return (
    <div className="pipeline-name">
      <input
        type="text"
        aria-label="Name of the notebook"
        value={name}
        readOnly={!writable}
        maxLength={120}
        spellCheck={false}
        style={{ width: `${Math.min(40, Math.max(8, name.length + 2))}ch` }}
        onChange={(event) => setName(event.target.value)}
        onBlur={rename}
        onKeyDown={(event) => {
          if (event.key === "Escape") setName(plain);
          if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <span className="tag" data-testid="saving-state" data-status={status}>
        {state}
      </span>
    </div>
  );
}
