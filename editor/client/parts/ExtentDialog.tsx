import { useState } from "react";
import { freshBlockName, placesOf } from "../../../src/graph/edit/place.ts";
import { answer, useEditor } from "../stores/editor.ts";
import { BlockFields, nameProblem } from "./BlockFields.tsx";
import { Modal } from "./Modal.tsx";

/** Asked at the first change of an inside: whether only this place is to change, and whether what comes of it gets a name. */
export function ExtentDialog() {
  const asking = useEditor((editor) => editor.asking);
  const last = useEditor((editor) => editor.opened.at(-1));
  return asking && last ? <Extents key={last.type} type={last.type} own={last.own} /> : null;
}

function Extents({ type, own }: { type: string; own: string | undefined }) {
  const catalog = useEditor((editor) => editor.catalog);
  const pipeline = useEditor((editor) => editor.pipeline);
  const { title } = catalog[type]!;
  const proposed = freshBlockName(catalog, `My${type}`);
  const [kind, setKind] = useState<"here" | "named" | "everywhere">("here");
  const [name, setName] = useState(proposed);
  const [summary, setSummary] = useState("");
  const places = own === undefined ? 0 : (placesOf(pipeline).get(own) ?? 0);
  const reason = kind === "named" ? nameProblem(name, catalog) : undefined;
  const submit = () => {
    if (kind !== "named") answer({ kind });
    else if (!reason) answer({ kind, name, ...(summary.trim() ? { summary: summary.trim() } : {}) });
  };
  const choice = (value: typeof kind, label: string, help: string) => (
    <label className="choice">
      <input type="radio" name="extent" value={value} checked={kind === value} onChange={() => setKind(value)} />
      <span>
        <strong>{label}</strong>
        <span className="field-help">{help}</span>
      </span>
    </label>
  );
  return (
    <Modal title={`Change the inside of ${title}`} close={() => answer(undefined)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p className="muted">
          {own === undefined
            ? `${title} belongs to the library and stays as it is. This pipeline gets a changed copy.`
            : `${title} is at ${places} places of this pipeline.`}
        </p>
        {choice("here", "Only here", "This place alone is changed. Parts that stay keep their weights.")}
        {places > 1 && choice("everywhere", "Everywhere", `All ${places} places are changed.`)}
        {choice("named", "A block of my own", "It gets a name and stands in the palette, to be used again.")}
        {kind === "named" && (
          <div className="choice-fields">
            <BlockFields
              name={name}
              setName={setName}
              summary={summary}
              setSummary={setSummary}
              reason={reason}
              placeholder={catalog[type]!.summary}
            />
          </div>
        )}
        <footer>
          <button type="button" className="button" onClick={() => answer(undefined)}>
            Cancel
          </button>
          <button type="submit" className="button strong" disabled={reason !== undefined}>
            Change
          </button>
        </footer>
      </form>
    </Modal>
  );
}
