import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import type { AnyChannel } from "../../src/channels/channel.ts";
import { entropy } from "../../src/channels/entropy.ts";
import { stream } from "../../src/channels/stream.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { assignNumbers } from "../../src/engine/readings/weights.ts";
import { dispose, type Tensor, tidy } from "../../src/engine/tensor.ts";
import { type PipelineModel, toTensors, type Values } from "../../src/execution/pipelineModel.ts";
import { prepareRun } from "../../src/execution/prepare.ts";
import { AttentionWatch } from "../../src/inspection/attention.ts";
import { ChannelProbe } from "../../src/inspection/probes.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";
import { readUpdateNorms, UpdateWatch } from "../../src/training/updateNorms.ts";
import { Peer } from "../bench/peer.ts";
import { openTwin } from "../bench/pipelineStep.ts";
import { quietly, smallPipeline } from "../execution/smallRun.ts";
import { optional } from "../optional.ts";
import { findPytorch } from "../pytorch.ts";

const python = findPytorch();
const there = optional("probes against PyTorch's hooks", python !== undefined, "no python3 here has torch");

/** What PyTorch's hooks see, as the twin answers. */
interface Hooked {
  resampler: number[][];
  cross: number[][];
  entropy: number[][];
  stream: { before: number; added: number; after: number }[];
  gates: number[];
  gradients: Record<string, number>;
}

describe.runIf(there)("what probes read is what PyTorch's hooks see on the same weights and the same batch", () => {
  let peer: Peer;
  let model: PipelineModel;
  let hooked: Hooked;
  let batch: Record<string, Tensor>;

  beforeAll(async () => {
    peer = new Peer(python!, "flamingo_torch.py", 1);
    const record = {
      id: "hooks",
      name: "Hooks",
      pipeline: smallPipeline(),
      seed: 1,
      device: "wasm",
      created: 0,
      options: {},
    };
    const prepared = await prepareRun(record, quietly("wasm"));
    model = prepared.model;
    let number = 0;
    for (const { group, shape, variable } of model.weights.all())
      if (group === "gate") assignNumbers(variable, { shape, data: Float32Array.of(0.6 - 0.25 * number++) });
    const drawn = await prepared.sources.get("data")!.batch(0);
    await openTwin(peer, {
      model,
      source: "data",
      loss: "loss",
      batch: drawn,
      groups: flamingoGroups(5, 0.1),
      rate: 0.01,
      clip: 1,
    });
    hooked = await peer.ask<Hooked>({ watch: true });
    batch = toTensors(drawn) as Record<string, Tensor>;
  }, 180_000);
  afterAll(() => {
    peer.close();
    dispose(Object.values(batch));
    model.weights.dispose();
  });

  const forward = () => model.compute("loss", new Map([["data", batch]]) as Values).loss as Tensor;
  async function probed<Channel extends AnyChannel>(channel: Channel): Promise<z.output<Channel["value"]>> {
    const probe = new ChannelProbe(channel, model.placedBlocks());
    tidy(() => void model.watched(probe.probes, forward));
    return (await probe.value()) as z.output<Channel["value"]>;
  }

  test("attention, of the gated layers and of the resampler's", async () => {
    const watch = new AttentionWatch(model.placedBlocks());
    tidy(() => void model.watched(watch.probes, forward));
    const [cross, resampler] = [await watch.cross(), await watch.resampler()];
    watch.dispose();
    expect(cross).toHaveLength(2);
    expect(cross.map(({ heads }) => heads.flat(3))).toBeAllclose(hooked.cross, { absolute: 1e-5 });
    expect(resampler.map(({ heads }) => heads.flat(3))).toBeAllclose(hooked.resampler, { absolute: 1e-5 });
  });

  test("the residual stream before and after each gate, and what is added", async () => {
    const seen = await probed(stream);
    expect(seen).toHaveLength(4);
    expect(seen.map(({ before, added, after }) => [before, added, after])).toBeAllclose(
      hooked.stream.map(({ before, added, after }) => [before, added, after]),
      { relative: 1e-4 },
    );
  });

  test("the entropy of each head", async () => {
    const seen = await probed(entropy);
    expect(seen).toHaveLength(2);
    expect(seen.map(({ heads }) => heads)).toBeAllclose(hooked.entropy, { absolute: 1e-4 });
  });

  test("the gates", async () => {
    const gates = model.weights.all().filter(({ group }) => group === "gate");
    const values = await Promise.all(gates.map(async ({ variable }) => Math.tanh((await variable.data())[0]!)));
    expect(values).toBeAllclose(hooked.gates, { absolute: 1e-6 });
  });

  test("the norm of each weight's gradient", async () => {
    const weights = model.weights.trainable();
    const { value, gradients } = valueAndGradients(
      forward,
      weights.map(({ variable }) => variable),
    );
    const watch = new UpdateWatch(weights, gradients);
    const measured = watch.finish();
    const { gradient } = readUpdateNorms(await Promise.all(measured.map(async (each) => (await each.data())[0]!)), 1);
    dispose([value, ...measured, ...gradients.filter((each) => each !== null)]);
    expect(weights.map(({ name }) => name).sort()).toEqual(Object.keys(hooked.gradients).sort());
    expect(gradient.map(Math.sqrt)).toBeAllclose(
      weights.map(({ name }) => hooked.gradients[name]!),
      { relative: 1e-3, absolute: 1e-7 },
    );
  });
});
