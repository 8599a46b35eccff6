/**
 * Flamingo Studio's library: Flamingo's blocks, how they are made and traced, the device they run on, and what trains,
 * evaluates and inspects models that are made of them.
 */

// Definitions: blocks, models, sources of data, metrics, actions, channels.

export * from "./blocks/index.ts";
export { channels } from "./channels/channels.ts";
export * from "./data/sources/index.ts";
export { metrics } from "./evaluation/evaluate.ts";
export * from "./execution/actions/index.ts";
export * from "./models/index.ts";

// Slots, for blocks of your own.

export { activationSlot } from "./blocks/activations.ts";
export { decoderLayerSlot } from "./blocks/decoderLayer.ts";
export { feedForwardSlot } from "./blocks/feedForward.ts";
export { fusionLayerSlot } from "./blocks/gatedXattnDense.ts";
export { headSlot } from "./blocks/logits.ts";
export { normSlot } from "./blocks/norm.ts";
export { attentionSlot } from "./blocks/selfAttention.ts";
export { gateSlot } from "./blocks/tanhGate.ts";
export { positionsSlot } from "./blocks/textPositions.ts";

// Making blocks, and looking into them.

export { makeCatalog } from "./core/catalog.ts";
export { count } from "./core/configFields.ts";
export { defineBlock } from "./core/defineBlock.ts";
export { describeWeights } from "./core/describeWeights.ts";
export { type ErrorReport, FlamingoError } from "./core/errors.ts";
export { functional } from "./core/functional.ts";
export { instantiate } from "./core/instantiate.ts";
export { bool, float32, int32, optional } from "./core/port.ts";
export { Random } from "./core/random.ts";
export { findBlock } from "./core/registry.ts";
export { sizeOf } from "./core/shape.ts";
export { optionalSlot, slot } from "./core/slot.ts";
export { FileTokenizer, loadTokenizer } from "./data/tokenizerFile.ts";
export type { Graph, GraphBlock } from "./graph/graph.ts";
export { graphBlock, withGraphBlocks } from "./graph/graphBlock.ts";
export { trace } from "./graph/trace.ts";
export { type BuildOptions, type Built, build } from "./models/build.ts";
export { clipEncoders } from "./models/clipEncoders.ts";
export { families, modelOf } from "./models/families/index.ts";
export { nfnets } from "./models/nfnets.ts";
export { openFlamingoModel, openFlamingoModels } from "./models/openFlamingoModels.ts";
export { presets } from "./models/presets.ts";

// The device, tensors and gradients.

export { valueAndGradients } from "./engine/autodiff/gradients.ts";
export { type Device, type DeviceName, type DeviceOptions, openDevice } from "./engine/devices/device.ts";
export { memoryUse } from "./engine/memory.ts";
export { Eager } from "./engine/readings/eager.ts";
export { definePrimitive } from "./engine/readings/primitive.ts";
export { type Weight, Weights } from "./engine/readings/weights.ts";
export { type Tensor, tf, type Variable } from "./engine/tensor.ts";

// Data and weights.

export { type DrawingOptions, drawing, drawingLabels, drawingSamples } from "./data/emoji/drawing.ts";
export { emojiTokenizer } from "./data/emoji/emoji.ts";
export { Image } from "./data/image.ts";
export { byteTokenizer } from "./data/texts/byteTokenizer.ts";
export { Tokenizer } from "./data/tokenizer.ts";
export { loadWeights, saveWeights } from "./weights/file.ts";
export { pretrainedNames } from "./weights/pretrained.ts";

// Pipelines and trained models.

export { type CaptionAttention, CaptionModel } from "./evaluation/captioning/captionModel.ts";
export { pretrainedCaptioner, readModel, saveModel } from "./execution/modelFile.ts";
export { catalog } from "./execution/registry.ts";
export { runPipeline } from "./execution/runPipeline.ts";
export { checkConnection, checkPipeline } from "./graph/check.ts";
export { AttentionWatch, rollOut } from "./inspection/attention.ts";
export { watchAttention } from "./inspection/watchAttention.ts";
export { type BuiltNode, PipelineBuilder } from "./pipeline/builder.ts";
export { compile } from "./pipeline/compile.ts";
export { pipelineNotebook } from "./pipeline/notebook.ts";
export { pipelineProgram } from "./pipeline/program.ts";
export { type Pipeline, readPipeline, writePipeline } from "./pipeline/schema.ts";
export { readTemplate, templateNames } from "./runs/templates.ts";

// Evaluation.

export type { EvaluationSet, Example } from "./data/evaluationSet.ts";
export type { Media } from "./data/media.ts";
export { type EvaluationOptions, evaluate } from "./evaluation/evaluate.ts";
export { defineMetric, type Metric } from "./evaluation/metrics/metric.ts";
export type { Prompt } from "./evaluation/prompt.ts";
export { type GeneratedText, PromptModel } from "./evaluation/promptModel.ts";
export { type PromptTemplate, promptOf, promptTemplates } from "./evaluation/promptTemplate.ts";

// Training.

export { train as trainingLoop } from "./training/loop.ts";
export { Optimizer } from "./training/optimizer.ts";
export { flamingoGroups } from "./training/parameterGroups.ts";
export { rateAt } from "./training/schedule.ts";
