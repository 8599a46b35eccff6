import type { WeightData } from "../../src/core/weight.ts";
import { reshape, type Tensor, tensor, tidy, transpose } from "../../src/engine/tensor.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { numbersOf } from "./familyCase.ts";

type Stored = ReadonlyMap<string, StoredTensor>;

/** The ports of a block of ours, and what another library calls them. */
interface FamilyPorts {
  /** Our inputs out of the case's. */
  inputs(stored: Stored): Record<string, Tensor>;
  /** Our outputs, by the library's names, in its layout. The first is the main one. */
  outputs(results: Readonly<Record<string, Tensor>>, stored: Stored): Record<string, Tensor>;
}

/** Images with their channels last. */
function channelsLast({ shape, data }: WeightData, lead: readonly number[]): Tensor {
  const [channels, height, width] = shape.slice(-3) as [number, number, number];
  return tidy(() => {
    const images = transpose(
      tensor(data, [data.length / (channels * height * width), channels, height, width]),
      [0, 2, 3, 1],
    );
    return reshape(images, [...lead, height, width, channels]);
  });
}

const pixels = (stored: Stored) => {
  const images = numbersOf(stored.get("pixel_values")!);
  return { images: channelsLast(images, [images.shape[0]!, 1, 1]) };
};

const ids = (stored: Stored, name: string) => {
  const { shape, data } = numbersOf(stored.get(name)!);
  return tensor(Int32Array.from(data), [...shape], "int32");
};

const mask = (stored: Stored) => (stored.has("attention_mask") ? { mask: ids(stored, "attention_mask") } : {});

/** By the name of our block. */
export const familyPorts: Readonly<Record<string, FamilyPorts>> = {
  FlamingoLanguageModel: {
    inputs: (stored) => ({ ids: ids(stored, "input_ids"), ...mask(stored) }),
    outputs: ({ logits }) => ({ logits: logits! }),
  },
  ClipVision: {
    inputs: pixels,
    outputs: ({ hidden, pooled }) => ({
      last_hidden_state: reshape(hidden!, [hidden!.shape[0]!, ...hidden!.shape.slice(3)]),
      pooler_output: reshape(pooled!, [pooled!.shape[0]!, pooled!.shape[3]!]),
    }),
  },
  NfNet: {
    inputs: pixels,
    outputs: ({ features }, stored) => {
      const [images, channels, height, width] = stored.get("cotangent")!.shape as [number, number, number, number];
      return { last_hidden_state: transpose(reshape(features!, [images, height, width, channels]), [0, 3, 1, 2]) };
    },
  },
  Flamingo: {
    inputs: (stored) => {
      const images = numbersOf(stored.get("vision_x")!);
      return { ids: ids(stored, "lang_x"), ...mask(stored), images: channelsLast(images, images.shape.slice(0, 3)) };
    },
    outputs: ({ logits }) => ({ logits: logits! }),
  },
};
