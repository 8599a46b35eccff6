import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { hasBrowser } from "../browser.ts";
import { node } from "./canvas.ts";
import { openTemplate } from "./openTemplate.ts";
import { stage } from "./stages.ts";
import { template, writeRun } from "./writeRun.ts";

const whole = 400_000;
const patience = { timeout: 60_000, interval: 100 };

describe.runIf(hasBrowser())("the canvas, as a person sees it", () => {
  test("a box selects the nodes in it and the wires between, no text; Copy then copies those", {
    timeout: whole,
  }, async () => {
    const { page } = await openTemplate(1280, 800);
    const nodes = page.locator(".react-flow__node");
    const before = await nodes.count();
    await stage(page, "23 a box around two nodes", async () => {
      await page.getByText("Pipeline", { exact: true }).first().click(); // where the browser would begin to select text
      const [loss, train] = [await boxOf(page, "loss"), await boxOf(page, "train")];
      await page.keyboard.down("Shift");
      await page.mouse.move(train.x + train.width + 10, Math.min(loss.y, train.y) - 8);
      await page.mouse.down();
      const bottom = Math.max(loss.y + loss.height, train.y + train.height) + 12;
      await page.mouse.move(loss.x - 12, bottom, { steps: 6 });
      await page.mouse.up();
      await page.keyboard.up("Shift");
      const selected = () =>
        page
          .locator(".react-flow__node.selected")
          .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.id));
      await expect.poll(selected, patience).toEqual(["loss", "train"]);
      expect(await page.locator(".react-flow__edge.selected").count()).toBe(1); // the one between them
      expect(await page.evaluate(() => window.getSelection()!.toString())).toBe("");
    });
    await page.keyboard.press("Control+c");
    await page.keyboard.press("Control+v");
    await expect.poll(() => nodes.count(), patience).toBe(before + 2);
    const titles = await page.locator(".react-flow__node.selected .card-name").allTextContents();
    expect(titles.sort()).toEqual(["Next-token loss", "Train"]);
    await page.locator(".react-flow__edge").last().locator(".react-flow__edge-interaction").dispatchEvent("click");
    await expect.poll(() => page.locator(".react-flow__edge.selected").count(), patience).toBe(1);
    expect(await page.locator(".react-flow__node.selected").count()).toBe(0);
    await page.keyboard.press("Escape");
    await expect
      .poll(() => page.locator(".react-flow__nodesselection, .react-flow__selection").count(), patience)
      .toBe(0);
  });

  test("a run is shown on the pipeline that it ran, and on no other", { timeout: whole }, async () => {
    const { page, home, url } = await openTemplate(1280, 800);
    const { id } = await writeRun(home, template("emoji-captions"), [
      {
        channel: "run",
        value: { name: "Emoji captions", seed: 0, device: { name: "cpu", reason: "", description: "" }, from: 0 },
      },
      { channel: "node", value: { node: "documents", state: "succeeded" } },
      { channel: "node", value: { node: "train", state: "running", activity: "training", step: 5, total: 10 } },
      { channel: "samples", step: 1, value: [{ image: 0, label: "pizza", caption: "pizza" }] },
      { channel: "loss", step: 1, value: { total: 3 } },
      { channel: "status", value: { status: "failed", error: { code: "PROCESS_DIED", message: "the process ended" } } },
    ]);
    await page.goto(`${url.split("?")[0]}#run=${id}`);
    await page.reload();
    const state = (id: string) => node(page, id).locator(".card").getAttribute("data-state");
    const others = page.getByTestId("others-run");
    await stage(page, "24 a run on its own pipeline", async () => {
      await expect.poll(() => state("documents"), patience).toBe("succeeded");
      expect(await page.getByTestId("node-images").locator("img").count()).toBe(1);
      expect(await others.count()).toBe(0);
      await page.getByRole("alert").getByText("The run failed").waitFor(patience);
    });
    await stage(page, "25 a run of another pipeline", async () => {
      await page.getByRole("button", { name: "Menu" }).click();
      await page.getByRole("menuitem", { name: "New pipeline" }).click();
      await page.locator(".palette").getByText("Emoji documents").click(); // has the id and the type of one that ran
      await page.locator(".card-name", { hasText: "Emoji documents" }).waitFor(patience);
      await others.getByText("Emoji captions").waitFor(patience);
      expect(await page.locator(".react-flow__node .card").first().getAttribute("data-state")).toBe("idle");
      expect(await page.getByTestId("node-images").locator("img").count()).toBe(0);
      expect(await page.getByText("The run failed").count()).toBe(0);
    });
    await others.getByRole("button", { name: "Open it" }).click();
    await expect.poll(() => state("documents"), patience).toBe("succeeded");
    expect(await others.count()).toBe(0);
  });
});

async function boxOf(page: Page, id: string) {
  return (await node(page, id).boundingBox())!;
}
