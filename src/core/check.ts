import type { AnyBlock } from "./block.ts";
import type { Value } from "./call.ts";
import { configSizes } from "./config.ts";
import { FlamingoError } from "./errors.ts";
import type { Ports } from "./port.ts";
import { printShape, type ShapeSpec, type SolvedShape } from "./shape.ts";
import { ShapeSolver } from "./solver.ts";

/**
 * Checks values against a block's input ports, and says what shapes its outputs have.
 * @param where the block's place, for the message: `resampler.layers.0`
 * @throws FlamingoError MISSING_INPUT, UNKNOWN_PORT, DTYPE_MISMATCH or SHAPE_MISMATCH
 */
export function checkInputs(
  definition: AnyBlock,
  config: Record<string, unknown>,
  inputs: Record<string, Value | undefined>,
  where: string,
): { solver: ShapeSolver; outputs: Record<string, SolvedShape> } {
  const name = where ? `${definition.name} at "${where}"` : definition.name;
  const solver = new ShapeSolver();
  for (const [key, size] of configSizes(config)) solver.define("", key, size, `config.${key} of ${definition.name}`);
  for (const given of Object.keys(inputs)) {
    if (Object.hasOwn(definition.inputs, given)) continue;
    throw new FlamingoError("UNKNOWN_PORT", `${name} has no input "${given}"`, {
      block: where || definition.name,
      port: given,
      fix: `use one of: ${Object.keys(definition.inputs).join(", ")}`,
    });
  }
  for (const [port, spec] of Object.entries(definition.inputs as Ports)) {
    const value = inputs[port];
    if (value === undefined) {
      if (spec.optional) continue;
      throw new FlamingoError("MISSING_INPUT", `${name} got no "${port}"`, {
        block: where || definition.name,
        port,
        expected: printShape(spec.shape),
        fix: `give it ${spec.doc}`,
      });
    }
    if (value.dtype !== spec.dtype) {
      throw new FlamingoError(
        "DTYPE_MISMATCH",
        `input "${port}" of ${name} takes ${spec.dtype}, found ${value.dtype}`,
        {
          block: where || definition.name,
          port,
          expected: spec.dtype,
          actual: value.dtype,
          fix: `give it ${spec.doc} as ${spec.dtype}`,
        },
      );
    }
    checkShape(solver, name, { where: where || definition.name, port, direction: "input" }, spec.shape, value);
  }
  const outputs = Object.entries(definition.outputs as Ports).map(([port, spec]) => [
    port,
    solver.resolve("", spec.shape),
  ]);
  return { solver, outputs: Object.fromEntries(outputs) };
}

/** Checks one value against one port. @throws FlamingoError SHAPE_MISMATCH */
export function checkShape(
  solver: ShapeSolver,
  name: string,
  at: { where: string; port: string; direction: "input" | "output" },
  shape: ShapeSpec,
  value: Value,
): void {
  const conflict = solver.equate(
    { scope: "value", shape: value.shape, label: `the value of shape ${printShape(value.shape)}` },
    { scope: "", shape, label: `${at.direction} "${at.port}" of ${name}` },
  );
  if (!conflict) return;
  throw new FlamingoError("SHAPE_MISMATCH", conflict.message, {
    block: at.where,
    port: at.port,
    expected: conflict.expected,
    actual: conflict.actual,
    fix: conflict.fix,
  });
}
