import type { AttentionFrame } from "../channels/attention.ts";
import { attentionMaps } from "../channels/attentionMaps.ts";
import type { AnyChannel, Table } from "../channels/channel.ts";
import { channels } from "../channels/channels.ts";
import { escapeHtml } from "../figures/escape.ts";
import type { Figure } from "../figures/figure.ts";
import { formatCount, formatNumber } from "../figures/numbers.ts";
import { figureSvg } from "../figures/svg/figure.ts";
import { type ChannelName, channelFigure } from "./channelFigure.ts";
import type { RunRecord } from "./folder.ts";
import { statusPanel } from "./runFigure.ts";
import type { RunState } from "./state.ts";

export interface ReportParts {
  record: RunRecord;
  run: RunState;
  /** The last attention frame, where there is one. */
  frame?: AttentionFrame | undefined;
  /** PNG files of the pinned images, by their numbers. */
  images: readonly (Uint8Array | undefined)[];
}

/** Rows of a table that are shown; all of them are in `flamingo log --csv`. */
const mostRows = 60;

const style = `
:root { color-scheme: light dark; --line: #d9d9d4; --muted: #6a6d78; }
@media (prefers-color-scheme: dark) { :root { --line: #3a3d45; --muted: #9b9ea9; } }
body { max-width: 960px; margin: 0 auto; padding: 32px 20px 64px; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
  background: light-dark(#fff, #1a1c21); color: light-dark(#23252b, #e9e9ee); }
h1 { font-size: 26px; margin: 0 0 2px; } h2 { font-size: 18px; margin: 36px 0 2px; }
p { margin: 0 0 10px; color: var(--muted); }
table { border-collapse: collapse; font-size: 13px; } td, th { padding: 3px 12px 3px 0; text-align: left; border-bottom: 1px solid var(--line); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
img { width: 40px; height: 40px; border-radius: 4px; vertical-align: middle; background: #fff; }
pre { overflow: auto; font-size: 12px; border: 1px solid var(--line); border-radius: 8px; padding: 12px; }
`;

/** What was watched in a run, as one HTML page that needs no script and nothing from a network. */
export function runReport({ record, run, frame, images }: ReportParts): string {
  const source = (image: number) => {
    const png = images[image];
    return png && `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  };
  const draw = (figure: Figure) => figureSvg(figure, { width: 920, images: source });
  const status = statusPanel(run, run.name || record.name, run.updated ?? 0);
  const sections = (channels as readonly AnyChannel[]).flatMap((channel) => {
    const figure = channelFigure(run, channel.name);
    const drawn = figure ? draw(figure) : shownTable(channel.table(run.channels[channel.name as ChannelName]));
    if (channel.name === "attention" || drawn === "") return [];
    return [section(channel.title, channel.summary, drawn)];
  });
  const attention = frame
    ? [
        section(
          "Attention",
          "Which parts of an image each token attends to.",
          draw({ rows: [[attentionMaps(frame)]], label: "attention" }),
        ),
      ]
    : [];
  const warnings = run.messages
    .filter(({ level }) => level === "warning")
    .map(({ message }) => `<li>${escapeHtml(message)}</li>`);
  const title = escapeHtml(run.name || record.name);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style></head>
<body>
<h1>${title}</h1>
<p>${escapeHtml(aboutOf(record, run))}</p>
${draw({ rows: [[status]], label: run.status })}
${[...sections, ...attention].join("\n")}
${warnings.length > 0 ? section("Warnings", "", `<ul>${warnings.join("")}</ul>`) : ""}
${section("Pipeline", "What was carried out, as a pipeline file.", `<details><summary>${formatCount(Object.keys(record.pipeline.nodes).length)} nodes</summary><pre>${escapeHtml(JSON.stringify(record.pipeline, undefined, 2))}</pre></details>`)}
</body>
</html>
`;
}

function section(title: string, summary: string, content: string): string {
  return `<section><h2>${escapeHtml(title)}</h2><p>${escapeHtml(summary)}</p>${content}</section>`;
}

function aboutOf(record: RunRecord, run: RunState): string {
  const began =
    run.started === undefined
      ? ""
      : `, begun ${new Date(run.started).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `run ${record.id}, seed ${record.seed}${run.device ? `, on ${run.device.name}` : ""}, step ${formatCount(run.step)} of ${formatCount(run.steps)}${began}`;
}

/** The last rows of a table; empty where it has none. */
function shownTable({ columns, rows }: Table): string {
  if (rows.length === 0) return "";
  const cell = (value: string | number) =>
    typeof value === "number"
      ? `<td class="number">${Number.isInteger(value) ? formatCount(value) : formatNumber(value)}</td>`
      : `<td>${escapeHtml(value)}</td>`;
  const body = rows.slice(-mostRows).map((row) => `<tr>${row.map(cell).join("")}</tr>`);
  const left = rows.length > mostRows ? `<p>the last ${mostRows} of ${formatCount(rows.length)} rows</p>` : "";
  return `${left}<table><thead><tr>${columns.map((column) => `<th>${escapeHtml(column.replaceAll("_", " "))}</th>`).join("")}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}
