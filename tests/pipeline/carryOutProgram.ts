import { expect } from "vitest";
import { PipelineBuilder } from "../../src/pipeline/builder.ts";
import type { Pipeline } from "../../src/pipeline/schema.ts";

/** What a program runs, and with what: all of it but its import is carried out. */
export async function carryOutProgram(program: string): Promise<{ pipeline: Pipeline; options: unknown }> {
  const [, ...lines] = program.split("\n");
  expect(lines[0]).toBe('import { PipelineBuilder, runPipeline } from "flamingo-studio";');
  const AsyncFunction = (async () => {}).constructor as new (
    ...parts: string[]
  ) => (...given: unknown[]) => Promise<void>;
  let asked: { pipeline: Pipeline; options: unknown } | undefined;
  const runPipeline = async (pipeline: Pipeline, options: unknown) => {
    asked = { pipeline, options };
    return { folder: "nowhere" };
  };
  const console = { log: () => {} };
  const body = lines.slice(1).join("\n");
  await new AsyncFunction("PipelineBuilder", "runPipeline", "console", body)(PipelineBuilder, runPipeline, console);
  return asked!;
}
