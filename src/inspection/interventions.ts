import { placeName } from "../channels/place.ts";
import { FlamingoError } from "../core/errors.ts";
import { gatedAdd, multiply } from "../engine/ops/elementwise.ts";
import type { Edit, Edits } from "../engine/readings/edited.ts";
import type { Weight } from "../engine/readings/weights.ts";
import { mul, type Tensor, tensor } from "../engine/tensor.ts";
import type { PlacedBlock } from "./placedBlocks.ts";

/** What is changed in a model while it computes. Its weights stay as they are. */
export interface Intervention {
  /** tanh of gates, −1 to 1, by their weights' names. */
  gates?: Readonly<Record<string, number>>;
  /** Fusion layers that are left out, from 0: what goes in comes out. */
  layers?: readonly number[];
  /** Heads of cross-attention whose output is 0, by fusion layer, both from 0. */
  heads?: readonly { layer: number; head: number }[];
  /** Media of the prompt that no token attends to, from 0. Tokens after one are then as those before the first image. */
  masked?: readonly number[];
}

/** Beyond this, α is so large that tanh(α) is ±1 in single precision. */
const widest = 1 - 1e-7;

/**
 * The edits that carry an intervention out.
 * @param weights all of the model, by which gates are found
 * @throws FlamingoError NOT_FOUND for a gate, layer or head that the model has not; USAGE for a value that no tanh has
 */
export async function interventionEdits(
  { gates = {}, layers = [], heads = [], masked = [] }: Intervention,
  weights: readonly Weight[],
  blocks: readonly PlacedBlock[],
): Promise<Edits> {
  const edits = new Map<string, Edit>();
  for (const [name, value] of Object.entries(gates)) {
    const edit = await gateEdit(name, value, weights, blocks);
    if (edit) edits.set(name, edit);
  }
  const fusion = fusionLayers(blocks);
  const at = (layer: number) => {
    if (fusion[layer]) return fusion[layer];
    const fix = `name one from 0 to ${fusion.length - 1}`;
    throw new FlamingoError("NOT_FOUND", `there is no fusion layer ${layer} among ${fusion.length}`, { fix });
  };
  for (const layer of layers) edits.set(placeName(at(layer).around), ({ text }) => ({ text: text! }));
  for (const layer of new Set(heads.map((each) => each.layer))) {
    const closed = heads.filter((each) => each.layer === layer).map(({ head }) => head);
    edits.set(placeName(at(layer).attention), headEdit(closed, at(layer).heads));
  }
  if (masked.length > 0)
    for (const block of blocks)
      if (block.types.at(-1) === "MediaMask") edits.set(placeName(block), maskEdit(new Set(masked)));
  return edits;
}

/** A layer that lets text attend to media: the block around its cross-attention, and the attention inside. */
interface FusionLayer {
  around: PlacedBlock;
  attention: PlacedBlock;
  heads: number;
}

/** The fusion layers of a model, from the first to the last. */
function fusionLayers(blocks: readonly PlacedBlock[]): FusionLayer[] {
  const byName = new Map(blocks.map((block) => [placeName(block), block]));
  return blocks.flatMap((attention) => {
    const { node, path, types, config } = attention;
    if (types.at(-1) !== "Attention" || types.at(-2) !== "MaskedCrossAttention") return [];
    const around = byName.get(placeName({ node, path: path.slice(0, -2) }));
    return around ? [{ around, attention, heads: Number(config.heads) }] : [];
  });
}

/** Undefined for the gate's own value: then its layer is left alone, and no bit changes. */
async function gateEdit(
  name: string,
  value: number,
  weights: readonly Weight[],
  blocks: readonly PlacedBlock[],
): Promise<Edit | undefined> {
  const weight = weights.find((each) => each.name === name && each.group === "gate");
  const gate = blocks.find((block) => placeName(block) === name && block.types.at(-1) === "TanhGate");
  if (!weight || !gate) {
    const known = weights.filter(({ group }) => group === "gate").map((each) => each.name);
    const fix = known.length > 0 ? `name one of ${known.join(", ")}` : "use a model with gated layers";
    throw new FlamingoError("NOT_FOUND", `there is no tanh gate "${name}"`, { actual: name, fix });
  }
  if (!(Math.abs(value) <= 1)) {
    const fix = "give the gate's tanh: 0 closes it, 1 or -1 opens it";
    throw new FlamingoError("USAGE", `the gate "${name}" cannot be ${value}: a tanh is between -1 and 1`, { fix });
  }
  const [own] = await weight.variable.data();
  if (Math.tanh(own!) === value) return undefined;
  const alpha = Math.atanh(Math.max(-widest, Math.min(widest, value)));
  return ({ x, update }) => ({ y: gatedAdd(x as Tensor, update as Tensor, tensor([alpha])) });
}

/** The output of attention lies head by head along the channels. */
function headEdit(closed: readonly number[], heads: number): Edit {
  const wrong = closed.find((head) => !(head >= 0 && head < heads));
  if (wrong !== undefined) {
    const fix = `name one from 0 to ${heads - 1}`;
    throw new FlamingoError("NOT_FOUND", `there is no head ${wrong} among ${heads}`, { fix });
  }
  return (inputs, forward) => {
    const mixed = forward(inputs).mixed as Tensor;
    const width = mixed.shape.at(-1)!;
    const open = Float32Array.from({ length: width }, (_, at) =>
      closed.includes(Math.floor((at * heads) / width)) ? 0 : 1,
    );
    return { mixed: multiply(mixed, tensor(open)) };
  };
}

function maskEdit(masked: ReadonlySet<number>): Edit {
  return (inputs, forward) => {
    const mask = forward(inputs).mask as Tensor;
    const open = Int32Array.from({ length: mask.shape.at(-1)! }, (_, media) => (masked.has(media) ? 0 : 1));
    return { mask: mul(mask, tensor(open, [open.length], "int32")) };
  };
}
