import { gateLabel, weightName } from "../../../src/channels/gates.ts";
import { placeName } from "../../../src/channels/place.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { useRun } from "../stores/run.ts";
import { Formula } from "./Formula.tsx";
import { Stage, type StageProps } from "./Stage.tsx";

export function GateStage(
  props: StageProps & {
    gates: Readonly<Record<string, number>>;
    turn: (changed: Readonly<Record<string, number>>) => void;
  },
) {
  const { answer, token, layer, gates, turn } = props;
  const known = useRun(({ state }) => state.channels.gates.gates);
  const around = `${placeName(answer.frame.layers[layer]!)}.`;
  const tanhOf = (name: string) => answer.gateValues.find((each) => each.name === name)?.value ?? 0;
  const own = answer.gates.find(({ name, update }) => name.startsWith(around) && update === "MaskedCrossAttention");
  const { tokens } = answer.frame.images[0]!;
  return (
    <Stage
      number={5}
      title="Gate"
      paper="2.2, Figure 4"
      words={
        <>
          <p>
            Only as much of the update enters the text as the gate lets in: tanh(α), 0 before training. Drag a gate, and
            see the sentence change.
          </p>
          <Formula
            tex={String.raw`y \leftarrow y + \tanh(\alpha)\, u`}
            label="y becomes y plus tanh of alpha times u"
          />
          {own && (
            <>
              <p className="muted">
                “{tokens[token]}” in layer {layer + 1}, by lengths:
              </p>
              <Formula
                tex={String.raw`\lVert y \rVert = ${number(own.before[token])}, \quad \tanh(\alpha)\,\lVert u \rVert = ${number(tanhOf(own.name))} \cdot ${number(own.updates[token])}, \quad \lVert y + \tanh(\alpha)\,u \rVert = ${number(own.after[token])}`}
                label={`length ${number(own.before[token])} before, ${number(own.after[token])} after`}
              />
            </>
          )}
        </>
      }
    >
      {answer.gateValues.length === 0 && <p className="muted">This model has no gates.</p>}
      <div className="explanation-gates">
        {answer.gateValues.map(({ name, value }) => {
          const gate = known.find((each) => weightName(each) === name);
          return (
            <label key={name} className="slider" data-own={name === own?.name} title={name}>
              <span>{gate ? gateLabel(gate) : name}</span>
              <input
                type="range"
                min={-1}
                max={1}
                step="any"
                value={gates[name] ?? value}
                onChange={(event) => turn({ [name]: Number(event.target.value) })}
              />
              <output>{formatNumber(gates[name] ?? value)}</output>
            </label>
          );
        })}
      </div>
    </Stage>
  );
}

function number(value: number | undefined): string {
  return formatNumber(value);
}
