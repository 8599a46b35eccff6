import type { SolvedShape } from "../core/shape.ts";

/** A shape in few letters, for a wire or a port: `24×2×8×128`, `batch×length`; `scalar` where there is no dimension. */
export function shapeText(shape: SolvedShape | undefined): string {
  if (!shape) return "";
  return shape.length === 0 ? "scalar" : shape.join("×");
}
