import { type ParseArgsConfig, parseArgs } from "node:util";

const common = { json: { type: "boolean", default: false }, help: { type: "boolean", default: false } } as const;

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: O & typeof common }>>["values"];

/** Reads a benchmark's words, `--json` among them; undefined where help was asked for, which is then printed. */
export function readValues<const O extends Options>(args: string[], usage: string, options: O): Values<O> | undefined {
  const values = parseArgs({ args, options: { ...common, ...options } }).values as Values<O> & { help: boolean };
  if (!values.help) return values;
  console.log(usage);
  return undefined;
}
