import { useId, useState } from "react";
import type { CatalogEntry } from "../../../src/core/catalog.ts";
import { fillings } from "../../../src/graph/check.ts";
import { changeNode, setField } from "../../../src/graph/edit/drawnGraph.ts";
import type { Step } from "../../../src/graph/edit/place.ts";
import type { GraphNode } from "../../../src/graph/graph.ts";
import { boundsText, type Field, fieldsOf, fieldText, parseField } from "../form/fields.ts";
import { commit, sealHistory, useEditor } from "../stores/editor.ts";
import { openNode } from "../stores/inside.ts";
import { Icon } from "./Icon.tsx";
import { StartsFrom } from "./StartsFrom.tsx";

type Config = Record<string, unknown>;
/** Sets a field, given by its path: the field itself, or a slot, then fields inside it. Undefined restores the default. */
type SetField = (path: readonly [Named, ...Named[]], value: unknown) => void;
type Named = Pick<Field, "key" | "title">;

/**
 * The form of a node's configuration, made from the catalog's JSON Schema.
 * @param fault the field at fault for what is wrong with the node, through slots: `languageModel.dim`
 */
export function ConfigForm(props: { id: string; node: GraphNode; entry: CatalogEntry; fault: string | undefined }) {
  const { id, node, entry, fault } = props;
  const fields = fieldsOf(entry);
  if (fields.length === 0) return null;
  const set: SetField = (path, value) => {
    const { graph } = useEditor.getState();
    const changed = changeNode(graph, id, (before) => setField(before, path[0].key, value));
    const key = path.map((field) => field.key).join(".");
    commit(`Change ${path.at(-1)!.title.toLowerCase()}`, changed, { key: `${id} config.${key}` });
  };
  return (
    <section>
      <h3>Configuration</h3>
      <Fields fields={fields} config={node.config} set={set} at={{ node: id, slot: [] }} fault={fault} />
    </section>
  );
}

/** The slot that a form belongs to; of a node itself, with no fields that lead there. */
type Place = Required<Step>;

interface FieldsProps {
  fields: readonly Field[];
  config: Config;
  set: SetField;
  at: Place;
  fault: string | undefined;
}

function Fields({ fields, config, set, at, fault }: FieldsProps) {
  return fields.map((field) =>
    field.slot ? (
      <SlotRow
        key={field.key}
        field={field}
        value={config[field.key]}
        set={set}
        at={at}
        fault={faultIn(fault, field.key)}
      />
    ) : (
      <FieldRow key={field.key} field={field} value={config[field.key]} set={set} isAtFault={fault === field.key} />
    ),
  );
}

/** What is at fault below a field: empty for the field itself, undefined for nothing there. */
function faultIn(fault: string | undefined, key: string): string | undefined {
  if (fault === key) return "";
  return fault?.startsWith(`${key}.`) ? fault.slice(key.length + 1) : undefined;
}

interface Filling {
  type: string;
  config?: Config;
  weights?: string;
}

/** The name of a slot's weights as if it were a field: no field has a space in its key. */
const weightsOfSlot: Named = { key: " weights", title: "weights" };

/** A slot: which block fills it, and below it the form of that block. */
interface SlotProps {
  field: Field;
  value: unknown;
  set: SetField;
  at: Place;
  fault: string | undefined;
}

function SlotRow({ field, value, set, at, fault }: SlotProps) {
  const catalog = useEditor((editor) => editor.catalog);
  const control = useId();
  const [opened, setOpen] = useState<boolean | undefined>(undefined);
  const open = opened ?? Boolean(fault); // what is at fault is in sight
  const slot = field.slot!;
  const preset = (field.default ?? null) as Filling | null;
  const filling = (value === undefined ? preset : value) as Filling | null;
  const entry = filling ? catalog[filling.type] : undefined;
  const inner = entry ? fieldsOf(entry, slot.given) : [];
  const choices = fillings(slot, catalog).filter((type) => !catalog[type]?.local);
  const inside: Place = { node: at.node, slot: [...at.slot, field.key] };
  if (filling && !choices.includes(filling.type)) choices.push(filling.type);
  const choose = (type: string) => {
    if (type === (preset?.type ?? "")) set([field], undefined);
    else set([field], type === "" ? null : { type, config: {} });
    sealHistory();
  };
  const setInner: SetField = (path, next) => {
    const { key } = path[0];
    const { [key]: _before, ...rest } = filling?.config ?? {};
    set([field, ...path], { ...filling!, config: next === undefined ? rest : { ...rest, [key]: next } });
  };
  const setWeights = (name: string | undefined) => {
    const { weights: _before, ...rest } = filling!;
    set([field, weightsOfSlot], name === undefined ? rest : { ...rest, weights: name });
  };
  const changed = Object.keys(filling?.config ?? {}).length + (filling?.weights === undefined ? 0 : 1);
  const hasWeights = entry?.kind === "composite";
  return (
    <fieldset className="slot">
      <div className="field" data-invalid={fault === ""}>
        <span className="field-name">
          <label htmlFor={control}>{field.title}</label>
          {value !== undefined && (
            <button
              type="button"
              className="link reset"
              onClick={() => {
                set([field], undefined);
                sealHistory();
              }}
              title="Back to the default"
            >
              reset
            </button>
          )}
        </span>
        <span className="field-control">
          <select id={control} value={filling?.type ?? ""} onChange={(event) => choose(event.target.value)}>
            {preset === null && <option value="">none</option>}
            {choices.map((type) => (
              <option key={type} value={type}>
                {catalog[type]?.title ?? type}
              </option>
            ))}
          </select>
          {entry?.kind === "composite" && (
            <button
              type="button"
              className="icon-button small"
              onClick={() => openNode(inside.node, inside.slot)}
              title={`Open the inside of ${entry.title}`}
              aria-label={`Open the inside of the ${field.title.toLowerCase()}`}
            >
              <Icon name="open" size={13} />
            </button>
          )}
        </span>
        <span className="field-help">{field.description}</span>
      </div>
      {(inner.length > 0 || hasWeights) && (
        <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>
            {entry!.title}
            {changed > 0 && <span className="muted"> · {changed} set</span>}
          </summary>
          {open && hasWeights && <StartsFrom value={filling?.weights} change={setWeights} />}
          {open && <Fields fields={inner} config={filling?.config ?? {}} set={setInner} at={inside} fault={fault} />}
        </details>
      )}
    </fieldset>
  );
}

function FieldRow(props: { field: Field; value: unknown; set: SetField; isAtFault: boolean }) {
  const { field, value, set, isAtFault } = props;
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const help = useId();
  const control = useId();
  const text = typed ?? fieldText(field, value);
  const parsed = parseField(field, text);
  const reason = parsed.ok ? undefined : parsed.reason;
  const change = (next: string) => {
    const result = parseField(field, next);
    setTyped(next);
    if (result.ok) set([field], result.value);
  };
  /** A choice is a step of its own, unlike a letter that is typed. */
  const choose = (next: string) => {
    change(next);
    if (parseField(field, next).ok) setTyped(undefined); // from now on the field shows its value
    sealHistory();
  };
  const attributes = {
    id: control,
    "aria-describedby": help,
    "aria-invalid": reason !== undefined || isAtFault,
    onBlur: () => {
      sealHistory();
      if (parsed.ok) setTyped(undefined);
    },
  };
  if (field.kind === "boolean") return <SwitchRow field={field} value={value} choose={choose} />;
  return (
    <div className="field" data-invalid={reason !== undefined || isAtFault}>
      <span className="field-name">
        <label htmlFor={control}>{field.title}</label>
        {value !== undefined && field.default !== undefined && (
          <button type="button" className="link reset" onClick={() => choose("")} title={`Back to ${field.default}`}>
            reset
          </button>
        )}
      </span>
      <span className="field-control">
        {field.kind === "choice" ? (
          <select {...attributes} value={text} onChange={(event) => choose(event.target.value)}>
            <option value="">{field.default === undefined ? "–" : `${field.default} (default)`}</option>
            {field.choices.map((choice) => (
              <option key={String(choice)} value={String(choice)}>
                {String(choice)}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...attributes}
            type="text"
            inputMode={field.kind === "integer" ? "numeric" : field.kind === "number" ? "decimal" : "text"}
            value={text}
            placeholder={field.default === undefined ? "" : fieldText(field, field.default)}
            spellCheck={false}
            {...(field.examples.length > 0 && { list: `${control}-examples` })}
            onChange={(event) => change(event.target.value)}
          />
        )}
        {field.examples.length > 0 && (
          <datalist id={`${control}-examples`}>
            {field.examples.map((example) => (
              <option key={example} value={example} />
            ))}
          </datalist>
        )}
        {field.unit && <span className="unit">{field.unit}</span>}
      </span>
      <span className="field-help" id={help}>
        {typeof value === "string" && value.startsWith("$") && <em>Follows a field of the block around. </em>}
        {reason ? <em>Needs {reason}.</em> : (field.description ?? boundsText(field) ?? "")}
      </span>
    </div>
  );
}

function SwitchRow({ field, value, choose }: { field: Field; value: unknown; choose: (text: string) => void }) {
  return (
    <label className="switch" title={field.description}>
      <input
        type="checkbox"
        role="switch"
        checked={(value ?? field.default) === true}
        aria-checked={(value ?? field.default) === true}
        onChange={(event) => choose(String(event.target.checked))}
      />
      <span>
        {field.title}
        {field.description && <span className="field-help">{field.description}</span>}
      </span>
    </label>
  );
}
