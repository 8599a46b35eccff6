import { z } from "zod";
import { float32 } from "../core/port.ts";
import { optionalSlot } from "../core/slot.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { add, mul, reshape, tensor } from "../engine/tensor.ts";

/** Mean and spread of red, green and blue from 0 to 1, over the images of a pretraining. */
const statistics = {
  clip: { mean: [0.48145466, 0.4578275, 0.40821073], spread: [0.26862954, 0.26130258, 0.27577711] },
  imagenet: { mean: [0.485, 0.456, 0.406], spread: [0.229, 0.224, 0.225] },
} as const;

const inputs = { x: float32("...lead height width 3", "images, from -1 to 1") };
const outputs = { y: float32("...lead height width 3", "images as an encoder was trained with them") };

/**
 * Gives images the mean and the spread of pixels that a pretrained encoder was trained with.
 *
 * y = ((x + 1)/2 − mean) / spread for each colour. Shapes: `x` [..., height, width, 3] from −1 to 1, `y` alike.
 *
 * @see Radford et al. 2021, CLIP, arXiv:2103.00020 (its preprocessing); ImageNet's statistics, as timm and torchvision have them
 */
export const NormalizePixels = definePrimitive({
  name: "NormalizePixels",
  title: "Normalise pixels",
  category: "Vision",
  summary: "Gives images the mean and the spread of pixels that a pretrained encoder was trained with.",
  paper: "arXiv:2103.00020",
  config: z.strictObject({
    statistics: z.enum(["clip", "imagenet"]).default("clip").meta({
      title: "Statistics",
      description: "Whose mean and spread: those of CLIP's images, or of ImageNet.",
    }),
  }),
  example: {},
  exampleSizes: { lead: 2, height: 2, width: 3 },
  inputs,
  outputs,
  build({ statistics: name }) {
    const { mean, spread } = statistics[name];
    return ({ x }) => {
      const factor = tensor(spread.map((each) => 0.5 / each));
      const offset = tensor(mean.map((each, colour) => (0.5 - each) / spread[colour]!));
      return reshape(add(mul(reshape(x, [-1, 3]), factor), offset), x.shape);
    };
  },
});

/** A slot for what images go through before an encoder; empty where they come as it was trained with them. */
export const pixelsSlot = optionalSlot({
  title: "Pixels",
  description:
    "What images go through first: the statistics that a pretrained encoder was trained with; nothing unless chosen.",
  inputs,
  outputs,
});
