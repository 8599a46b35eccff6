import { formatCount, formatSeconds, formatWeights } from "../../../src/figures/numbers.ts";
import { dataWait, totalProgress } from "../../../src/runs/progress.ts";
import type { RunStatus } from "../../../src/runs/record.ts";
import type { RunState } from "../../../src/runs/state.ts";
import { inks } from "../html.ts";
import type { Panel } from "../plot/panel.ts";
import { at, cut, svgText, textWidth } from "../plot/svgText.ts";

const tones: Record<RunStatus, string> = {
  queued: inks.muted,
  running: inks.pink,
  paused: inks.muted,
  stopping: inks.muted,
  succeeded: inks.good,
  stopped: inks.muted,
  failed: inks.bad,
};

/** Work that lasts shorter needs no bar. */
const shortest = 10;

/** A run's name, how far it is, and how long it will take yet. */
export class HeadPanel implements Panel {
  readonly #state: RunState;
  readonly #name: string;
  readonly #now: number;

  /** @param now milliseconds since 1970 */
  constructor(state: RunState, name: string, now: number) {
    this.#state = state;
    this.#name = name;
    this.#now = now;
  }

  height(): number {
    return this.#lines().length > 1 ? 50 : 34;
  }

  svg(width: number): string {
    const { status } = this.#state;
    const { share } = totalProgress(this.#state, this.#now);
    const color = tones[status];
    const [first = "", ...rest] = this.#lines();
    const name = cut(this.#name, width * 0.45, 13.5);
    const left = 16 + textWidth(name, 13.5) + 14;
    return [
      `<circle cx="6" cy="9" r="4.5" fill="${color}"/>`,
      svgText(16, 13.5, name, { size: 13.5, bold: true }),
      svgText(left, 13.5, cut(first, width - left, 12), { size: 12, quiet: true }),
      `<rect x="0" y="23" width="${at(width)}" height="4" rx="2" fill="currentColor" fill-opacity="0.13"/>`,
      `<rect x="0" y="23" width="${at(width * share)}" height="4" rx="2" fill="${color}"/>`,
      ...rest.map((line, index) =>
        svgText(0, 44 + 15 * index, cut(line, width, 11.5), {
          size: 11.5,
          color: status === "failed" ? inks.bad : "currentColor",
          quiet: status !== "failed",
        }),
      ),
    ].join("");
  }

  text(): string {
    return [`${this.#name}: ${this.#lines().join("; ")}`].join("");
  }

  #lines(): string[] {
    const { status, error, device, started, updated, trainable, weights } = this.#state;
    const about = [
      ...(device ? [`on ${device.name}`] : []),
      ...(weights > 0 ? [`${formatWeights(trainable)} of ${formatWeights(weights)} weights learn`] : []),
    ];
    if (status === "failed") return [["failed", ...about].join(" · "), error ? `${error.code}: ${error.message}` : ""];
    if (status !== "running") {
      const took =
        started !== undefined && updated !== undefined ? ` after ${formatSeconds((updated - started) / 1000)}` : "";
      const at = this.#state.step;
      const where =
        status === "stopped" && at > 0 ? ` at step ${formatCount(at)} of ${formatCount(this.#state.steps)}` : "";
      return [[`${status}${where}${status === "succeeded" || status === "stopped" ? took : ""}`, ...about].join(" · ")];
    }
    const { progress, secondsLeft } = totalProgress(this.#state, this.#now);
    const doing = [progress?.activity ?? "starting"];
    if (progress?.step !== undefined)
      doing.push(
        `${formatCount(progress.step)}${progress.total === undefined ? "" : ` of ${formatCount(progress.total)}`}`,
      );
    const spent = started === undefined ? 0 : (this.#now - started) / 1000;
    const left =
      secondsLeft !== undefined && spent + secondsLeft >= shortest ? [`${formatSeconds(secondsLeft)} left`] : [];
    const wait = dataWait(this.#state, progress);
    return [[doing.join(" "), ...left, ...about, ...(wait === undefined ? [] : [wait])].join(" · ")];
  }
}
