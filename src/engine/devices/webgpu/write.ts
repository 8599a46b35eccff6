import { sizeOf } from "./device.ts";
import type { KernelDefinition } from "./kernel.ts";
import { remembered } from "./shader.ts";

const threads = 64;

const placed = remembered(() => ({
  reads: { piece: "f32" },
  writes: { room: "f32" },
  given: { count: "u32", length: "u32", before: "u32", after: "u32" },
  workgroup: [threads, 1],
  body: `
  for (var i = group.x * ${threads}u + lane; i < given.count; i += groups.x * ${threads}u) {
    let batch = i / given.length;
    room[batch * given.after + given.before + i % given.length] = piece[i];
  }`,
}));

/** Writes a piece [batch, places, width] into a target [batch, room, width] from this place on, in place. */
const write: KernelDefinition = {
  name: "FlamingoWrite",
  run(device, { target, piece }, { start }: { start: number }) {
    const [, room, width] = target!.shape as [number, number, number];
    const length = piece!.shape[1]! * width;
    const groups = Math.min(16384, Math.ceil(sizeOf(piece!) / threads));
    const given = [sizeOf(piece!), length, start * width, room * width];
    device.perform({ shader: placed(), reads: [piece!], writes: [target!], given, groups: [groups] });
    return [];
  },
};

export const writeKernels = [write];
