import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AttentionFrame } from "../../src/channels/attention.ts";
import { hasBrowser } from "../browser.ts";
import { openTemplate } from "./openTemplate.ts";
import { overlaps } from "./overlaps.ts";
import { stage } from "./stages.ts";
import { template, writeRun } from "./writeRun.ts";

const whole = 400_000;
const patience = { timeout: 60_000, interval: 100 };
/** The smallest text on the canvas, in pixels of the screen. */
const least = 10.9;

describe.runIf(hasBrowser())("the page on a small screen", () => {
  test("is read at first sight: no text is small, no wire hidden, and nothing lies on a node", {
    timeout: whole,
  }, async () => {
    const { page } = await openTemplate(1280, 720);
    await stage(page, "26 the first view", async () => {
      await expect.poll(() => page.evaluate(smallestText), patience).toBeGreaterThan(least);
      expect(await page.evaluate(overlaps, [".react-flow__node", ".canvas-tools, .palette, .dock"])).toEqual([]);
      expect((await page.locator(".dock").boundingBox())!.height).toBeLessThan(60); // no run: nothing to show
    });
    await page.keyboard.press("Shift+T");
    await stage(page, "27 tidied", async () => {
      await expect.poll(() => page.evaluate(hiddenWires), patience).toEqual([]);
      expect(await page.evaluate(overlaps, [".wire-label", ".react-flow__node"])).toEqual([]);
      expect(await page.locator(".wire-label", { hasText: "24×length" }).count()).toBeGreaterThan(1);
    });
    const zoom = async () => Number.parseInt((await page.locator(".zoom").textContent())!, 10);
    const before = await zoom();
    await page.setViewportSize({ width: 1920, height: 1080 });
    await expect.poll(zoom, patience).toBeGreaterThan(before);
  });

  test("several messages are one line until they are asked for", { timeout: whole }, async () => {
    const { page, home } = await openTemplate(1280, 720);
    writeFileSync(join(home, "not a pipeline.json"), "[]");
    writeFileSync(join(home, "nor this.json"), "{}");
    const notices = page.locator(".notice");
    for (const name of ["not a pipeline.json", "nor this.json"]) {
      await page.keyboard.press("Control+o");
      await page.locator("input[type=file]").setInputFiles(join(home, name));
      await page.locator(".notice", { hasText: name }).waitFor(patience);
      await page.keyboard.press("Escape");
    }
    expect(await notices.count()).toBe(1);
    await page.getByRole("button", { name: "and 1 before" }).click();
    expect(await notices.count()).toBe(2);
  });

  test("attention is read by head, by its numbers, and times the gate; captions are whole", {
    timeout: whole,
  }, async () => {
    const { page, home, url } = await openTemplate(1280, 720);
    const device = { name: "cpu", reason: "", description: "" };
    const caption = "person in manual wheelchair facing right with a medium dark skin tone";
    const { id, folder } = await writeRun(home, template("emoji-captions"), [
      { channel: "run", value: { name: "Emoji captions", seed: 0, device, from: 0 } },
      { channel: "samples", step: 1, value: [{ image: 0, label: "pizza", caption }] },
      { channel: "attention", step: 1, value: { file: "attention-000001.json" } },
      { channel: "status", value: { status: "succeeded" } },
    ]);
    writeFileSync(join(folder, "attention-000001.json"), JSON.stringify(frame));
    await page.goto(`${url.split("?")[0]}#run=${id}`);
    await page.reload();
    const tabs = page.locator(".tab");
    await tabs.first().waitFor(patience);
    const lines = await tabs.evaluateAll((all) => all.map((tab) => tab.scrollHeight / tab.clientHeight));
    expect(Math.max(...lines)).toBeLessThan(1.1); // beside the name of a run each has one line
    await tabs.last().scrollIntoViewIfNeeded();
    const [last, chooser] = [
      (await tabs.last().boundingBox())!,
      (await page.locator(".dock-bar .anchor").boundingBox())!,
    ];
    expect(last.x + last.width).toBeLessThanOrEqual(chooser.x + 1);
    expect(await page.locator(".tabs").evaluate((bar) => bar.scrollWidth - bar.clientWidth)).toBeLessThan(2); // none is out of sight
    const panel = page.getByTestId("attention-panel");
    const value = panel.getByTestId("attention-value");
    const end = panel.getByTestId("attention-end");
    const peak = async () => Number(await panel.getByTestId("attention-map").getAttribute("data-peak"));
    await stage(page, "28 attention", async () => {
      await expect.poll(() => value.textContent(), patience).toBe("attention, largest 0.550");
      expect(await end.textContent()).toBe("0.550");
      await panel.getByLabel("head").selectOption("2");
      await expect.poll(() => end.textContent(), patience).toBe("0.700");
      const map = (await panel.locator(".attention-image").boundingBox())!;
      await page.mouse.move(map.x + 3, map.y + 3);
      await expect.poll(() => value.textContent(), patience).toBe("attention, row 1, column 1: 0.700");
      await page.mouse.move(map.x + map.width - 3, map.y + map.height - 3);
      await expect.poll(() => value.textContent(), patience).toBe("attention, row 2, column 2: 0.100");
      expect(await panel.locator(".attention-side").evaluate((side) => side.scrollWidth <= side.clientWidth)).toBe(
        true,
      );
    });
    await stage(page, "29 attention times the gate", async () => {
      await panel.getByLabel("What is shown").selectOption("attention × |tanh(gate)|");
      await page.mouse.move(0, 0);
      await expect.poll(() => value.textContent(), patience).toBe("attention × |tanh(gate)|, largest 0.070");
      expect(await end.textContent()).toBe("0.700"); // a gate that is nearly closed is dark
      expect(await peak()).toBeCloseTo(0.07, 6);
    });
    await page.getByRole("button", { name: "Samples", exact: true }).click();
    const shown = page.locator(".sample-caption");
    await shown.waitFor(patience);
    expect(await shown.textContent()).toBe(caption);
    expect(await shown.evaluate((text) => text.scrollWidth <= text.clientWidth + 1)).toBe(true);
  });
});

/** One layer with two heads, whose gate has just begun to open. */
const frame: AttentionFrame = {
  step: 1,
  layers: [{ node: "language", path: ["0"], type: "GatedXattnDense", gate: -0.1 }],
  grid: { rows: 2, columns: 2 },
  images: [
    {
      image: 0,
      label: "pizza",
      tokens: ["<image>", "wheelchair", "internationalization", "<|endofchunk|>"],
      cross: [
        [
          [0.5, 0.5],
          [0.75, 0.25],
          [0.5, 0.5],
          [0.5, 0.5],
        ],
      ],
      heads: [
        [
          [
            [0, 1],
            [0.5, 0.5],
            [0, 1],
            [0, 1],
          ],
          [
            [1, 0],
            [1, 0],
            [1, 0],
            [1, 0],
          ],
        ],
      ],
      resampler: [
        [0.7, 0.1, 0.1, 0.1],
        [0.1, 0.7, 0.1, 0.1],
      ],
    },
  ],
};

/** The size of the smallest text of cards and wires, as the zoom has it. */
function smallestText(): number {
  const zoom = new DOMMatrix(getComputedStyle(document.querySelector(".react-flow__viewport")!).transform).a;
  const texts = [...document.querySelectorAll(".react-flow__node *, .wire-label")].filter((element) =>
    [...element.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent!.trim() !== ""),
  );
  return Math.min(
    ...texts
      .filter((each) => !each.matches(".hidden"))
      .map((each) => zoom * Number.parseFloat(getComputedStyle(each).fontSize)),
  );
}

/** Wires that run behind a card, apart from where they begin and end. */
function hiddenWires(): string[] {
  const cards = [...document.querySelectorAll(".react-flow__node")].map((card) => card.getBoundingClientRect());
  const wires = [...document.querySelectorAll<SVGPathElement>("path.wire")];
  if (wires.length === 0) return ["none drawn"];
  return wires.flatMap((path) => {
    const length = path.getTotalLength();
    const places = Array.from({ length: 101 }, (_value, part) => path.getPointAtLength((part / 100) * length));
    const points = places.map((place) => place.matrixTransform(path.getScreenCTM()!)).slice(3, -3);
    const behind = points.some(({ x, y }) =>
      cards.some((card) => x > card.left + 3 && x < card.right - 3 && y > card.top + 1 && y < card.bottom - 1),
    );
    return behind ? [path.parentElement!.getAttribute("aria-label") ?? "a wire"] : [];
  });
}
