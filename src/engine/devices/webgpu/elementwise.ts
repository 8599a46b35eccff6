import type { TensorInfo } from "@tensorflow/tfjs";
import { sizeOf } from "../../../core/shape.ts";
import type { Device } from "./device.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered, type Shader } from "./shader.ts";

const threads = 64;

/** More workgroups than keep a GPU busy; each thread then takes several elements. */
const mostGroups = 16384;

/**
 * A shader that gives element `i` of `y` by a formula over its inputs. `inputs` are names with a type: `T` is four numbers at once
 * where all sizes allow it, else one. One that has the size of `y` is seen in step with it; others are seen as a whole, and
 * `given.first` is what number `i` = 0 is of all.
 */
export interface Formula {
  inputs: Readonly<Record<string, "T" | "f32" | "i32">>;
  given?: Readonly<Record<string, "u32" | "f32">>;
  functions?: (type: string) => string;
  /** A statement that sets `y[i]`. */
  formula: (type: string) => string;
}

export function elementwise({ inputs, given, functions, formula }: Formula): (wide: boolean) => Shader {
  return remembered((wide: boolean) => {
    const type = wide ? "vec4f" : "f32";
    const reads = Object.fromEntries(
      Object.entries(inputs).map(([name, declared]) => [name, declared === "T" ? type : declared]),
    );
    return {
      reads,
      writes: { y: type },
      given: { count: "u32", first: "u32", ...given },
      workgroup: [threads, 1],
      functions: functions?.(type) ?? "",
      body: `
  for (var i = group.x * ${threads}u + lane; i < given.count; i += groups.x * ${threads}u) {
    ${formula(type)}
  }`,
    };
  });
}

/** Runs such a shader over all elements of `y`. */
export function performElementwise(
  device: Device,
  shader: (wide: boolean) => Shader,
  y: TensorInfo,
  reads: readonly TensorInfo[],
  given: readonly number[] = [],
  wide = sizeOf(y) % 4 === 0,
): void {
  const width = wide ? 4 : 1;
  for (const range of rowRanges(device, sizeOf(y), [1])) {
    const bound = reads.map((read) => (sizeOf(read) === sizeOf(y) ? rowsOf(read, range, 1) : read));
    const count = range.count / width;
    device.perform({
      ...{ shader: shader(wide), reads: bound, writes: [rowsOf(y, range, 1)] },
      given: [count, range.first / width, ...given],
      groups: [Math.min(mostGroups, Math.ceil(count / threads))],
    });
  }
}
