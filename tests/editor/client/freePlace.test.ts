import fc from "fast-check";
import { expect, test } from "vitest";
import { freePlace } from "../../../editor/client/graph/freePlace.ts";
import { overlap } from "../../../src/graph/edit/box.ts";

const size = { width: 208, height: 150 };
const box = fc.record({ x: fc.integer({ min: -900, max: 900 }), y: fc.integer({ min: -600, max: 600 }) });

test("a new card goes where it was wanted, if there is room", () => {
  expect(freePlace([{ x: 400, y: 0, ...size }], { x: 0, y: 0, ...size })).toEqual([0, 0]);
});

test("a new card lies on no other", () => {
  fc.assert(
    fc.property(fc.array(box, { maxLength: 12 }), box, (places, wanted) => {
      const [x, y] = freePlace(
        places.map((place) => ({ ...place, ...size })),
        { ...wanted, ...size },
      );
      expect(places.filter((other) => overlap({ ...other, ...size }, { x, y, ...size }))).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
