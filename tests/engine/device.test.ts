import { describe, expect, test } from "vitest";
import { adapterName, findAdapter, isSoftware } from "../../src/engine/adapter.ts";
import { isMissing } from "../../src/engine/availability.ts";
import { type DeviceName, deviceNames, openDevice } from "../../src/engine/device.ts";
import { gelu } from "../../src/engine/gelu.ts";
import { valueAndGradients } from "../../src/engine/gradients.ts";
import { matMul } from "../../src/engine/matMul.ts";
import { backend, getBackend, sum, tensor, tidy, variable } from "../../src/engine/tensor.ts";
