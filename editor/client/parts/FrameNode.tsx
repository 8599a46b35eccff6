import type { NodeProps } from "@xyflow/react";
import { memo } from "react";
import { changeGroup } from "../../../src/graph/edit/annotations.ts";
import type { FrameFlowNode } from "../graph/flowNodes.ts";
import { commit, sealHistory, useEditor } from "../stores/editor.ts";
import { useWriting, write } from "../stores/writing.ts";

/** The frame of a group: its title moves it with its nodes, and a double click there writes the title. */
export const FrameNode = memo(function FrameNode({ id }: NodeProps<FrameFlowNode>) {
  const group = useEditor(({ graph }) => graph.view.groups?.[id]);
  const isWritten = useWriting((writing) => writing.id === id);
  if (!group) return null;
  return (
    <div className="frame" data-color={group.color}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: by keyboard, the title is written in the inspector */}
      <div className="frame-title" title={group.title} onDoubleClick={() => write(id)}>
        {isWritten ? (
          <input
            type="text"
            className="nodrag"
            aria-label="Title of the group"
            maxLength={120}
            value={group.title}
            ref={(field) => {
              if (field && field !== document.activeElement) field.select();
            }}
            onChange={(event) => titleGroup(id, event.target.value)}
            onBlur={() => {
              sealHistory();
              write(undefined);
            }}
            onKeyDown={(event) => {
              if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
              event.stopPropagation(); // the canvas would move the group by the arrow keys
            }}
          />
        ) : (
          group.title || "Group"
        )}
      </div>
    </div>
  );
});

export function titleGroup(id: string, title: string): void {
  commit("Name the group", changeGroup(useEditor.getState().graph, id, { title }), { key: `${id} title` });
}
