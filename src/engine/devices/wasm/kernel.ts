import type { TensorInfo } from "@tensorflow/tfjs";
import { sizeOf } from "../../../core/shape.ts";
import type { Operation } from "../../ops/operation.ts";
import { type Kernel, kernelsOf } from "../kernel.ts";
import type { Device } from "./device.ts";

export type WasmKernel = Kernel<Device, TensorInfo>;

export const { kernel, gradientKernel, inPlaceKernel, tfjsKernel } = kernelsOf<Device, TensorInfo>();

/** The address of a tensor, or 0 where there is none. */
export function addressOrZero(device: Device, tensor: TensorInfo | undefined): number {
  return tensor ? device.address(tensor) : 0;
}

/**
 * A kernel for an operation that works element by element on inputs of one shape. Its code in `kernels/` gets the addresses of the
 * inputs and of the result, and the number of elements.
 *
 * @param cost about how much arithmetic an element takes
 */
export function elementwiseKernel<Inputs>(
  operation: Operation<Inputs, object>,
  code: string,
  cost: number,
): WasmKernel {
  return kernel(operation, (device, inputs, _, shape) => {
    const y = device.output(shape);
    const addresses = [...Object.values<TensorInfo>(inputs), y].map((tensor) => device.address(tensor));
    device.perform(code, cost * sizeOf(y), [...addresses, sizeOf(y)]);
    return y;
  });
}

/**
 * A kernel for the gradient of such an operation. Its code gets the addresses of the inputs, of dy, and of the gradient of each
 * input, 0 where that is not wanted, and the number of elements.
 */
export function elementwiseGradientKernel<Inputs>(
  operation: Operation<Inputs, object>,
  code: string,
  cost: number,
): WasmKernel {
  return gradientKernel(operation, (device, { dy, ...inputs }, { wanted }) => {
    const gradients = new Map(wanted.map((name) => [name, device.output(dy.shape)]));
    const given = Object.entries<TensorInfo>(inputs as Record<string, TensorInfo>);
    const addresses = [...given.map(([, tensor]) => tensor), dy].map((tensor) => device.address(tensor));
    const results = given.map(([name]) => addressOrZero(device, gradients.get(name)));
    device.perform(code, cost * sizeOf(dy), [...addresses, ...results, sizeOf(dy)]);
    return [...gradients.values()];
  });
}
