import { FlamingoError } from "../../core/errors.ts";
import { type Family, type FamilyModel, readFamily } from "./family.ts";
import { gpt2 } from "./gpt2.ts";

/** Every family that is known, a line each. */
export const families: readonly Family[] = [gpt2];

/**
 * The model that a config.json describes, by its `model_type`, or by its class in `architectures`.
 * @throws FlamingoError INVALID_CONFIG for a family that is not known, and for a field that cannot be or is not supported
 */
export function modelOf(config: Readonly<Record<string, unknown>>): FamilyModel {
  const { model_type: type, architectures } = config;
  const classes = Array.isArray(architectures) ? architectures : [];
  const family = families.find(
    ({ modelType, architecture }) =>
      (type === undefined || type === modelType) &&
      (classes.length === 0 ? type === modelType : classes.includes(architecture)),
  );
  if (family) return readFamily(family, config);
  const found =
    [type, ...classes].filter((name) => name !== undefined).join(", ") || "neither model_type nor architectures";
  throw new FlamingoError("INVALID_CONFIG", `config.json describes a model of an unknown family: ${found}`, {
    actual: type ?? architectures,
    expected: families.map(({ architecture }) => architecture),
    fix: `use one of ${families.map(({ name }) => name).join(", ")}`,
  });
}
