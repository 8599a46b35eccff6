import { useMemo } from "react";
import { formatCount } from "../../../src/figures/numbers.ts";
import { type ChangeKind, changesOf } from "../../../src/runs/changes.ts";
import { useRun } from "../stores/run.ts";
import { NoRun } from "./NoRun.tsx";

/** Rows of the strip, from the top. */
const kinds: readonly { kind: ChangeKind; title: string }[] = [
  { kind: "gate", title: "gates opened" },
  { kind: "caption", title: "captions right" },
  { kind: "spike", title: "spikes of the loss" },
  { kind: "skipped", title: "steps skipped" },
];

/** Sizes of the strip, in units of its drawing. */
const [width, left, row] = [400, 118, 18];

/** What changed in the run, on a strip of all its steps and as a list. */
export function ChangesPanel() {
  const channels = useRun(({ state }) => state.channels);
  const steps = useRun(({ state }) => Math.max(state.step, 1));
  const changes = useMemo(() => changesOf({ channels }), [channels]);
  if (changes.length === 0)
    return (
      <NoRun
        sketch="rows"
        what="Gates that opened, captions that became right, spikes of the loss and skipped steps are listed here."
      />
    );
  const x = (step: number) => left + ((width - left - 8) * step) / steps;
  return (
    <>
      <svg
        className="changes-strip"
        viewBox={`0 0 ${width} ${row * kinds.length + 2}`}
        role="img"
        aria-label={`${changes.length} changes over ${formatCount(steps)} steps`}
      >
        {kinds.map(({ kind, title }, at) => (
          <g key={kind}>
            <text x={0} y={at * row + 14}>
              {title}
            </text>
            <line x1={left} x2={width - 8} y1={at * row + 10} y2={at * row + 10} />
            {changes
              .filter((change) => change.kind === kind)
              .map(({ step, text }) => (
                <circle key={`${step} ${text}`} data-kind={kind} cx={x(step)} cy={at * row + 10} r={5}>
                  <title>{`step ${formatCount(step)}: ${text}`}</title>
                </circle>
              ))}
          </g>
        ))}
      </svg>
      <ol className="log" data-testid="changes">
        {changes.map(({ step, kind, text }) => (
          <li key={`${step} ${text}`}>
            <i data-kind={kind} />
            <time>step {formatCount(step)}</time>
            <span className="log-text">{text}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
