import { memo, useMemo, useState } from "react";
import { formatCount } from "../../../../src/figures/numbers.ts";
import { type AnsiSpan, parseAnsi } from "../show/ansi.ts";
import { lastLines, overwrite } from "../show/terminalLines.ts";

/** Lines that are shown before a person asks for all. */
const most = 200;

/** What a program printed, with its colours. Of a long text the end is shown, until all is asked for. */
export const TerminalText = memo(function TerminalText({ text, kind }: { text: string; kind: string }) {
  const [all, setAll] = useState(false);
  const clipped = useMemo(() => lastLines(overwrite(text), all ? Number.POSITIVE_INFINITY : most), [text, all]);
  const spans = useMemo(() => parseAnsi(clipped.text), [clipped.text]);
  return (
    <div className="printed" data-kind={kind} data-all={all || undefined}>
      {(clipped.hidden > 0 || all) && (
        <button type="button" className="link" onClick={() => setAll(!all)}>
          {all ? "Show the end only" : `Show all ${formatCount(clipped.lines)} lines`}
        </button>
      )}
      <pre tabIndex={all ? 0 : undefined}>
        {spans.map((span, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name
          <Piece key={at} {...span} />
        ))}
      </pre>
    </div>
  );
});

function Piece({ text, bold, faint, italic, underline, color, background }: AnsiSpan) {
  if (!bold && !faint && !italic && !underline && !color && !background) return text;
  return (
    <span
      style={{
        ...(bold ? { fontWeight: 700 } : {}),
        ...(faint ? { opacity: 0.65 } : {}),
        ...(italic ? { fontStyle: "italic" } : {}),
        ...(underline ? { textDecoration: "underline" } : {}),
        ...(color ? { color: ink(color) } : {}),
        ...(background ? { background: ink(background) } : {}),
      }}
    >
      {text}
    </span>
  );
}

function ink(color: string): string {
  return color.startsWith("rgb") ? color : `var(--ansi-${color})`;
}
