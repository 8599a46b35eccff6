import { Handle, Position } from "@xyflow/react";
import type { ReactNode } from "react";
import type { SolvedShape } from "../../../src/core/shape.ts";
import { formatWeights } from "../../../src/figures/numbers.ts";
import { shapeText } from "../../../src/figures/shapeText.ts";
import { type Tone, toneWords } from "../../../src/figures/tone.ts";
import type { NodeRunState } from "../../../src/runs/record.ts";
import { Icon } from "./Icon.tsx";

/** A port as a card shows it. */
export interface CardPort {
  name: string;
  direction: "input" | "output";
  shape: SolvedShape | undefined;
  /** What it carries, for the tooltip. */
  hint: string;
  optional?: boolean;
  /** While a wire is drawn: whether it could end here. */
  wiring?: "fits" | "refused" | undefined;
  /** Something is wrong with what is wired to it, or it lacks a wire. */
  wrong?: boolean;
}

interface CardProps {
  title: string;
  subtitle: string;
  /** Of the subtitle, where that is cut short. */
  hint?: string;
  tone: Tone;
  weights?: number;
  ports: readonly CardPort[];
  connectable: boolean;
  state?: NodeRunState;
  /** 0 to 1, drawn under the head. */
  share?: number | undefined;
  wrong?: string | undefined;
  unknown?: boolean;
  /** Whether it is left out of what is computed. */
  skip?: "bypass" | "mute" | undefined;
  /** How it differs from what the block around, or the block itself, was made from. */
  difference?: "added" | "changed" | undefined;
  onOpen?: (() => void) | undefined;
  children?: ReactNode;
}

/** Draws any block: its name, weights and colour, its ports with their shapes, how far it is, and a live figure. */
export function BlockCard(props: CardProps) {
  const { title, subtitle, tone, weights = 0, ports, state = "idle", share, wrong, unknown } = props;
  return (
    <div
      className="card"
      data-tone={tone}
      data-state={state}
      data-wrong={wrong !== undefined}
      data-unknown={unknown}
      data-skip={props.skip}
    >
      <div className="card-head" title={wrong}>
        <div className="card-title">
          <span className="card-name" title={title}>
            {title}
          </span>
          {props.skip && (
            <span className="card-skip" title="Left out of what is computed">
              {props.skip === "mute" ? "muted" : "bypassed"}
            </span>
          )}
          {props.difference && !props.skip && (
            <span className="card-difference" title={`${props.difference} from the original`}>
              {props.difference}
            </span>
          )}
        </div>
        <div className="card-sub">
          <StateSign state={state} wrong={wrong} />
          <span className="card-type" title={props.hint ?? subtitle}>
            {subtitle}
          </span>
          {weights > 0 && (
            <span className="card-weights" title={`${weights.toLocaleString("en-US")} weights, ${toneWords[tone]}`}>
              {tone === "frozen" && <Icon name="lock" size={11} />}
              {formatWeights(weights)}
            </span>
          )}
          {props.onOpen && (
            <button
              type="button"
              className="card-open nodrag"
              onClick={props.onOpen}
              title={`Open the inside of ${title}`}
            >
              <Icon name="open" size={12} />
              <span className="hidden">Open the inside of {title}</span>
            </button>
          )}
        </div>
        {share !== undefined && (
          <div className="card-progress" style={{ transform: `scaleX(${share})` }} aria-hidden="true" />
        )}
      </div>
      {ports.length > 0 && (
        <div className="card-ports">
          {ports.map((port) => (
            <PortRow key={`${port.direction}.${port.name}`} port={port} connectable={props.connectable} />
          ))}
        </div>
      )}
      {props.children}
    </div>
  );
}

function PortRow({ port, connectable }: { port: CardPort; connectable: boolean }) {
  const isInput = port.direction === "input";
  const text = shapeText(port.shape);
  return (
    <div
      className="port"
      data-direction={port.direction}
      data-wiring={port.wiring}
      data-wrong={port.wrong}
      data-optional={port.optional}
      title={port.hint}
    >
      <Handle
        id={port.name}
        type={isInput ? "target" : "source"}
        position={isInput ? Position.Left : Position.Right}
        isConnectable={connectable}
        role="img"
        aria-label={`${port.direction} ${port.name} ${text}`}
      />
      <span className="port-name">{port.name}</span>
      <span className="port-shape">{text}</span>
    </div>
  );
}

const stateWords: Record<NodeRunState, string> = {
  idle: "",
  queued: "waiting",
  running: "running",
  succeeded: "done",
  failed: "failed",
  stopped: "stopped",
};

function StateSign({ state, wrong }: { state: NodeRunState; wrong: string | undefined }) {
  if (wrong !== undefined && state !== "running") {
    return (
      <span className="state" data-state="failed" role="img" aria-label={`problem: ${wrong}`}>
        <Icon name="warning" size={13} />
      </span>
    );
  }
  if (state === "idle") return null;
  return (
    <span className="state" data-state={state} role="img" aria-label={stateWords[state]} title={stateWords[state]}>
      {state === "succeeded" && <Icon name="check" size={12} />}
      {state === "failed" && <Icon name="warning" size={13} />}
      {state === "stopped" && <Icon name="stop" size={10} />}
    </span>
  );
}
