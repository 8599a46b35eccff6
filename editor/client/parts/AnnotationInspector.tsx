import { changeGroup, changeNote } from "../../../src/graph/edit/annotations.ts";
import { type Group, type Note, type ViewColor, viewColors } from "../../../src/graph/graph.ts";
import { actionNamed } from "../edit/actions.ts";
import { perform } from "../stores/context.ts";
import { commit, sealHistory, select, useEditor } from "../stores/editor.ts";
import { titleGroup } from "./FrameNode.tsx";
import { Icon } from "./Icon.tsx";
import { sizeNote, writeNote } from "./NoteNode.tsx";

/** What can be changed about a note. */
export function NoteForm({ id, note }: { id: string; note: Note }) {
  const [width, height] = note.size;
  const change = (color: ViewColor) => {
    commit("Colour the note", changeNote(useEditor.getState().graph, id, { color }));
  };
  return (
    <>
      <label className="field">
        <span className="field-name">Text</span>
        <textarea
          rows={6}
          maxLength={4000}
          value={note.text}
          placeholder="What should be known here"
          onChange={(event) => writeNote(id, event.target.value)}
          onBlur={sealHistory}
        />
      </label>
      <ColorField color={note.color} change={change} />
      <div className="field-row">
        <SizeField name="Width" value={width} change={(value) => sizeNote(id, value, height)} />
        <SizeField name="Height" value={height} change={(value) => sizeNote(id, width, value)} />
      </div>
      <div className="button-row">
        <ActionRowButton action="duplicate" icon="copy" text="Duplicate" />
        <ActionRowButton action="delete" icon="trash" text="Delete" />
      </div>
    </>
  );
}

/** What can be changed about a group. */
export function GroupForm({ id, group }: { id: string; group: Group }) {
  const change = (color: ViewColor) => {
    commit("Colour the group", changeGroup(useEditor.getState().graph, id, { color }));
  };
  return (
    <>
      <label className="field">
        <span className="field-name">Title</span>
        <input
          type="text"
          maxLength={120}
          value={group.title}
          onChange={(event) => titleGroup(id, event.target.value)}
          onBlur={sealHistory}
        />
      </label>
      <ColorField color={group.color} change={change} />
      <div className="button-row">
        <button type="button" className="button" onClick={() => select(group.members)}>
          Select its {group.members.length === 1 ? "node" : `${group.members.length} nodes`}
        </button>
        <ActionRowButton action="duplicate" icon="copy" text="Duplicate" />
        <ActionRowButton action="ungroup" icon="close" text="Ungroup" />
      </div>
    </>
  );
}

function ActionRowButton(props: { action: string; icon: "copy" | "trash" | "close"; text: string }) {
  return (
    <button type="button" className="button" onClick={() => perform(actionNamed(props.action))}>
      <Icon name={props.icon} size={14} /> {props.text}
    </button>
  );
}

function ColorField({ color, change }: { color: ViewColor; change: (color: ViewColor) => void }) {
  return (
    <fieldset className="field colors">
      <legend className="field-name">Colour</legend>
      {viewColors.map((each) => (
        <label key={each} className="color" data-color={each} title={each}>
          <input type="radio" name="color" aria-label={each} checked={each === color} onChange={() => change(each)} />
        </label>
      ))}
    </fieldset>
  );
}

function SizeField({ name, value, change }: { name: string; value: number; change: (value: number) => void }) {
  return (
    <label className="field">
      <span className="field-name">{name}</span>
      <input
        type="number"
        step={10}
        defaultValue={value}
        key={value}
        onBlur={(event) => {
          const wanted = event.target.valueAsNumber;
          if (Number.isFinite(wanted) && wanted !== value) change(Math.min(10_000, wanted));
          sealHistory();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
        }}
      />
    </label>
  );
}
