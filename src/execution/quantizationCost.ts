import { describeWeights } from "../core/describeWeights.ts";
import { FlamingoError } from "../core/errors.ts";
import type { Ports } from "../core/port.ts";
import { type Bits, heldBits, heldBytes } from "../core/quantization.ts";
import { findBlock } from "../core/registry.ts";
import { openModelTokenizer } from "../data/modelTokenizer.ts";
import { openDevice } from "../engine/devices/device.ts";
import { type Tensor, tensor, tidy } from "../engine/tensor.ts";
import { meanScore, scoreTokens } from "../evaluation/score.ts";
import { build } from "../models/build.ts";
import { type ImportedModel, type ModelFiles, openModel } from "../models/modelFiles.ts";

/** A model of another library, and in how many bits its frozen matrices are to be held. */
export interface QuantizedFiles extends ModelFiles {
  quantize: Bits;
}

/** What holding a model's frozen matrices in few bits saves, and what it costs. */
export interface QuantizationCost {
  bits: Bits;
  /** Bytes of the weights on the device in single precision, and as they are held. */
  bytes: { single: number; held: number };
  /** Mean log-likelihood of a token of an English text, in nats; undefined where it was not measured. */
  logLikelihood?: { single: number; held: number };
  /** Why it was not measured. */
  unmeasured?: string;
}

/** Ordinary English, of some 150 tokens; a model of fewer positions reads its beginning. */
const text = `The garden lay behind the house, and a low stone wall divided it from the field. In spring the children came every morning to \
see whether the first leaves had opened. Their grandmother sat on the bench with a cup of tea and told them which birds were singing: the \
small brown one was a wren, and the one with the red breast was a robin. When it rained they ran back to the kitchen, where bread was \
cooling on the table. Nobody was in a hurry. The clock on the wall had stopped years ago, and no one had ever thought of repairing it, \
because the light in the window told them all that they wanted to know about the time of the day.`;

/**
 * Tells how many bytes a model's weights take where its frozen matrices are quantised, and measures what that does to the
 * log-likelihood of an English text, on the fastest device that is there.
 *
 * @throws FlamingoError as `openModel`; DEVICE_UNAVAILABLE
 */
export async function quantizationCost(
  files: QuantizedFiles,
  device: Parameters<typeof openDevice>[0] = "auto",
): Promise<QuantizationCost> {
  const { quantize: bits } = files;
  const model = openModel(files);
  const weights = describeWeights(findBlock(model.block.type)!, model.block.config ?? {}, { frozen: true });
  const single = weights.reduce((sum, { shape }) => sum + heldBytes(shape), 0);
  const held = weights.reduce((sum, weight) => sum + heldBytes(weight.shape, heldBits(weight, bits)), 0);
  const cost = { bits, bytes: { single, held } };
  const ids = await textIds(model);
  if (!ids) return { ...cost, unmeasured: "it is no language model with a tokenizer.json that reads text alone" };
  const { name, memory } = await openDevice(device);
  if (memory !== undefined && single > memory)
    return { ...cost, unmeasured: `in single precision the model does not fit the device ${name}` };
  try {
    const logLikelihood = {
      single: await likelihood({ ...model, bits: undefined }, ids),
      held: await likelihood(model, ids),
    };
    return { ...cost, logLikelihood };
  } catch (error) {
    if (!(error instanceof FlamingoError)) throw error;
    return { ...cost, unmeasured: error.message }; // such as no memory left on the device
  }
}

/** The ids of the text, where the model reads text alone and has a tokenizer. */
async function textIds({ block, tokens }: ImportedModel): Promise<number[] | undefined> {
  const { inputs, outputs } = findBlock(block.type)!;
  const takesText =
    outputs.logits && Object.entries(inputs as Ports).every(([port, { optional }]) => port === "ids" || optional);
  if (!takesText || !tokens) return undefined;
  const tokenizer = openModelTokenizer(tokens);
  return [tokenizer.special.bos, ...tokenizer.encode(text)].slice(0, mostPositions(block));
}

/** Positions that a language model takes, where it has a table of them. */
function mostPositions({ config }: ImportedModel["block"]): number | undefined {
  const { positions } = config as { positions?: { config?: { maxLength?: number } } };
  return positions?.config?.maxLength;
}

async function likelihood({ block, ...from }: ImportedModel, ids: readonly number[]): Promise<number> {
  const model = build(findBlock(block.type)!, block.config ?? {}, { from, frozen: true });
  try {
    const logits = tidy(() => {
      const result = model({ ids: tensor(Int32Array.from(ids), [1, ids.length], "int32") }) as
        | Tensor
        | { logits: Tensor };
      return ("logits" in result ? result.logits : result).clone();
    });
    const [, length, tokens] = logits.shape as [number, number, number];
    const targets = Int32Array.from({ length }, (_, at) => ids[at + 1] ?? -100);
    const numbers = (await logits.data()) as Float32Array;
    logits.dispose();
    const { sums, counts } = scoreTokens(numbers, [1, length, tokens], targets);
    return meanScore({ sum: sums[0]!, count: counts[0]! });
  } finally {
    model.dispose();
  }
}
