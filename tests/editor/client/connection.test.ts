import { expect, test } from "vitest";
import { fittingBlocks, judgePorts } from "../../../editor/client/graph/connection.ts";
import { edgeIds } from "../../../editor/client/graph/edges.ts";
import { initialConfig } from "../../../src/core/catalog.ts";
import { catalog, chain } from "./catalog.ts";

test("every port of the other side is judged, with the reason where it is refused", () => {
  const verdicts = judgePorts(chain, catalog, { node: "encoder", port: "features", direction: "output" });
  expect(verdicts.get("head features")?.code).toBe("DUPLICATE_EDGE");
  expect(verdicts.get("encoder images")?.code).toBe("SELF_CONNECTION");
  expect(verdicts.has("head bias")).toBe(true);
  expect(verdicts.has("head loss")).toBe(false);
});

test("blocks that fit a loose end are found, with the port that fits", () => {
  const make = (type: string) => ({ type, config: initialConfig(catalog[type]!) });
  const fitting = fittingBlocks(chain, catalog, { node: "pictures", port: "images", direction: "output" }, make);
  expect(fitting).toEqual([{ type: "Encoder", port: "images" }]);
  const before = fittingBlocks(chain, catalog, { node: "head", port: "features", direction: "input" }, make);
  expect(before).toEqual([]);
});

test("wires have ids of their own, even the same wire twice", () => {
  const [first] = chain.edges;
  expect(new Set(edgeIds([first!, first!, chain.edges[1]!])).size).toBe(3);
});
