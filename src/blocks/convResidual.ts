import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { geluOf } from "./activations.ts";
import { add } from "./add.ts";
import { Conv } from "./conv.ts";
import { LayerNorm } from "./layerNorm.ts";

/**
 * Two 3×3 convolutions beside a residual connection.
 *
 * y = x + Conv(GELU(LayerNorm(Conv(x)))). Shapes: `x` and `y` [..., height, width, channels].
 *
 * @see He et al. 2015, Deep Residual Learning, arXiv:1512.03385
 */
export const ConvResidual = defineBlock({
  name: "ConvResidual",
  title: "Residual convolutions",
  category: "Vision",
  summary: "Two 3×3 convolutions beside a residual connection.",
  paper: "arXiv:1512.03385",
  config: z.strictObject({ channels: count("Channels", "Channels in and out.", "channels") }),
  example: { channels: 4 },
  exampleSizes: { lead: 2, height: 4, width: 5 },
  inputs: { x: float32("...lead height width channels", "images, or grids of features") },
  outputs: { y: float32("...lead height width channels", "the same, refined") },
  layer: true,
  build({ channels }, { child }) {
    const first = child("0", Conv, { inChannels: channels, outChannels: channels, kernel: 3 });
    const norm = child("1", LayerNorm, { dim: channels });
    const second = child("3", Conv, { inChannels: channels, outChannels: channels, kernel: 3 });
    return ({ x }) => add(x, second(geluOf(norm(first(x)))));
  },
});
