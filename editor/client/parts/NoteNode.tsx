import { type NodeProps, NodeResizeControl } from "@xyflow/react";
import { memo } from "react";
import { changeNote } from "../../../src/graph/edit/annotations.ts";
import type { NoteFlowNode } from "../graph/flowNodes.ts";
import { commit, sealHistory, useEditor } from "../stores/editor.ts";
import { useWriting, write } from "../stores/writing.ts";

/** The smallest note, in pixels at zoom 1. */
const least = { width: 120, height: 56 };

/** A note on the canvas: a double click writes in it, its corner sizes it. */
export const NoteNode = memo(function NoteNode({ id }: NodeProps<NoteFlowNode>) {
  const note = useEditor(({ graph }) => graph.view.notes?.[id]);
  const isWritten = useWriting((writing) => writing.id === id);
  if (!note) return null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: by keyboard, a note is written in the inspector
    <div className="note" data-color={note.color} onDoubleClick={() => write(id)}>
      {isWritten ? (
        <textarea
          className="note-text nodrag nowheel"
          aria-label="Text of the note"
          maxLength={4000}
          value={note.text}
          ref={focusAtEnd}
          onChange={(event) => writeNote(id, event.target.value)}
          onBlur={endWriting}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
            event.stopPropagation(); // the canvas would move the note by the arrow keys
          }}
        />
      ) : (
        <div className="note-text">{note.text || <span className="muted">Double-click to write</span>}</div>
      )}
      <NodeResizeControl
        className="note-corner"
        position="bottom-right"
        minWidth={least.width}
        minHeight={least.height}
        onResizeEnd={(_event, { width, height }) => sizeNote(id, width, height)}
      />
    </div>
  );
});

export function writeNote(id: string, text: string): void {
  commit("Write the note", changeNote(useEditor.getState().graph, id, { text }), { key: `${id} text` });
}

export function sizeNote(id: string, width: number, height: number): void {
  const size: [number, number] = [Math.max(least.width, Math.round(width)), Math.max(least.height, Math.round(height))];
  commit("Size the note", changeNote(useEditor.getState().graph, id, { size }), { key: `${id} size` });
}

function focusAtEnd(field: HTMLTextAreaElement | null): void {
  if (!field || field === document.activeElement) return;
  field.focus({ preventScroll: true });
  field.setSelectionRange(field.value.length, field.value.length);
}

function endWriting(): void {
  sealHistory();
  write(undefined);
}
