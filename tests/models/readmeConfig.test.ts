import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { modelOf } from "../../src/models/families/index.ts";

test("the README's config.json of OpenFlamingo is one", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const [, text] = /```json\n(\{\n {2}"architectures": \["Flamingo"\][^`]*)```/.exec(readme)!;
  const { block } = modelOf(JSON.parse(text!));
  expect(block.config).toMatchObject({ visualDim: 1024, languageModel: { config: { dim: 768, newTokens: 2 } } });
});
