import { sizeOf } from "../../../core/shape.ts";
import { writeOp } from "../../ops/layout.ts";
import { inPlaceKernel } from "./kernel.ts";
import { remembered } from "./shader.ts";

const threads = 64;

const placed = remembered(() => ({
  reads: { chunk: "f32" },
  writes: { room: "f32" },
  given: { count: "u32", length: "u32", before: "u32", after: "u32" },
  workgroup: [threads, 1],
  body: `
  for (var i = group.x * ${threads}u + lane; i < given.count; i += groups.x * ${threads}u) {
    let batch = i / given.length;
    room[batch * given.after + given.before + i % given.length] = chunk[i];
  }`,
}));

export const writeKernels = [
  inPlaceKernel(writeOp, (device, { target, chunk }, { start }) => {
    const [, room, width] = target.shape as [number, number, number];
    const length = chunk.shape[1]! * width;
    const groups = Math.min(16384, Math.ceil(sizeOf(chunk) / threads));
    const given = [sizeOf(chunk), length, start * width, room * width];
    device.perform({ shader: placed(), reads: [chunk], writes: [target], given, groups: [groups] });
  }),
];
