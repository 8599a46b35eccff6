import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The doc comments on the exported constants of the blocks' files, by the constant's name, each as one line. */
export function docComments(): Map<string, string> {
  const comments = new Map<string, string>();
  for (const folder of ["blocks", "models"]) {
    const path = fileURLToPath(new URL(`../../src/${folder}/`, import.meta.url));
    const files = readdirSync(path).filter((name) => name.endsWith(".ts"));
    for (const file of files) collect(file, readFileSync(`${path}${file}`, "utf8"), comments);
  }
  return comments;
}

function collect(file: string, text: string, comments: Map<string, string>): void {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const comment = ts.getJSDocCommentsAndTags(statement).find(ts.isJSDoc)?.comment;
    const name = statement.declarationList.declarations[0]!.name.getText();
    if (comment) comments.set(name, ts.getTextOfJSDocComment(comment)!.replaceAll(/\s+/g, " "));
  }
}
