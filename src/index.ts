/** Flamingo Studio's library: Flamingo's blocks, how they are made and traced, and the device they run on. */
export { GatedXattnDense } from "./blocks/gatedXattnDense.ts";
export { blocks } from "./blocks/index.ts";
export { PerceiverResampler } from "./blocks/perceiverResampler.ts";
export { defineBlock, instantiate } from "./core/block.ts";
export { makeCatalog } from "./core/catalog.ts";
export { FlamingoError } from "./core/errors.ts";
export { bool, float32, int32, optional } from "./core/port.ts";
export { Random } from "./core/random.ts";
export { describeWeights, trace } from "./core/trace.ts";
export { openDevice } from "./engine/device.ts";
export { Eager } from "./engine/eager.ts";
export { definePrimitive } from "./engine/primitive.ts";
export { Weights } from "./engine/weights.ts";
export { Flamingo, FlamingoLanguageModel } from "./models/flamingo.ts";
export { checkConnection, checkPipeline } from "./pipeline/check.ts";
export { compile } from "./pipeline/compile.ts";
export { readPipeline, writePipeline } from "./pipeline/schema.ts";
export { loadWeights, saveWeights } from "./weights/file.ts";
