import type { Port, Ports } from "./port.ts";
import { isEllipsis, namesIn, printShape, type ShapeSpec } from "./shape.ts";
import { ShapeSolver } from "./solver.ts";

/** Sizes that are no product, sum or quotient of each other, so that two names have the same size only if they must. */
const sizes = [10_007, 20_011, 30_011, 40_009, 50_021, 60_013, 70_001, 80_021, 90_001, 100_003, 110_017, 120_011];

/** What a slot asks of the block that fills it, as plain data. */
export interface SlotSpec {
  inputs: Ports;
  outputs: Ports;
  /** Fields of its configuration that the block around the slot gives, where it has them. */
  given: readonly string[];
}

/** A block as far as a slot asks. */
export interface Filling {
  inputs: Ports;
  outputs: Ports;
  /** The fields of its configuration: sizes of these names are its own choice. */
  fields: readonly string[];
}

/**
 * Why a block does not fit a slot, as the end of a sentence that begins with its name; undefined if it fits.
 *
 * A block must work whatever the sizes at the slot's inputs are: the names there are constants, each with a size of its own. Names that
 * stand at the slot's outputs only may be anything. The fields that the slot gives have the slot's sizes in the block.
 */
export function misfit(slot: SlotSpec, { inputs, outputs, fields }: Filling): string | undefined {
  const solver = new ShapeSolver();
  let next = 0;
  const nextSize = () => sizes[next++ % sizes.length]!;
  for (const name of new Set([...namesAt(slot.inputs), ...slot.given])) {
    const size = nextSize();
    solver.define("slot", name, size, name);
    if (slot.given.includes(name)) solver.define("block", name, size, name);
  }
  for (const field of fields) if (!slot.given.includes(field)) solver.define("block", field, nextSize(), field);
  for (const name of listsAt(slot.inputs))
    solver.equate(
      { scope: "slot", shape: [name], label: name },
      { scope: "axes", shape: [nextSize(), nextSize()], label: name },
    );
  for (const [direction, wantedPorts, ports] of [
    ["input", slot.inputs, inputs],
    ["output", slot.outputs, outputs],
  ] as const) {
    for (const [port, wanted] of Object.entries(wantedPorts)) {
      const found = ports[port];
      if (!found && wanted.optional) continue;
      const reason = portMisfit(solver, direction, port, wanted, found);
      if (reason) return reason;
    }
  }
  const further = Object.keys(inputs).find((port) => !inputs[port]!.optional && !(port in slot.inputs));
  return further && `needs an input "${further}" that the slot does not have`;
}

function requiredShapes(ports: Ports): ShapeSpec[] {
  return Object.values(ports).flatMap(({ shape, optional }) => (optional ? [] : [shape]));
}

/** The names at required ports, but those of lists of axes. */
function namesAt(ports: Ports): string[] {
  return requiredShapes(ports).flatMap((shape) => shape.flatMap((dim) => (isEllipsis(dim) ? [] : namesIn(dim))));
}

function listsAt(ports: Ports): Set<string> {
  return new Set(requiredShapes(ports).flatMap(([first]) => (isEllipsis(first) ? [first] : [])));
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
  const shapes = `the shape ${printShape(found.shape)} at its ${direction} "${port}", where ${printShape(wanted.shape)} is needed`;
  return conflict && `has ${shapes}`;
}
