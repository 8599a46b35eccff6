import { sealHistory } from "../stores/editor.ts";

/** A field for the name of the pretrained weights that a block starts from. */
export function StartsFrom({
  value,
  change,
}: {
  value: string | undefined;
  change: (name: string | undefined) => void;
}) {
  return (
    <label className="field">
      <span className="field-name">Starts from</span>
      <input
        type="text"
        value={value ?? ""}
        placeholder="fresh weights"
        pattern="[a-z0-9][a-z0-9\-]*"
        spellCheck={false}
        onChange={(event) => change(event.target.value || undefined)}
        onBlur={sealHistory}
      />
      <span className="field-help">Name of pretrained weights; empty starts from random ones.</span>
    </label>
  );
}
