import { useState } from "react";
import { ComparedGraphs } from "./ComparedGraphs.tsx";
import type { RunVersion } from "./versions.ts";

/** How the pipeline of a version differs from the first one's: drawn, and as a list. */
export function PipelineDifferences({ versions }: { versions: readonly RunVersion[] }) {
  const [chosen, setChosen] = useState(1);
  const base = versions[0];
  const other = versions[Math.min(chosen, versions.length - 1)];
  if (!base || !other || base === other) {
    return (
      <section className="compare-part" aria-labelledby="differences">
        <h2 id="differences">Pipelines</h2>
        <p className="muted">These runs computed the same: they have one pipeline.</p>
      </section>
    );
  }
  return (
    <section className="compare-part" aria-labelledby="differences">
      <div className="heading-row">
        <h2 id="differences">What {base.letter} and</h2>
        <select
          aria-label="Version to compare with the first"
          value={versions.indexOf(other)}
          onChange={(event) => setChosen(Number(event.target.value))}
        >
          {versions.slice(1).map(({ name }, index) => (
            <option key={name} value={index + 1}>
              {name}
            </option>
          ))}
        </select>
        <h2>differ in</h2>
      </div>
      <ComparedGraphs
        before={base.pipeline}
        after={other.pipeline}
        none="Nothing that a graph shows."
        key={`${base.letter}${other.letter}`}
      />
    </section>
  );
}
