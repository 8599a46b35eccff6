import type { AnyBlock, ChildOptions, Frozen } from "./block.ts";
import type { Initial, ParameterGroup, WeightOptions, WeightSpec } from "./weight.ts";

/** What a block has from the blocks around it. */
export interface Inherited {
  frozen: Frozen;
  pretrained: boolean;
  group?: ParameterGroup;
}

export const outermost: Inherited = { frozen: false, pretrained: false };

/** What the blocks in a block have from it. */
export function inherited(
  { group }: Pick<AnyBlock, "group">,
  options: ChildOptions,
  around: Inherited = outermost,
): Inherited {
  const named = options.weights === undefined ? undefined : true;
  return {
    ...around,
    frozen: around.frozen === true ? true : options.frozen || around.frozen,
    pretrained: options.pretrained ?? named ?? around.pretrained,
    ...(group ? { group } : {}),
  };
}

/** A weight of a block: whether it learns and its group come from where the block is. */
export function weightSpec(
  name: string,
  shape: readonly number[],
  initial: Initial,
  options: WeightOptions | undefined,
  at: Inherited,
): WeightSpec {
  const pretrained = at.pretrained && !options?.new;
  return {
    name,
    shape,
    initial,
    frozen: at.frozen === true || (at.frozen === "pretrained" && pretrained),
    group: options?.role ?? at.group ?? (pretrained ? "pretrained" : "new"),
  };
}
