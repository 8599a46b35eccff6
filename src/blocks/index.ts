import type { AnyBlock } from "../core/block.ts";
import { Activation } from "./activation.ts";
import { Add } from "./add.ts";
import { AppendMean } from "./appendMean.ts";
import { Attention } from "./attention.ts";
import { BagOfWords } from "./bagOfWords.ts";
import { Concat } from "./concat.ts";
import { ContrastiveLoss } from "./contrastiveLoss.ts";
import { Conv } from "./conv.ts";
import { ConvEncoder } from "./convEncoder.ts";
import { ConvResidual } from "./convResidual.ts";
import { DecoderLayer } from "./decoderLayer.ts";
import { EncoderLayer } from "./encoderLayer.ts";
import { FeedForward } from "./feedForward.ts";
import { FlattenFrames } from "./flattenFrames.ts";
import { FlattenGrid } from "./flattenGrid.ts";
import { FlattenMedia } from "./flattenMedia.ts";
import { FrameEmbedding } from "./frameEmbedding.ts";
import { GatedXattnDense } from "./gatedXattnDense.ts";
import { Halve } from "./halve.ts";
import { ImageEmbedding } from "./imageEmbedding.ts";
import { Latents } from "./latents.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { Logits } from "./logits.ts";
import { MaskedCrossAttention } from "./maskedCrossAttention.ts";
import { MediaLocations } from "./mediaLocations.ts";
import { MediaMask } from "./mediaMask.ts";
import { MediaTimeEmbedding } from "./mediaTimeEmbedding.ts";
import { NextTokenLoss } from "./nextTokenLoss.ts";
import { PerceiverAttention } from "./perceiverAttention.ts";
import { PerceiverResampler } from "./perceiverResampler.ts";
import { PositionEmbedding } from "./positionEmbedding.ts";
import { RmsNorm } from "./rmsNorm.ts";
import { RotaryEmbedding } from "./rotaryEmbedding.ts";
import { SelfAttention } from "./selfAttention.ts";
import { SumOfWords } from "./sumOfWords.ts";
import { SwiGlu } from "./swiglu.ts";
import { TanhGate } from "./tanhGate.ts";
import { TextPositions } from "./textPositions.ts";
import { TokenEmbedding } from "./tokenEmbedding.ts";
import { VisionTransformer } from "./visionTransformer.ts";

/** Every block, in the order in which the palette shows them: a new block is one file and one line here. */
export const blocks: readonly AnyBlock[] = [
  ConvEncoder,
  VisionTransformer,
  ConvResidual,
  Conv,
  EncoderLayer,
  PositionEmbedding,
  FlattenGrid,
  AppendMean,
  ImageEmbedding,
  PerceiverResampler,
  PerceiverAttention,
  Latents,
  FlattenFrames,
  FrameEmbedding,
  MediaTimeEmbedding,
  GatedXattnDense,
  MaskedCrossAttention,
  TanhGate,
  MediaLocations,
  MediaMask,
  FlattenMedia,
  DecoderLayer,
  SelfAttention,
  FeedForward,
  TokenEmbedding,
  TextPositions,
  RotaryEmbedding,
  Logits,
  BagOfWords,
  SumOfWords,
  NextTokenLoss,
  ContrastiveLoss,
  Attention,
  Linear,
  LayerNorm,
  RmsNorm,
  Activation,
  SwiGlu,
  Add,
  Concat,
  Halve,
];
