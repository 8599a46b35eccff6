import { commitPipeline, sealHistory, useEditor } from "../stores/editor.ts";
import { useTheme } from "../stores/theme.ts";
import { ActionButton } from "./ActionButton.tsx";
import { Brand } from "./Brand.tsx";
import { DevicePill } from "./DevicePill.tsx";
import { Icon } from "./Icon.tsx";
import { Menu } from "./Menu.tsx";
import { PageLinks } from "./PageLinks.tsx";
import { RunControls } from "./RunControls.tsx";
import { TourOffer } from "./Tour.tsx";

export function TopBar() {
  const theme = useTheme();
  return (
    <header className="topbar">
      <Menu />
      <Brand />
      <PageLinks />
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
      <TourOffer />
      <RunControls />
      <DevicePill />
      <ActionButton action="theme">
        <Icon name={theme === "dark" ? "sun" : "moon"} />
      </ActionButton>
    </header>
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
        onChange={(event) => commitPipeline("Rename", { ...pipeline, name: event.target.value }, { key: "name" })}
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
