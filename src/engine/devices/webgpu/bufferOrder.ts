import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";

/** The lists that TensorFlow.js keeps of buffers that are free, by size and use. The last one of a list is taken next. */
interface Pool {
  acquireBuffer(...what: unknown[]): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
  freeBuffers: Map<string, GPUBuffer[]>;
}

/**
 * Makes the oldest buffer that is free serve next. In TensorFlow.js it is the one that was freed last, so that each step of training finds
 * them in another order; by age a step takes the same buffers as the one before, and finds its bind groups.
 */
export function takeOldestFirst({ bufferManager }: WebGPUBackend): void {
  const pool = bufferManager as unknown as Pool;
  const [acquire, release] = [pool.acquireBuffer.bind(pool), pool.releaseBuffer.bind(pool)];
  const ages = new WeakMap<GPUBuffer, number>();
  let next = 0;
  pool.acquireBuffer = (...what) => {
    const buffer = acquire(...what);
    if (!ages.has(buffer)) ages.set(buffer, next++);
    return buffer;
  };
  pool.releaseBuffer = (buffer, reuse = true) => {
    release(buffer, reuse);
    const free = pool.freeBuffers.get(`${buffer.size}_${buffer.usage}`);
    if (!reuse || free?.at(-1) !== buffer) return;
    let index = free.length - 1;
    for (; index > 0 && ages.get(free[index - 1]!)! < ages.get(buffer)!; index--) free[index] = free[index - 1]!;
    free[index] = buffer;
  };
}
