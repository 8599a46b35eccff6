import { expect, test } from "vitest";
import { fittingBlocks, judgePorts } from "../../../editor/client/graph/connection.ts";
import { edgeIds } from "../../../editor/client/graph/edges.ts";
import { initialConfig } from "../../../src/core/catalog.ts";
import { connectFitting } from "../../../src/graph/edit/connectFitting.ts";
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

test("a block that nothing is wired to takes its sizes from what it is wired to; one that is wired keeps them", () => {
  const lone = { ...chain, nodes: { ...chain.nodes, wide: { type: "Head", config: { dim: 8 } } } };
  const wire = { from: ["encoder", "features"], to: ["wide", "features"] } as const;
  const edge = { from: [...wire.from] as [string, string], to: [...wire.to] as [string, string] };
  const grown = connectFitting(lone, catalog, edge)!;
  expect(grown.nodes.wide!.config).toEqual({ dim: 16 });
  expect(grown.edges.at(-1)).toEqual(edge);
  expect(
    judgePorts(lone, catalog, { node: "encoder", port: "features", direction: "output" }).get("wide features"),
  ).toBe(undefined);
  const wired: typeof chain = { ...lone, edges: [...lone.edges, { from: ["wide", "features"], to: ["head", "bias"] }] };
  expect(connectFitting(wired, catalog, edge)).toBe(undefined);
});

test("wires have ids of their own, even the same wire twice", () => {
  const [first] = chain.edges;
  expect(new Set(edgeIds([first!, first!, chain.edges[1]!])).size).toBe(3);
});
