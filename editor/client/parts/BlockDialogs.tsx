import { type ReactNode, useState } from "react";
import { freshBlockName } from "../../../src/graph/edit/place.ts";
import { openDialog, useEditor } from "../stores/editor.ts";
import { tellError } from "../stores/notices.ts";
import { collapseSelection, describeBlock, ownBlock } from "../stores/ownBlocks.ts";
import { BlockFields, nameProblem } from "./BlockFields.tsx";
import { Modal } from "./Modal.tsx";

/** Asks for the name of the block that the selected nodes become. */
export function CollapseDialog() {
  const catalog = useEditor((editor) => editor.catalog);
  const count = useEditor((editor) => editor.selection.nodes.length);
  const [name, setName] = useState(() => freshBlockName(catalog, "MyBlock"));
  const [summary, setSummary] = useState("");
  const reason = nameProblem(name, catalog);
  const submit = () => {
    openDialog(undefined);
    try {
      collapseSelection(name, summary.trim());
    } catch (error) {
      tellError(error);
    }
  };
  return (
    <NamedDialog title="Collapse to a block" action="Collapse" disabled={reason !== undefined} submit={submit}>
      <p className="muted">{count === 1 ? "One node becomes" : `${count} nodes become`} one block of this pipeline.</p>
      <BlockFields name={name} setName={setName} summary={summary} setSummary={setSummary} reason={reason} />
    </NamedDialog>
  );
}

/** The name and the words of one of the pipeline's own blocks. */
export function BlockDialog() {
  const [own] = useState(ownBlock);
  const block = useEditor(({ pipeline }) => pipeline.blocks[own ?? ""]);
  const catalog = useEditor((editor) => editor.catalog);
  const [name, setName] = useState(own ?? "");
  const [summary, setSummary] = useState(block?.summary ?? "");
  if (own === undefined || !block) return null;
  const reason = name === own ? undefined : nameProblem(name, catalog);
  const submit = () => {
    openDialog(undefined);
    const title = name === own && !block.local ? (block.title ?? name) : name;
    describeBlock(own, { name, title, summary: summary.trim() });
  };
  return (
    <NamedDialog title="The block’s name and words" action="Apply" disabled={reason !== undefined} submit={submit}>
      {block.local && <p className="muted">With a name it stands in the palette, to be used again.</p>}
      <BlockFields name={name} setName={setName} summary={summary} setSummary={setSummary} reason={reason} />
    </NamedDialog>
  );
}

function NamedDialog(props: {
  title: string;
  action: string;
  disabled: boolean;
  submit: () => void;
  children: ReactNode;
}) {
  return (
    <Modal title={props.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!props.disabled) props.submit();
        }}
      >
        {props.children}
        <footer>
          <button type="button" className="button" onClick={() => openDialog(undefined)}>
            Cancel
          </button>
          <button type="submit" className="button strong" disabled={props.disabled}>
            {props.action}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
