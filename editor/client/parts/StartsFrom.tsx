import { sealHistory } from "../stores/editor.ts";
import { useStartingWeights } from "../stores/findings.ts";

/** A choice of what a block starts from: pretrained weights, or what an earlier run has trained of the node. */
export function StartsFrom(props: {
  /** The node that the block is, or is in. */
  node?: string;
  value: string | undefined;
  change: (name: string | undefined) => void;
}) {
  const { node, value, change } = props;
  const choices = useStartingWeights().filter(({ nodes }) => nodes === undefined || (node && nodes.includes(node)));
  const isKnown = value === undefined || choices.some(({ name }) => name === value);
  return (
    <label className="field">
      <span className="field-name">Starts from</span>
      <select
        value={value ?? ""}
        onChange={(event) => {
          change(event.target.value || undefined);
          sealHistory();
        }}
      >
        <option value="">fresh weights</option>
        {!isKnown && <option value={value}>{value}</option>}
        {choices.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      <span className="field-help">Pretrained weights, or what an earlier run has trained of this node.</span>
    </label>
  );
}
