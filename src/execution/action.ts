import type { z } from "zod";
import type { Spec } from "../core/block.ts";
import type { Ports } from "../core/port.ts";
import type { OpenSource } from "../data/source.ts";
import type { Source } from "../graph/graph.ts";
import type { PlanNode } from "../pipeline/compile.ts";
import type { RunControl } from "../runs/conduct.ts";
import type { RecordSink } from "../runs/record.ts";
import type { StoredCheckpoint } from "../training/checkpoint.ts";
import type { PipelineModel } from "./pipelineModel.ts";

/** Where an action stands: the node that its records name, and the outputs that it reads. */
export interface ActionPlace extends Pick<PlanNode, "id" | "label"> {
  inputs: Readonly<Record<string, Source>>;
}

/** What an action has at hand. */
export interface ActionContext {
  node: ActionPlace;
  model: PipelineModel;
  /** Opened sources by node id. */
  sources: ReadonlyMap<string, OpenSource>;
  log: RecordSink;
  folder: string;
  seed: number;
  /** Steps that the run asks for instead of the node's own. */
  steps?: number;
  signal: AbortSignal;
  control?: RunControl;
  /** The checkpoint that a resumed run goes on from. Given once, so that it does not stay in memory. */
  takeCheckpoint?(): StoredCheckpoint | undefined;
  /** Looks at the model while it is trained; made by the other actions of the plan. */
  observers: readonly Observer[];
}

/** Somebody who looks at the model every so many steps of training. */
export interface Observer {
  every: number;
  see(step: number): Promise<void>;
}

/** A node that does something: the only ones that touch the device. */
export interface ActionDefinition<C extends z.ZodObject = z.ZodObject, I extends Ports = Ports>
  extends Spec<C, I, Ports> {
  kind: "action";
  example: z.input<C>;
  /** Makes somebody who looks while a Train action of the same plan runs. */
  observe?(config: z.output<C>, context: ActionContext): Promise<Observer>;
  /** Runs once. Returns false if it was stopped before its end. */
  run?(config: z.output<C>, context: ActionContext): Promise<boolean>;
  /** Actions that train run before those that evaluate what was trained. */
  stage: "train" | "evaluate";
}

/** Defines an action. */
export function defineAction<C extends z.ZodObject, I extends Ports>(
  definition: Omit<ActionDefinition<C, I>, "kind" | "outputs">,
): ActionDefinition<C, I> {
  return { ...definition, kind: "action", outputs: {} };
}
