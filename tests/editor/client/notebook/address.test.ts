import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePart, encodePart, fileAt } from "../../../../editor/client/notebook/show/address.ts";

test("a part of an address that is written by the rules is decoded, and any other stays", () => {
  expect(["a%20b", "50%", "%ZZ", "%ff", "%"].map(decodePart)).toEqual(["a b", "50%", "%ZZ", "%ff", "%"]);
});

test("a relative link leads to a file beside the notebook, and no other does", () => {
  expect(fileAt("b.ipynb", "folder/a.ipynb")).toBe("folder/b.ipynb");
  expect(fileAt("../50%.png", "folder/a.ipynb")).toBe("50%.png");
  for (const target of ["", "https://x", "//x/y", "/x", "\\\\[", "\\x", "data:image/png"])
    expect(fileAt(target, "a.ipynb"), target).toBeUndefined();
});

test("nothing that a person can write makes reading or writing an address fail", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom(..."%\\/[]:?#@\ud800a2") }));
  fc.assert(
    fc.property(text, text, (target, notebook) => {
      fileAt(target, notebook);
      decodePart(target);
      expect(decodePart(encodePart(target))).toBe(target.replaceAll(/\p{Surrogate}/gu, "\ufffd"));
    }),
  );
});
