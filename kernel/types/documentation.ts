import type { CatalogEntry, ConfigSchema } from "../../src/core/catalog.ts";
import type { Port, Ports } from "../../src/core/port.ts";
import { printShape } from "../../src/core/shape.ts";

/** What hovering shows of an entry of the catalog, below its own doc comment, in Markdown. */
export function entryDocumentation({ paper, inputs, outputs, config }: CatalogEntry): string[] {
  const ports = (title: string, all: Ports) =>
    Object.entries(all).map(
      ([name, port], index) => `${index === 0 ? `**${title}**\n` : ""}- \`${name}\` ${portDocumentation(port)}`,
    );
  const fields = Object.entries(config.properties ?? {}).map(
    ([name, field], index) => `${index === 0 ? "**Configuration**\n" : ""}- \`${name}\` ${fieldDocumentation(field)}`,
  );
  return [
    ports("In", inputs).join("\n"),
    ports("Out", outputs).join("\n"),
    fields.join("\n"),
    paper ? `**Source** ${/^\d/.test(paper) ? `Flamingo (Alayrac et al. 2022), section ${paper}` : paper}` : "",
  ].filter(Boolean);
}

/** A port: `float32 [batch, length, dim], hidden states of the language model`. */
export function portDocumentation({ dtype, shape, doc, optional }: Port): string {
  return `${optional ? "optional " : ""}${dtype} ${printShape(shape)}, ${doc}`;
}

/** A field of a configuration: `in channels, 64 if left out: Head width. Channels of each head.` */
export function fieldDocumentation(field: NonNullable<ConfigSchema["properties"]>[string]): string {
  const { title, description, unit, enum: choices } = field;
  const facts = [
    ...(unit ? [`in ${unit}`] : []),
    ...(Array.isArray(choices) ? [`one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`] : []),
    ...("default" in field ? [`${JSON.stringify(field.default)} if left out`] : []),
  ];
  const sentence = [title && `${title}.`, description].filter(Boolean).join(" ");
  return [sentence, facts.length > 0 ? `(${facts.join("; ")})` : ""].filter(Boolean).join(" ");
}
