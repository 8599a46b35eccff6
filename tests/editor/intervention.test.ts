import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { InterventionAnswer } from "../../editor/shared/protocol.ts";
import { InspectedRun } from "../../src/execution/inspectedRun.ts";
import { carryOut, newRun, smallPipeline } from "../execution/smallRun.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { openStudio } from "./openStudio.ts";

test("a run's model under an intervention says, and explains, over HTTP what the library says", {
  timeout: 120_000,
}, async () => {
  const { folder, outcome } = await carryOut(await newRun(smallPipeline({ without: ["evaluate"] })));
  expect(outcome).toBe("succeeded");
  const labels = ["red heart", "unheardofword"];
  const run = await InspectedRun.open(folder);
  onTestFinished(() => run.dispose());
  const own = await run.ask({}, labels);
  expect(own.step).toBe(6);
  const gates = Object.fromEntries(own.gates.map(({ name, value }) => [name, value]));
  expect(await run.ask({ gates }, labels)).toEqual(own);
  const closed = Object.fromEntries(Object.keys(gates).map((name) => [name, 0]));
  const shut = await run.ask({ gates: closed }, labels);
  expect(shut.gates.map(({ value }) => value)).toEqual(Object.keys(gates).map(() => 0));
  expect(shut.samples[0]!.logLikelihood).not.toBe(own.samples[0]!.logLikelihood);
  expect("logLikelihood" in own.samples[1]!).toBe(false); // of words that the model does not know

  const home = temporaryFolder();
  mkdirSync(join(home, "runs"));
  cpSync(folder, join(home, "runs", "small"), { recursive: true });
  const studio = await openStudio({ home });
  const ask = (id: string, body: object) => studio.send("POST", `/api/runs/${id}/intervention`, body);
  for (const [intervention, expected] of [
    [{}, own],
    [{ gates: closed }, shut],
  ] as const) {
    // biome-ignore format: a pair a line
    const response = await ask("small", { intervention, labels });
    expect(response.status).toBe(200);
    expect((await response.json()) as InterventionAnswer).toEqual(expected);
  }
  // A label with the other's image: only the two images change places.
  const swapped = await run.ask({}, labels, [1, 0]);
  expect(swapped.samples.map(({ caption }) => caption)).toEqual(own.samples.map(({ caption }) => caption).reverse());
  expect(swapped.samples[0]!.logLikelihood).not.toBe(own.samples[0]!.logLikelihood);
  const answer = await ask("small", { intervention: {}, labels, images: [1, 0] });
  expect(await answer.json()).toEqual(swapped);
  expect((await ask("small", { intervention: {}, labels, images: [2] })).status).toBe(404);

  const explained = await run.explain({ gates: closed }, 1, "red heart");
  const explain = (image: number) =>
    studio.send("POST", "/api/runs/small/explanation", { intervention: { gates: closed }, image, label: "red heart" });
  expect(await (await explain(1)).json()).toEqual(JSON.parse(JSON.stringify(explained)));
  expect((await explain(2)).status).toBe(404); // two images are pinned
  const refused = await ask("small", { intervention: { gates: { other: 0 } }, labels });
  expect([refused.status, ((await refused.json()) as { error: { code: string } }).error.code]).toEqual([
    404,
    "NOT_FOUND",
  ]);
  expect((await ask("other", { intervention: {}, labels })).status).toBe(404);
  expect((await ask("small", { intervention: { weights: 1 }, labels })).status).toBe(400);
});
