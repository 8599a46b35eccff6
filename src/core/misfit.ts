import type { Port, Ports } from "./port.ts";
import { ShapeSolver } from "./solver.ts";

/** Why a block does not fit a slot, as the end of a sentence that begins with its name; undefined if it fits. */
export function misfit(
  slot: { inputs: Ports; outputs: Ports },
  block: { inputs: Ports; outputs: Ports },
): string | undefined {
  const solver = new ShapeSolver();
  for (const direction of ["inputs", "outputs"] as const) {
    for (const [port, wanted] of Object.entries(slot[direction])) {
      const found = block[direction][port];
      if (!found && wanted.optional) continue;
      const reason = portMisfit(solver, direction.slice(0, -1), port, wanted, found);
      if (reason) return reason;
    }
  }
  const further = Object.keys(block.inputs).find((port) => !block.inputs[port]!.optional && !(port in slot.inputs));
  return further && `needs an input "${further}" that the slot does not have`;
}

function portMisfit(
  solver: ShapeSolver,
  direction: string,
  port: string,
  wanted: Port,
  found: Port | undefined,
): string | undefined {
  if (!found) return `has no ${direction} "${port}"`;
  if (found.dtype !== wanted.dtype)
    return `has ${found.dtype} at its ${direction} "${port}", where ${wanted.dtype} is needed`;
  const conflict = solver.equate(
    { scope: "slot", shape: wanted.shape, label: "the slot" },
    { scope: "block", shape: found.shape, label: "the block" },
  );
  return (
    conflict &&
    `has the shape [${found.shape.join(", ")}] at its ${direction} "${port}", where [${wanted.shape.join(", ")}] is needed`
  );
}
