import { expect, test } from "vitest";
import { commit, commitPipeline, setCatalog, showPipeline, useEditor } from "../../../editor/client/stores/editor.ts";
import { useMended, watchMending } from "../../../editor/client/stores/mended.ts";
import { useRun } from "../../../editor/client/stores/run.ts";
import { emptyRun } from "../../../src/runs/state.ts";
import { catalog, chain } from "./catalog.ts";

test("what broke a run counts as mended once its node is changed or wired anew, until the next run", () => {
  watchMending();
  setCatalog(catalog);
  showPipeline(chain, { template: false, changed: false });
  const configure = (id: string, config: Record<string, number>) => {
    const { pipeline } = useEditor.getState();
    commit("Set", { ...pipeline, nodes: { ...pipeline.nodes, [id]: { ...pipeline.nodes[id]!, config } } });
  };
  const mended = () => [...useMended.getState().nodes];
  configure("encoder", { dim: 8 });
  expect(mended()).toEqual([]); // nothing has failed

  useRun.setState({ id: "one", state: { ...emptyRun(), status: "failed" } });
  const { pipeline } = useEditor.getState();
  commit("Move", { ...pipeline, view: { positions: { ...pipeline.view.positions, encoder: [1, 2] } } });
  expect(mended()).toEqual([]);
  configure("encoder", { dim: 16 });
  expect(mended()).toEqual(["encoder"]);
  commit("Remove wire", { ...useEditor.getState().pipeline, edges: chain.edges.slice(0, 1) });
  expect(mended()).toEqual(["encoder", "head"]);

  useRun.setState({ id: "again", state: { ...emptyRun(), status: "failed" } });
  const block = { config: {}, inputs: {}, outputs: {}, nodes: {}, edges: [], view: { positions: {} } };
  const outer = { ...block, nodes: { inner: { type: "Inner", config: {} } } };
  const now = useEditor.getState().pipeline;
  const own = {
    ...now,
    nodes: { ...now.nodes, own: { type: "Outer", config: {} } },
    blocks: { Outer: outer, Inner: block },
  };
  showPipeline(own, { template: false, changed: false });
  useRun.setState({ id: "third", state: { ...emptyRun(), status: "failed" } });
  commitPipeline("Edit", { ...own, blocks: { ...own.blocks, Inner: { ...block, summary: "changed" } } });
  expect(mended()).toEqual(["own"]);

  useRun.setState({ id: "two", state: emptyRun() });
  expect(mended()).toEqual([]);
});
