import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { InterpolatedPositions } from "../../src/blocks/interpolatedPositions.ts";
import { dispose, tidy, zeros } from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { LiveBlock } from "./liveBlock.ts";

interface Row {
  grid: number;
  side: number;
  antialias: boolean;
  table: number[];
  interpolated: number[];
}
const file = new URL("../fixtures/bicubic.json", import.meta.url);
const { dim, rows } = JSON.parse(readFileSync(file, "utf8")) as { dim: number; rows: Row[] };

describeDevices("interpolated positions", () => {
  test.each(rows)(
    "of a grid of $grid for one of $side (antialias: $antialias) are PyTorch's, after the tokens before the grid",
    async ({ grid, side, antialias, table, interpolated }) => {
      const length = side ** 2 + 1;
      const block = new LiveBlock(InterpolatedPositions, { config: { length, dim, grid, antialias } });
      const token = [0.5, -2];
      block.set(block.weights.all()[0]!, [...token, ...table]);
      const x = zeros([1, length, dim]);
      const y = tidy(() => block.run({ x }).y!);
      await expect(y).toBeAllclose([...token, ...interpolated], { absolute: 1e-5 });
      dispose([x, y]);
      block.dispose();
    },
  );
});

test("a length that is no square beside the tokens is refused", () => {
  const config = { length: 12, dim, grid: 2 };
  expect(() => new LiveBlock(InterpolatedPositions, { config })).toThrow(
    /12 positions are not 1 tokens and a square grid/,
  );
});
