import { useId, useState } from "react";
import type { CatalogEntry } from "../../../src/core/catalog.ts";
import type { GraphNode } from "../../../src/graph/graph.ts";
import { changeNode, setField } from "../edit/operations.ts";
import { boundsText, type Field, fieldsOf, fieldText, parseField } from "../form/fields.ts";
import { commit, sealHistory, useEditor } from "../stores/editor.ts";

/** The form of a node's configuration, made from the catalog's JSON Schema. */
export function ConfigForm({ id, node, entry }: { id: string; node: GraphNode; entry: CatalogEntry }) {
  const fields = fieldsOf(entry);
  if (fields.length === 0) return null;
  return (
    <section>
      <h3>Configuration</h3>
      {fields.map((field) => (
        <FieldRow key={field.key} id={id} field={field} value={node.config[field.key]} />
      ))}
    </section>
  );
}

function FieldRow({ id, field, value }: { id: string; field: Field; value: unknown }) {
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const help = useId();
  const control = useId();
  const text = typed ?? fieldText(field, value);
  const parsed = parseField(field, text);
  const reason = parsed.ok ? undefined : parsed.reason;
  const change = (next: string) => {
    const result = parseField(field, next);
    setTyped(next);
    if (!result.ok) return;
    const { pipeline } = useEditor.getState();
    const changed = changeNode(pipeline, id, (node) => setField(node, field.key, result.value));
    commit(`Change ${field.title.toLowerCase()}`, changed, { key: `${id} config.${field.key}` });
  };
  const props = {
    id: control,
    "aria-describedby": help,
    "aria-invalid": reason !== undefined,
    onBlur: () => {
      sealHistory();
      if (parsed.ok) setTyped(undefined);
    },
  };
  if (field.kind === "boolean") return <SwitchRow field={field} value={value} change={change} />;
  return (
    <div className="field" data-invalid={reason !== undefined}>
      <span className="field-name">
        <label htmlFor={control}>{field.title}</label>
        {value !== undefined && field.default !== undefined && (
          <button type="button" className="link reset" onClick={() => change("")} title={`Back to ${field.default}`}>
            reset
          </button>
        )}
      </span>
      <span className="field-control">
        {field.kind === "choice" ? (
          <select {...props} value={text} onChange={(event) => change(event.target.value)}>
            <option value="">{field.default === undefined ? "–" : `${field.default} (default)`}</option>
            {field.choices.map((choice) => (
              <option key={String(choice)} value={String(choice)}>
                {String(choice)}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...props}
            type="text"
            inputMode={field.kind === "integer" ? "numeric" : field.kind === "number" ? "decimal" : "text"}
            value={text}
            placeholder={field.default === undefined ? "" : fieldText(field, field.default)}
            spellCheck={false}
            onChange={(event) => change(event.target.value)}
          />
        )}
        {field.unit && <span className="unit">{field.unit}</span>}
      </span>
      <span className="field-help" id={help}>
        {reason ? <em>Needs {reason}.</em> : (field.description ?? boundsText(field) ?? "")}
      </span>
    </div>
  );
}

function SwitchRow({ field, value, change }: { field: Field; value: unknown; change: (text: string) => void }) {
  return (
    <label className="switch" title={field.description}>
      <input
        type="checkbox"
        role="switch"
        checked={(value ?? field.default) === true}
        aria-checked={(value ?? field.default) === true}
        onChange={(event) => change(String(event.target.checked))}
        onBlur={sealHistory}
      />
      <span>
        {field.title}
        {field.description && <span className="field-help">{field.description}</span>}
      </span>
    </label>
  );
}
