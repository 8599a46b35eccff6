import { useState } from "react";
import { formatCount } from "../../../src/figures/numbers.ts";
import { planText } from "../../../src/pipeline/planPreview.ts";
import { deviceNames } from "../../shared/protocol.ts";
import { parseSeeds } from "../form/seeds.ts";
import { startRuns } from "../stores/document.ts";
import { openDialog, useEditor } from "../stores/editor.ts";
import { tellError } from "../stores/notices.ts";
import { earlierRun, usePlan } from "../stores/plan.ts";
import { useRun } from "../stores/run.ts";
import { useStudio } from "../stores/studio.ts";
import { Modal } from "./Modal.tsx";

/**
 * Asks how to run the pipeline, and says what will run.
 * @param more whether it proposes to go on from the shown run's checkpoint, twice as far
 */
export function RunDialog({ more = false }: { more?: boolean }) {
  const auto = useStudio((studio) => studio.info?.device.name);
  const fresh = useEditor((editor) => editor.newWeights);
  const last = useRun((run) => run.state.checkpoints.at(-1)?.step);
  const seed = useRun((run) => run.state.seed);
  const earlier = earlierRun();
  const canGoOn = earlier !== undefined && last !== undefined;
  const [device, setDevice] = useState<(typeof deviceNames)[number]>("auto");
  const [seeds, setSeeds] = useState(more ? String(seed) : "");
  const [steps, setSteps] = useState(more && last !== undefined ? String(2 * last) : "");
  const [goesOn, setGoesOn] = useState(more);
  const chosen = parseSeeds(seeds);
  const from = goesOn && canGoOn ? earlier.id : undefined;
  const asked = steps === "" ? undefined : Number(steps);
  const plan = usePlan({ ...(chosen?.[0] === undefined ? {} : { seed: chosen[0] }), steps: asked });
  const start = () => {
    openDialog(undefined);
    const options = { device, ...(asked === undefined ? {} : { steps: asked }), ...(from ? { from } : {}) };
    void startRuns(chosen ?? [], options).catch(tellError);
  };
  return (
    <Modal title={more ? "More steps" : "Run with…"}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start();
        }}
      >
        <label className="field">
          <span className="field-name">Device</span>
          <select value={device} onChange={(event) => setDevice(event.target.value as typeof device)}>
            {deviceNames.map((name) => (
              <option key={name} value={name}>
                {name === "auto" && auto ? `auto (${auto})` : name}
              </option>
            ))}
          </select>
        </label>
        <label className="field" data-invalid={chosen === undefined}>
          <span className="field-name">Seeds</span>
          <input
            type="text"
            value={seeds}
            placeholder="0"
            aria-invalid={chosen === undefined}
            onChange={(event) => setSeeds(event.target.value)}
          />
          <span className="field-help">
            {chosen === undefined
              ? "Write seeds with commas between, or a range: 1, 2, 3 or 1-3."
              : "Several, such as 1-3, start a run each. The same seed on the same device gives the same numbers."}
          </span>
        </label>
        <label className="field">
          <span className="field-name">Steps</span>
          <input
            type="number"
            min={1}
            step={1}
            value={steps}
            placeholder="as the pipeline says"
            onChange={(event) => setSteps(event.target.value)}
          />
          <span className="field-help">
            {from ? "All together, those of the run before too." : "Fewer for a quick look."}
          </span>
        </label>
        {canGoOn && (
          <label className="check">
            <input type="checkbox" checked={goesOn} onChange={(event) => setGoesOn(event.target.checked)} />
            Go on from step {formatCount(last)} of the run that is shown
          </label>
        )}
        {Object.entries(fresh).map(([id, { weights, names }]) => (
          <p className="field-help" key={id} title={names.join("\n")}>
            {id}: {weights.toLocaleString("en-US")} weights are new by your changes, such as {names[0]}.
          </p>
        ))}
        <details className="plan">
          <summary>What will run</summary>
          <ul>
            {plan.map((each) => (
              <li key={each.node} data-verdict={each.verdict}>
                <strong>{each.node}</strong> {from && each.verdict === "runs" ? "" : planText(each)}
                {from && each.verdict === "runs" && "Will run from the checkpoint on."}
              </li>
            ))}
          </ul>
        </details>
        <footer>
          <button type="button" className="button" onClick={() => openDialog(undefined)}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={chosen === undefined}>
            {chosen && chosen.length > 1 ? `Run ${chosen.length} times` : "Run"}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
