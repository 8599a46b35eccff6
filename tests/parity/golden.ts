import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { loadWeights } from "../../src/weights/file.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { type Correspondence, reference } from "./reference.ts";

type Stored = ReadonlyMap<string, StoredTensor>;

/** A case of the reference, read and complete: each tensor has its counterpart in our block, and the reverse. */
export interface GoldenCase {
  /** Name of the reference's block. */
  type: string;
  correspondence: Correspondence;
  /** Our block's configuration. */
  config: Record<string, unknown>;
  weights: Stored;
  /** Under the reference's names; those of real numbers have a gradient. */
  inputs: Stored;
  /** The loss is sum(output * cotangent). */
  cotangent: StoredTensor;
  output: StoredTensor;
  /** By the reference's name of the input or weight. */
  gradients: Stored;
}

/**
 * Reads a case's folder.
 * @throws Error whose message names the file and everything in it that is missing, left over or of a wrong shape
 */
export async function readCase(folder: string): Promise<GoldenCase> {
  const { type, correspondence, config } = await readConfig(join(folder, "config.json"));
  const [weights, inputs, expected] = await Promise.all(
    ["weights", "inputs", "expected"].map(async (name) => {
      const { tensors } = await loadWeights(join(folder, `${name}.safetensors`));
      return new Map(tensors);
    }),
  );
  const specs = describeWeights(correspondence.block, config);
  const ports = Object.entries(correspondence.inputs);
  const learnt = ports.filter(([, port]) => correspondence.block.inputs[port].dtype === "float32");
  const findings = [
    ...differences(
      "weights",
      weights!,
      specs.map(({ name }) => name),
    ),
    ...differences("inputs", inputs!, [...ports.map(([name]) => name), "grad_output"]),
    ...differences("expected", expected!, [
      "output",
      ...[...learnt.map(([name]) => name), ...specs.map(({ name }) => name)].map((name) => `grad.${name}`),
    ]),
    ...specs.flatMap(({ name, shape }) => shapeFindings("weights", weights!, name, shape)),
    ...shapeFindings("inputs", inputs!, "grad_output", expected!.get("output")?.shape),
    ...specs.flatMap(({ name, shape }) => shapeFindings("expected", expected!, `grad.${name}`, shape)),
    ...learnt.flatMap(([name]) => shapeFindings("expected", expected!, `grad.${name}`, inputs!.get(name)?.shape)),
  ];
  if (findings.length > 0) throw new Error(findings.join("; "));
  const cotangent = inputs!.get("grad_output")!;
  inputs!.delete("grad_output");
  const output = expected!.get("output")!;
  expected!.delete("output");
  const gradients = new Map([...expected!].map(([name, tensor]) => [name.slice("grad.".length), tensor]));
  return { type, correspondence, config, weights: weights!, inputs: inputs!, cotangent, output, gradients };
}

async function readConfig(path: string): Promise<Pick<GoldenCase, "type" | "correspondence" | "config">> {
  let given: unknown;
  try {
    given = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`config.json: ${code === "ENOENT" ? "there is no such file" : message}`);
  }
  const fields = given as { block?: unknown } | null;
  if (typeof fields !== "object" || typeof fields?.block !== "string")
    throw new Error('config.json: "block" must name a block of the reference');
  const type = fields.block;
  const correspondence = Object.hasOwn(reference, type) ? reference[type]! : undefined;
  if (!correspondence)
    throw new Error(
      `config.json: the block "${type}" has no counterpart here; known are ${Object.keys(reference).join(", ")}`,
    );
  return { type, correspondence, config: correspondence.configure({ ...fields }) };
}

/** What a file lacks, and what is in it that nothing here takes. */
function differences(file: string, stored: Stored, wanted: readonly string[]): string[] {
  const missing = wanted.filter((name) => !stored.has(name));
  const unused = [...stored.keys()].filter((name) => !wanted.includes(name));
  return [
    ...(missing.length > 0 ? [`${file}.safetensors lacks ${missing.join(", ")}`] : []),
    ...(unused.length > 0 ? [`${file}.safetensors has ${unused.join(", ")}, which nothing here takes`] : []),
  ];
}

function shapeFindings(file: string, stored: Stored, name: string, wanted: readonly number[] | undefined): string[] {
  const shape = stored.get(name)?.shape;
  if (!shape || !wanted || String(shape) === String(wanted)) return [];
  return [`${file}.safetensors: ${name} has shape [${shape}], expected [${wanted}]`];
}
