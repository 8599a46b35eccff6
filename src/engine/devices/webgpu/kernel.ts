import type { TensorInfo } from "@tensorflow/tfjs";
import { kernelsOf } from "../kernel.ts";
import type { Device } from "./device.ts";

export const { kernel, gradientKernel, inPlaceKernel, tfjsKernel } = kernelsOf<Device, TensorInfo>();
