import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { version as flamingo } from "../../src/package/version.ts";
import { protocolVersion } from "../protocol/message.ts";

const versionOf = (file: string): string => JSON.parse(readFileSync(file, "utf8")).version;

/** What a kernel says of itself (Jupyter messaging, kernel info). */
export function kernelInfo(): Record<string, unknown> {
  const require = createRequire(import.meta.url);
  const typescript = versionOf(require.resolve("typescript/package.json"));
  return {
    status: "ok",
    protocol_version: protocolVersion,
    implementation: "flamingo",
    implementation_version: flamingo,
    language_info: {
      name: "typescript",
      version: typescript,
      mimetype: "application/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: "typescript",
      nbconvert_exporter: "script",
    },
    banner: `Flamingo Studio ${flamingo}, TypeScript ${typescript}`,
    help_links: [{ text: "TypeScript", url: "https://www.typescriptlang.org/docs/" }],
    debugger: false,
    supported_features: [],
  };
}
