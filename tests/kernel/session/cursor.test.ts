import fc from "fast-check";
import { expect, test } from "vitest";
import { toCodePoints, toUtf16 } from "../../../kernel/session/cursor.ts";

const code = fc.string({ unit: "binary" });

test("a position in code points is that many characters into the code", () => {
  fc.assert(
    fc.property(code, fc.nat(20), (text, position) => {
      expect(text.slice(0, toUtf16(text, position))).toBe([...text].slice(0, position).join(""));
    }),
  );
});

test("positions come back as they went, and one past the end is the end", () => {
  fc.assert(
    fc.property(code, fc.nat(20), (text, position) => {
      const length = [...text].length;
      expect(toCodePoints(text, toUtf16(text, position))).toBe(Math.min(position, length));
      expect(toCodePoints(text, text.length + position)).toBe(length);
    }),
  );
});
