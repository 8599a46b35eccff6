import { getBackend } from "./tensor.ts";

/**
 * Lets products take their operands in half precision from now on, and add in single precision, where the open device
 * can.
 *
 * @returns what ends it; undefined where the device cannot
 */
export async function startHalfProducts(): Promise<(() => void) | undefined> {
  if (getBackend() !== "webgpu") return undefined;
  // Only who computes there may load what needs a GPU.
  const { hasHalfProducts, setHalfProducts } = await import("./webgpu/backend.ts");
  if (!hasHalfProducts()) return undefined;
  setHalfProducts(true);
  return () => void setHalfProducts(false);
}
