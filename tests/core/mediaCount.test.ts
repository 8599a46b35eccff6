import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkMediaCount } from "../../src/core/mediaCount.ts";
import { refusalOf } from "./refusalOf.ts";

/** Rows of text; true is an `<image>` tag. */
const texts = fc
  .integer({ min: 1, max: 6 })
  .chain((length) =>
    fc.array(fc.array(fc.boolean(), { minLength: length, maxLength: length }), { minLength: 1, maxLength: 4 }),
  );

describe("the number of <image> tokens", () => {
  test("is right when each row has as many as images, or fewer where rows are padded, and else is told with its row", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 6 }), fc.boolean(), (rows, media, padded) => {
        const tags = rows.map((row) => row.filter(Boolean).length);
        const wrong = tags.findIndex((count) => (padded ? count > media : count !== media));
        const check = () => checkMediaCount(rows.flat().map(Number), rows[0]!.length, media, padded);
        if (wrong < 0) return check();
        expect(refusalOf(check)).toMatchObject({
          code: "MEDIA_COUNT",
          message: expect.stringContaining(`row ${wrong} has ${tags[wrong]} <image> tokens`),
          expected: media,
          actual: tags[wrong],
        });
      }),
    );
  });
});
