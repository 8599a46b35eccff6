import { reshape, type Tensor } from "../engine/tensor.ts";

/** Applies a function of grids [N, height, width, channels] to grids with any leading axes. */
export function onGrids(x: Tensor, f: (grids: Tensor) => Tensor): Tensor {
  const lead = x.shape.slice(0, -3);
  if (lead.length === 1) return f(x);
  const y = f(reshape(x, [-1, ...x.shape.slice(-3)]));
  return reshape(y, [...lead, ...y.shape.slice(1)]);
}
