import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice } from "../../src/engine/device.ts";
import * as tf from "../../src/engine/tensor.ts";
import { optional } from "../optional.ts";
import { findTorch, Peer } from "./peer.ts";
import { drawNumbers, makeToy } from "./toy.ts";

const python = findTorch();
const there = optional("the benchmark's twin", python !== undefined, "no python3 here has torch");

describe.runIf(there).each(["wasm", "cpu"] as const)("the toy and its twin in PyTorch, %s", (device) => {
  const [width, batch] = [16, 2];
  const numbers = drawNumbers(width, batch, 3, 0.4);
  let peer: Peer;

  beforeAll(async () => {
    await openDevice(device, { threads: 2 });
    peer = new Peer(python!, 1);
    await peer.open(width, batch, numbers);
  }, 180_000);
  afterAll(() => peer.close());

  test("compute the same loss from the same weights, and again after two steps of training", {
    timeout: 180_000,
  }, async () => {
    const toy = makeToy(width, batch, numbers);
    const loss = () => tf.tidy(() => toy.loss().dataSync()[0]!);
    const [first, twins] = [loss(), await peer.loss()];
    expect(Math.abs(first - twins) / twins).toBeLessThan(1e-5);
    toy.step();
    toy.step();
    await peer.time(2);
    const [later, twinsLater] = [loss(), await peer.loss()];
    expect(later).toBeLessThan(first - 0.01);
    expect(Math.abs(later - twinsLater) / twinsLater).toBeLessThan(1e-4);
    toy.dispose();
  });
});
