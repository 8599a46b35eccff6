import { spawn, spawnSync } from "node:child_process";
import { describe, expect, onTestFinished, test } from "vitest";
import { writeTensorboard } from "../../src/execution/writeTensorboard.ts";
import { hasBrowser, launchBrowser } from "../browser.ts";
import { optional } from "../optional.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { carryOut, newRun, smallPipeline, valuesOf } from "./smallRun.ts";

const python = process.env.FLAMINGO_PYTHON ?? "python3";
const has = spawnSync(python, ["-c", "import tensorboard"]).status === 0;
const patience = { timeout: 60_000, interval: 200 };

/** TensorBoard on a folder, at an address of its own; it ends with the test. */
function serve(folder: string): Promise<string> {
  const child = spawn(
    python,
    ["-m", "tensorboard.main", "--logdir", folder, "--host", "127.0.0.1", "--port", "0", "--load_fast", "false"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr.on("data", (part) => {
      text += part;
      const address = /http:\/\/\S+/.exec(text)?.[0];
      if (address) resolve(address);
    });
    child.once("exit", () => reject(new Error(`TensorBoard ended: ${text}`)));
  });
}

describe.runIf(optional("TensorBoard's own charts", has && hasBrowser(), "no python3 here has tensorboard"))(
  "TensorBoard",
  () => {
    test("charts the losses of a run as they were, its histograms and its pinned images", {
      timeout: 180_000,
    }, async () => {
      const { folder, records } = await carryOut(await newRun(smallPipeline({ without: ["evaluate"] })));
      const to = temporaryFolder();
      await writeTensorboard(folder, to);
      const address = await serve(to);
      const losses = valuesOf(records, "loss").map(({ step, value }) => [step, value.total]);
      const scalars = async () => {
        const response = await fetch(`${address}data/plugin/scalars/scalars?tag=loss%2Floss&run=.`);
        return response.ok ? ((await response.json()) as [number, number, number][]) : [];
      };
      await expect.poll(async () => (await scalars()).length, patience).toBe(losses.length);
      expect((await scalars()).map(([, step]) => step)).toEqual(losses.map(([step]) => step));
      expect((await scalars()).map(([, , value]) => value)).toBeAllclose(
        losses.map(([, loss]) => loss!),
        { relative: 1e-6 },
      );

      const browser = await launchBrowser();
      onTestFinished(() => browser.close());
      const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
      await page.goto(`${address}#timeseries`);
      const filter = page.getByRole("combobox", { name: "Filter tags (regex)" });
      await filter.fill("^loss/loss$");
      const card = page.locator("scalar-card", { hasText: "loss/loss" }).first();
      await card.waitFor(patience);
      await card.locator("canvas, svg path").first().waitFor({ state: "attached" });
      await filter.fill("^images/pinned-0$|^weights/.*attn_gate$");
      await page.locator("image-card").first().waitFor(patience);
      await page.locator("histogram-card").first().waitFor(patience);
    });
  },
);
