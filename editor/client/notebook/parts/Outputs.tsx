import { memo, useLayoutEffect, useRef } from "react";
import type { Output } from "../../../../kernel/nbformat/notebook.ts";
import type { CellOutputs } from "../../../../kernel/nbformat/outputs.ts";
import { Fallible } from "./Fallible.tsx";
import { RichOutput } from "./RichOutput.tsx";
import { TerminalText } from "./TerminalText.tsx";

/** What a cell shows. While it runs and has nothing to show yet, its place stays as high as it was: nothing jumps. */
export const Outputs = memo(function Outputs(props: {
  outputs: CellOutputs | undefined;
  running: boolean;
  notebook: string;
}) {
  const { outputs, running, notebook } = props;
  const box = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  const shown = outputs?.shown ?? [];
  const holds = running && shown.length === 0;
  useLayoutEffect(() => {
    if (!holds) height.current = box.current?.offsetHeight ?? 0;
  });
  if (shown.length === 0 && !(holds && height.current > 0)) return null;
  return (
    <div ref={box} className="outputs" style={holds ? { minHeight: height.current } : undefined}>
      {shown.map(({ output }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an output that takes another's place is drawn in its place
        <div key={at} className="cell-output" data-type={output.output_type}>
          <Fallible
            content={output}
            instead={(reason) => <p className="muted">This output cannot be shown: {reason}</p>}
          >
            <OutputContent output={output} notebook={notebook} />
          </Fallible>
        </div>
      ))}
    </div>
  );
});

function OutputContent({ output, notebook }: { output: Output; notebook: string }) {
  switch (output.output_type) {
    case "stream":
      return <TerminalText text={output.text} kind={output.name} />;
    case "error":
      return <TerminalText text={tracebackOf(output)} kind="error" />;
    default:
      return <RichOutput data={output.data} metadata={output.metadata} notebook={notebook} />;
  }
}

/** Some kernels leave the error itself out of the traceback, or send none. */
function tracebackOf({ ename, evalue, traceback }: Extract<Output, { output_type: "error" }>): string {
  return traceback.length > 0 ? traceback.join("\n") : [ename, evalue].filter(Boolean).join(": ");
}
