import { commit, sealHistory, useEditor } from "../stores/editor.ts";
import { useTheme } from "../stores/theme.ts";
import { ActionButton } from "./ActionButton.tsx";
import { DevicePill } from "./DevicePill.tsx";
import { Icon } from "./Icon.tsx";
import { Menu } from "./Menu.tsx";
import { RunControls } from "./RunControls.tsx";

export function TopBar() {
  const theme = useTheme();
  return (
    <header className="topbar">
      <Menu />
      <Brand />
      <PipelineName />
      <div className="group">
        <ActionButton action="open" className="button quiet">
          Open
        </ActionButton>
        <ActionButton action="save" className="button quiet">
          Save
        </ActionButton>
      </div>
      <div className="group">
        <ActionButton action="undo">
          <Icon name="undo" />
        </ActionButton>
        <ActionButton action="redo">
          <Icon name="redo" />
        </ActionButton>
      </div>
      <span className="space" />
      <RunControls />
      <DevicePill />
      <ActionButton action="theme">
        <Icon name={theme === "dark" ? "sun" : "moon"} />
      </ActionButton>
    </header>
  );
}

/** The mark: a flamingo's neck and head in one stroke. */
function Brand() {
  return (
    <div className="brand">
      <svg width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
        <path
          d="M14.8 21.5V16c0-3.2-6.8-4.3-6.8-8.6A4.4 4.4 0 0 1 12.4 3c2.6 0 4.3 1.9 4.3 4.3 0 1.5-.8 2.7-2.3 3.4"
          fill="none"
          stroke="var(--pink)"
          strokeWidth="2.6"
          strokeLinecap="round"
        />
        <path d="M16.4 6.1c1.7.2 2.9 1.5 2.7 3.6l-3.2-1.2Z" fill="var(--text)" />
      </svg>
      <span>Flamingo Studio</span>
    </div>
  );
}

function PipelineName() {
  const pipeline = useEditor((editor) => editor.pipeline);
  const origin = useEditor((editor) => editor.origin);
  const state = origin.changed ? "edited" : origin.template ? "template" : origin.id ? "saved" : "new";
  return (
    <div className="pipeline-name">
      <input
        type="text"
        aria-label="Name of the pipeline"
        value={pipeline.name}
        maxLength={120}
        spellCheck={false}
        style={{ width: `${Math.min(34, Math.max(8, pipeline.name.length + 1))}ch` }}
        onChange={(event) => commit("Rename", { ...pipeline, name: event.target.value }, { key: "name" })}
        onBlur={sealHistory}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <span className="tag" data-testid="document-state">
        {state}
      </span>
    </div>
  );
}
