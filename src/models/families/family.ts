import { z } from "zod";
// Families name blocks of all kinds.
import "../index.ts";
import { FlamingoError } from "../../core/errors.ts";
import { isObject, shortJson } from "../../core/json.ts";
import type { SlotInput } from "../../core/slot.ts";
import type { Counterpart, NameMap } from "../../weights/nameMap.ts";
import { fieldError } from "./fieldError.ts";

/** A family of models as another library defines it, and what it is in blocks of ours. */
export interface Family<C extends z.ZodObject = z.ZodObject> {
  /** As people call it: `GPT-2`. */
  name: string;
  /** The library, with the version whose results ours equal. */
  source: string;
  /** `model_type` in its config.json. */
  modelType: string;
  /** The class, as in `architectures` in its config.json. */
  architecture: string;
  /** Other classes whose files hold the same weights. */
  alsoClasses?: readonly string[];
  /**
   * What its config.json may say, with the library's defaults. Fields that are not here change no result. A value that changes the
   * result and is not supported is refused (`only`).
   */
  config: C;
  /** A config.json under the names that `config` has, where the library knows fields by several. */
  renamed?(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** The config.json of what is taken, where that is less than the files hold, or of another class. */
  exported?(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** The model: a block with its configuration. */
  block(config: z.output<C>): SlotInput;
  /**
   * The same model for images from −1 to 1, as sources of ours give them; `block` takes them as the library's preprocessing leaves them.
   * Only where it takes images.
   */
  forImages?(block: SlotInput): SlotInput;
  /** The same model for images of another side, in pixels; position embeddings are interpolated. Only where it takes images. */
  forImageSize?(block: SlotInput, imageSize: number): SlotInput;
  /** The library's names of all weights, and ours. */
  weights(config: z.output<C>): NameMap;
  /** Names of what may stand in its files beside the weights, such as masks that older versions stored. */
  ignored?: RegExp;
  /** Parts that its files hold and the model here does not have: what each is, and the names of its tensors. */
  leftOut?: readonly { part: string; names: RegExp }[];
  /** Ids of special tokens that its config.json has where nobody set them, and that its tokenizers do not have. */
  unsetTokens?: Readonly<Record<string, number>>;
  /** Put before all names in files of the whole model, and left out in those of the model without its head. */
  prefix?: string;
}

/** A family with its configuration read: the model that a config.json describes. */
export interface FamilyModel {
  family: Family;
  block: SlotInput;
  weights: NameMap;
}

/** Defines a family. One more is one file, and a line in `languageModels.ts` or, for others, in `index.ts`. */
export function defineFamily<C extends z.ZodObject>(family: Family<C>): Family {
  return family as unknown as Family;
}

/**
 * The configuration of a family, as its config.json has it, with the library's defaults.
 * @param within the field of the whole config.json that holds it, such as `lang`
 * @throws FlamingoError INVALID_CONFIG, naming the field, for what cannot be or is not supported
 */
export function readFields(family: Family, given: unknown, within = ""): Record<string, unknown> {
  const config = (isObject(given) && family.renamed?.(given)) || given;
  const schema = family.config.safeExtend(refused);
  const result = schema.safeParse(config, { reportInput: true });
  if (result.success) return result.data;
  throw fieldError(result.error.issues[0]!, { name: family.name, within, schema });
}

/** The model that a family's config.json describes. @throws FlamingoError as `readFields` */
function readFamily(family: Family, given: Readonly<Record<string, unknown>>, within: string): FamilyModel {
  const fields = readFields(family, given, within);
  // As plain data: a field that is undefined is left out.
  const block = JSON.parse(JSON.stringify(family.block(fields))) as SlotInput;
  return { family, block, weights: family.weights(fields) };
}

/** The same configuration under other names of some fields: as in transformers, these hold where a field is given under both. */
export function renamed(names: Readonly<Record<string, string>>) {
  return (config: Readonly<Record<string, unknown>>): Record<string, unknown> => {
    const found = Object.entries(names).filter(([other]) => config[other] !== undefined);
    return { ...config, ...Object.fromEntries(found.map(([other, name]) => [name, config[other]])) };
  };
}

/** A field of which only some values are supported, the first of them the library's default: another one is refused. */
export function only<const Value>(...supported: [Value, ...Value[]]) {
  const isSupported = (value: unknown) => supported.some((each) => JSON.stringify(each) === JSON.stringify(value));
  return z
    .any()
    .default(supported[0])
    .refine(isSupported, {
      error: ({ input }) =>
        `${shortJson(input)} is not supported, only ${supported.map((each) => JSON.stringify(each)).join(" or ")}`,
    });
}

/** Fields that config.json files have in any library and that change no result, for families that know all fields. */
export const noted = Object.fromEntries(
  [
    ...["model_type", "architectures", "auto_map", "_name_or_path", "_commit_hash", "transformers_version"],
    ...["torch_dtype", "dtype"], // in which the files hold numbers, which they tell themselves
  ].map((field) => [field, z.any().optional()]),
);

/** Fields of any configuration that change what the files hold or how they are read: not supported in any family. */
const refused = { quantization_config: only(null), is_encoder_decoder: only(false) };

/** Fields of a size: no model has one that is larger than our blocks take. */
export const size = z.int().positive().max(1e9);

/** Fields of a number of attention heads. */
export const heads = z.int().positive().max(2000);

/** Fields of a number of layers: the largest models have some hundred, and more would be names without end. */
export const layers = z.int().positive().max(500);

/** Fields of a token's id. */
export const token = z.int().nonnegative();

/** Weight and bias of a module, such as a linear layer or a normalisation, or of several that the other library keeps in one. */
export function module(
  theirs: string,
  ours: string | readonly string[],
  {
    weight = true,
    bias = true,
    ...layout
  }: { weight?: boolean; bias?: boolean } & Pick<Counterpart, "transposed" | "heads"> = {},
): NameMap {
  const names = [ours].flat();
  const of = (kind: string): Counterpart => ({
    theirs: `${theirs}.${kind}`,
    ours: names.map((name) => `${name}.${kind}`),
    ...layout,
  });
  return [...(weight ? [of("weight")] : []), ...(bias ? [of("bias")] : [])];
}

/**
 * The model that a config.json describes, of one of these families.
 * @param within the field of the whole config.json that holds this one, such as `lang`
 * @throws FlamingoError INVALID_CONFIG for another family, and for a field that cannot be or is not supported
 */
export function modelAmong(
  families: readonly Family[],
  config: Readonly<Record<string, unknown>>,
  within = "",
): FamilyModel {
  const { model_type: type, architectures, auto_map: remote } = config;
  const classes = Array.isArray(architectures) ? architectures : [];
  const family = families.find(
    ({ modelType, architecture, alsoClasses = [] }) =>
      (type === undefined || type === modelType) &&
      (classes.length === 0
        ? type === modelType
        : [architecture, ...alsoClasses].some((name) => classes.includes(name))),
  );
  if (family) return readFamily(family, config, within);
  const named = Object.entries({ model_type: type, architectures }).filter(([, value]) => value !== undefined);
  const found = named.map(([field, value]) => `${field} is ${shortJson(value)}`).join(" and ");
  const own = remote === undefined ? "" : ", a class of the model's own code, which is not run";
  const where = within === "" ? "config.json" : `${within} of config.json`;
  throw new FlamingoError(
    "INVALID_CONFIG",
    `${where} describes a model of an unknown family: ${found ? `${found}${own}` : "it has neither model_type nor architectures"}`,
    {
      ...(within === "" ? {} : { field: within }),
      actual: type ?? architectures,
      expected: families.map(({ architecture }) => architecture),
      fix: `use one of ${families.map(({ name, architecture }) => `${name} (${architecture})`).join(", ")}`,
    },
  );
}

/** Where the token embeddings are in the other library, and the output layer, which may be tied to them. */
export function vocabularyMap(embeddings: string, head: string, tied: boolean): NameMap {
  const table: Counterpart = { theirs: embeddings, ours: ["embed_tokens.weight"] };
  return tied ? [{ ...table, aliases: [head] }] : [table, { theirs: head, ours: ["logits.weight"] }];
}

/** The output layer: by the token embeddings, or by a matrix of its own. */
export function head(tied: boolean): SlotInput {
  return { type: tied ? "Logits" : "UntiedLogits" };
}

/** The maps of all layers. */
export function layerMaps(layers: number, mapOf: (layer: number) => NameMap): NameMap {
  return Array.from({ length: layers }, (_, layer) => mapOf(layer)).flat();
}

/** For `superRefine` of a configuration: the heads share its width evenly. */
export function headsDivide(width: string, heads: string) {
  return (config: object, { addIssue }: z.core.$RefinementCtx): void => {
    const { [width]: dim, [heads]: count } = config as Record<string, number>;
    if (dim! % count! === 0) return;
    addIssue({ code: "custom", path: [heads], message: `${count} heads do not divide a width of ${dim}` });
  };
}
