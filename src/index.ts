/**
 * Flamingo Studio's library: Flamingo's blocks, how they are made and traced, the device they run on, and what trains,
 * judges and looks into models that are made of them.
 */

export { Attention } from "./blocks/attention.ts";
export { ConvEncoder } from "./blocks/convEncoder.ts";
export { DecoderLayer } from "./blocks/decoderLayer.ts";
export { FeedForward } from "./blocks/feedForward.ts";
export { GatedXattnDense } from "./blocks/gatedXattnDense.ts";
// Blocks, as functions on tensors
export { blocks } from "./blocks/index.ts";
export { LayerNorm } from "./blocks/layerNorm.ts";
export { Linear } from "./blocks/linear.ts";
export { MaskedCrossAttention } from "./blocks/maskedCrossAttention.ts";
export { MediaLocations } from "./blocks/mediaLocations.ts";
export { MediaMask } from "./blocks/mediaMask.ts";
export { NextTokenLoss } from "./blocks/nextTokenLoss.ts";
export { PerceiverAttention } from "./blocks/perceiverAttention.ts";
export { PerceiverResampler } from "./blocks/perceiverResampler.ts";
export { SelfAttention } from "./blocks/selfAttention.ts";
export { TanhGate } from "./blocks/tanhGate.ts";
export { VisionTransformer } from "./blocks/visionTransformer.ts";
export { defineBlock, instantiate } from "./core/block.ts";
export { makeCatalog } from "./core/catalog.ts";
export { type ErrorReport, FlamingoError } from "./core/errors.ts";
export { bool, float32, int32, optional } from "./core/port.ts";
export { Random } from "./core/random.ts";
export { describeWeights, sizeOf, trace } from "./core/trace.ts";
// Data and weights
export { type DrawingOptions, drawing, drawingLabels, drawingSamples } from "./data/emoji/drawing.ts";
export { emojiTokenizer } from "./data/emoji/emoji.ts";
export { Picture } from "./data/picture.ts";
export { Tokenizer } from "./data/tokenizer.ts";
export { valueAndGradients } from "./engine/autodiff/gradients.ts";
// The device, tensors and gradients
export { type Device, type DeviceName, type DeviceOptions, openDevice } from "./engine/devices/device.ts";
export { memoryUse } from "./engine/memory.ts";
export { Eager } from "./engine/readings/eager.ts";
export { definePrimitive } from "./engine/readings/primitive.ts";
export { type Weight, Weights } from "./engine/readings/weights.ts";
export type { Tensor, Variable } from "./engine/tensor.ts";
export { tf } from "./engine/tensor.ts";
// Pipelines and models that were trained
export { type CaptionAttention, CaptionModel } from "./execution/captionModel.ts";
export { pretrainedCaptioner, readModel, saveModel } from "./execution/modelFile.ts";
export { catalog } from "./execution/registry.ts";
export { readTemplate, templateNames } from "./execution/templates.ts";
export { AttentionWatch, rollOut } from "./inspection/attention.ts";
export { watchAttention } from "./inspection/watchAttention.ts";
// Making blocks, and looking into them
export { type BuildOptions, type Built, build } from "./models/build.ts";
export { Flamingo, FlamingoLanguageModel } from "./models/flamingo.ts";
export { presets } from "./models/presets.ts";
export { checkConnection, checkPipeline } from "./pipeline/check.ts";
export { compile } from "./pipeline/compile.ts";
export { pipelineNotebook } from "./pipeline/notebook.ts";
export { type Pipeline, readPipeline, writePipeline } from "./pipeline/schema.ts";
// Training by hand
export { train as trainingLoop } from "./training/loop.ts";
export { Optimizer } from "./training/optimizer.ts";
export { flamingoParts } from "./training/parts.ts";
export { rateAt } from "./training/schedule.ts";
export { loadWeights, saveWeights } from "./weights/file.ts";
export { pretrainedNames } from "./weights/pretrained.ts";
