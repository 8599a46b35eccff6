import ts from "typescript";
import type { Catalog, CatalogEntry } from "../../src/core/catalog.ts";
import { entryDocumentation, fieldDocumentation, portDocumentation } from "./documentation.ts";

interface Edit {
  start: number;
  end: number;
  text: string;
}

/**
 * A declaration file in which what the catalog lists says what the catalog knows: its ports with their shapes, its
 * configuration with units, and the paper's section. The types of fields and ports get names, so that hovering stays short.
 */
export function documented(text: string, catalog: Catalog): string {
  const file = ts.createSourceFile("declarations.d.ts", text, ts.ScriptTarget.Latest, true);
  const edits: Edit[] = [];
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const [declaration] = statement.declarationList.declarations;
    const entry = declaration && ts.isIdentifier(declaration.name) ? catalog[declaration.name.text] : undefined;
    if (!entry || !declaration?.type) continue;
    edits.push(commentOf(statement, entry, file));
    edits.push(...nameParts(statement, declaration.type, entry, file));
  }
  return edits
    .sort((a, b) => b.start - a.start)
    .reduce((all, { start, end, text: put }) => all.slice(0, start) + put + all.slice(end), text);
}

/** The doc comment of a constant with the catalog's facts before its tags. */
function commentOf(statement: ts.Statement, entry: CatalogEntry, file: ts.SourceFile): Edit {
  const start = statement.getStart(file, true);
  const end = statement.getStart(file);
  const existing = file.text.slice(start, end).trim() || `/** ${entry.summary} */`;
  const lines = existing
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  const tags = lines.findIndex((line) => line.startsWith("@"));
  const [said, tagged] = tags < 0 ? [lines, []] : [lines.slice(0, tags), lines.slice(tags)];
  const facts = entryDocumentation(entry).join("\n\n");
  return { start, end, text: `${comment(`${said.join("\n").trim()}\n\n${facts}\n\n${tagged.join("\n")}`.trim())}\n` };
}

/** The literals in `BlockDefinition<ZodObject<{ ... }>, { ... }, { ... }>` as types with names and commented members. */
function nameParts(
  statement: ts.Statement,
  type: ts.TypeNode,
  { name, config, inputs, outputs }: CatalogEntry,
  file: ts.SourceFile,
): Edit[] {
  const [configType, ...ports] = argumentsOf(type);
  const fields = configType ? argumentsOf(configType)[0] : undefined;
  const fieldComments = Object.fromEntries(
    Object.entries(config.properties ?? {}).map(([key, field]) => [key, fieldDocumentation(field)]),
  );
  const portComments = (all: typeof inputs) =>
    Object.fromEntries(Object.entries(all).map(([key, port]) => [key, portDocumentation(port)]));
  const parts: [ts.TypeNode | undefined, string, Record<string, string>][] = [
    [fields, `${name}Fields`, fieldComments],
    [ports.length > 1 ? ports[0] : undefined, `${name}Inputs`, portComments(inputs)],
    [ports.at(-1), `${name}Outputs`, portComments(outputs)],
  ];
  return parts.flatMap(([node, alias, memberComments]): Edit[] => {
    if (!node || !ts.isTypeLiteralNode(node)) return [];
    const literal = withComments(node, memberComments, file);
    const start = statement.getStart(file, true);
    return [
      { start: node.getStart(file), end: node.end, text: alias },
      { start, end: start, text: `export type ${alias} = ${literal};\n` },
    ];
  });
}

function argumentsOf(type: ts.TypeNode): readonly ts.TypeNode[] {
  return ts.isTypeReferenceNode(type) || ts.isImportTypeNode(type) ? (type.typeArguments ?? []) : [];
}

function withComments(literal: ts.TypeLiteralNode, comments: Record<string, string>, file: ts.SourceFile): string {
  const members = literal.members.map((member) => {
    const said = member.name && ts.isIdentifier(member.name) ? comments[member.name.text] : undefined;
    return `${said ? `${comment(said)}\n` : ""}${member.getText(file)}`;
  });
  return `{\n${members.join("\n")}\n}`;
}

function comment(text: string): string {
  const lines = text.replaceAll("*/", "*\\/").split("\n");
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */`;
}
