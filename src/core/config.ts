import type { z } from "zod";
import type { Spec } from "./block.ts";
import { FlamingoError } from "./errors.ts";

/**
 * Checks a configuration and fills in its defaults.
 * @throws FlamingoError INVALID_CONFIG, naming the field, what it was and what it must be
 */
export function parseConfig<C extends z.ZodObject>(
  spec: Pick<Spec<C>, "name" | "config">,
  config: unknown,
): z.output<C> {
  const result = spec.config.safeParse(config ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path.join(".");
  const known = Object.keys(spec.config.shape).join(", ");
  const where = field ? `config.${field} of ${spec.name}` : `the configuration of ${spec.name}`;
  throw new FlamingoError("INVALID_CONFIG", `${where}: ${issue.message}`, {
    block: spec.name,
    fix: issue.code === "unrecognized_keys" ? `use only: ${known}` : `set it to what the message asks for`,
  });
}

/** The numbers of a configuration, which are what the names in its ports' shapes mean. */
export function configSizes(config: Record<string, unknown>): [string, number][] {
  return Object.entries(config).filter((entry): entry is [string, number] => typeof entry[1] === "number");
}
