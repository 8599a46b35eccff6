import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { actions } from "../../editor/client/edit/actions.ts";
import { pipelineOfPicture } from "../../src/pipeline/picture.ts";
import { hasBrowser } from "../browser.ts";
import { Desk, type Way } from "./desk.ts";
import { openPage } from "./openPage.ts";
import { overlaps } from "./overlaps.ts";
import { attempt } from "./stages.ts";

const trainer = fileURLToPath(new URL("fakeTrainer.ts", import.meta.url));

/** From the template on, does what comes before a command, gives it, and looks at what came of it. */
type Drive = (desk: Desk, give: () => Promise<void>) => Promise<unknown>;

/** Nodes of the template. */
const all = 6;

const opens =
  (dialog: string): Drive =>
  async (desk, give) => {
    await give();
    await desk.dialog(dialog);
  };

const givesFile =
  (name: string): Drive =>
  async (desk, give) => {
    await give();
    await desk.see(async () => desk.given.map((file) => file.suggestedFilename()), [name]);
  };

/** A picture is given that carries the pipeline, and opens as it; one without is refused in one sentence. */
const givesPicture =
  (form: "png" | "svg"): Drive =>
  async (desk, give) => {
    const name = `emoji-captions.${form}`;
    await givesFile(name)(desk, give);
    const path = await desk.given[0]!.path();
    const carried = pipelineOfPicture(readFileSync(path), name);
    expect(Object.keys(carried.nodes)).toHaveLength(all);
    expect((await sharp(path).metadata()).width).toBeGreaterThan(800);
    await desk.menu("new");
    await desk.openFile(name, readFileSync(path));
    await desk.see(() => desk.nodes(), all);
    await desk.openFile("photo.png", await sharp(readFileSync(path)).png().toBuffer());
    await desk.page.getByText("photo.png is a picture without a pipeline in it").waitFor();
    await desk.see(() => desk.nodes(), all);
  };

/** A command on selected nodes, by how many nodes there are then. */
const leaves =
  (nodes: number, ...chosen: string[]): Drive =>
  async (desk, give) => {
    await desk.choose(...chosen);
    await give();
    await desk.see(() => desk.nodes(), nodes);
  };

/** Something that is shown is hidden then, or the other way round. */
const toggles =
  (selector: string): Drive =>
  async (desk, give) => {
    const count = () => desk.page.locator(selector).count();
    const before = await count();
    await give();
    await desk.see(count, 1 - before);
  };

/** A node is left out of what is computed, as its card and its inspector say; given again, it is computed. */
const skips =
  (id: string, word: string): Drive =>
  async (desk, give) => {
    await desk.choose(id);
    await give();
    await desk.node(id).locator(".card-skip", { hasText: word }).waitFor();
    await desk.page.getByTestId("inspector").getByText(`Will not run: it is ${word}.`).waitFor();
    await give();
    await desk.see(() => desk.node(id).locator(".card-skip").count(), 0);
  };

type Box = Awaited<ReturnType<Desk["boxes"]>>[number];

/** Nodes stand in line: a side of theirs is at the same place. */
const aligns =
  (side: (box: Box) => number): Drive =>
  async (desk, give) => {
    const sides = async () => new Set((await desk.boxes("flamingo", "loss")).map(side)).size;
    await desk.choose("flamingo", "loss");
    expect(await sides()).toBe(2);
    await give();
    await desk.see(sides, 1);
  };

/** Between three nodes in a row there is the same room. */
const distributes =
  (ids: readonly string[], from: (box: Box) => number, to: (box: Box) => number): Drive =>
  async (desk, give) => {
    await desk.choose(...ids);
    await give();
    const uneven = async () => {
      const [a, b, c] = (await desk.boxes(...ids)).sort((one, other) => from(one) - from(other));
      return Math.abs(from(b!) - to(a!) - (from(c!) - to(b!))) > 1.5;
    };
    await desk.see(uneven, false);
  };

const drives: Record<string, Drive> = {
  new: async (desk, give) => {
    await give();
    await desk.page.getByTestId("empty-canvas").waitFor();
  },
  open: async (desk, give) => {
    await opens("Open a pipeline")(desk, give);
    const template = desk.page.getByRole("button").filter({ has: desk.page.locator(".pipeline-picture") });
    await template.first().waitFor();
    const isDrawn = (image: Element) => (image as HTMLImageElement).naturalWidth > 100;
    const pictures = template.locator("img");
    const undrawn = async () => (await template.count()) - (await pictures.count());
    await desk.see(undrawn, 0);
    expect(await pictures.first().evaluate(isDrawn)).toBe(true);
  },
  openModel: opens("Open a model"),
  save: opens("Save the pipeline"),
  saveAs: opens("Save the pipeline"),
  versions: async (desk, give) => {
    const dialog = desk.page.getByRole("dialog", { name: "Versions of the pipeline" });
    await give();
    await dialog
      .getByText(/No versions yet|Difference to now/)
      .first()
      .waitFor();
    const name = `Before ${await dialog.getByRole("listitem").count()}`;
    const version = dialog.getByRole("listitem").filter({ hasText: name });
    await dialog.getByRole("textbox").fill(name);
    await desk.page.keyboard.press("Enter");
    await version.waitFor();
    await version.getByRole("button", { name: "Difference to now" }).click();
    await version.getByText("The same computation as now").waitFor();
    await desk.page.keyboard.press("Escape");
    await leaves(all - 1, "loss")(desk, () => desk.menu("delete"));
    await desk.menu("versions");
    await version.getByRole("button", { name: "Difference to now" }).click();
    await version.getByTestId("compare-list").getByText("is gone").first().waitFor();
    await version.getByRole("button", { name: "Go back to it" }).click();
    await desk.see(() => desk.nodes(), all);
    await desk.menu("undo");
    await desk.see(() => desk.nodes(), all - 1);
  },
  download: givesFile("emoji-captions.json"),
  exportProgram: givesFile("emoji-captions.ts"),
  exportNotebook: givesFile("emoji-captions.ipynb"),
  exportPng: givesPicture("png"),
  exportSvg: givesPicture("svg"),
  undo: async (desk, give) => {
    await leaves(all - 1, "loss")(desk, () => desk.menu("delete"));
    await give();
    await desk.see(() => desk.nodes(), all);
  },
  redo: async (desk, give) => {
    await leaves(all - 1, "loss")(desk, () => desk.menu("delete"));
    await desk.menu("undo");
    await desk.see(() => desk.nodes(), all);
    await give();
    await desk.see(() => desk.nodes(), all - 1);
  },
  cut: leaves(all - 1, "loss"),
  copy: async (desk, give) => {
    await desk.choose("loss", "train");
    await give();
    await desk.menu("paste");
    await desk.see(() => desk.selected(), ["loss2", "train2"]);
  },
  paste: async (desk, give) => {
    await desk.choose("samples");
    await desk.menu("copy");
    await give();
    await desk.see(() => desk.selected(), ["samples2"]);
  },
  duplicate: leaves(all + 2, "loss", "train"),
  delete: leaves(all - 2, "loss", "train"),
  deleteRejoin: leaves(all - 1, "loss"),
  bypass: skips("samples", "bypassed"),
  mute: skips("samples", "muted"),
  note: async (desk, give) => {
    await give();
    await desk.page.keyboard.type("Gates begin closed.");
    await desk.see(() => desk.node("note:1").locator("textarea").inputValue(), "Gates begin closed.");
    await desk.page.keyboard.press("Escape");
    await desk.node("note:1").getByText("Gates begin closed.").waitFor();
    await desk.see(() => desk.selected(), ["note:1"]);
  },
  group: async (desk, give) => {
    await desk.choose("loss", "train");
    await give();
    await desk.page.keyboard.type("Training");
    await desk.page.keyboard.press("Enter");
    await desk.node("group:1").getByText("Training").waitFor();
    await desk.see(() => desk.selected(), ["group:1"]);
    const title = (await desk.node("group:1").locator(".frame-title").boundingBox())!;
    const places = () => desk.boxes("loss", "train").then((boxes) => boxes.map(({ x }) => x));
    const before = await places();
    await desk.page.mouse.move(title.x + title.width / 2, title.y + title.height / 2);
    await desk.page.mouse.down();
    await desk.page.mouse.move(title.x + title.width / 2 - 40, title.y + title.height / 2, { steps: 4 });
    await desk.page.mouse.up();
    await desk.see(async () => (await places()).map((x, at) => x < before[at]!), [true, true]);
  },
  ungroup: async (desk, give) => {
    await desk.choose("loss", "train");
    await desk.menu("group");
    await desk.page.keyboard.press("Enter");
    await desk.see(() => desk.nodes(), all + 1);
    await give();
    await desk.see(() => desk.nodes(), all);
    await desk.see(() => desk.selected(), ["loss", "train"]);
  },
  alignLeft: aligns(({ x }) => x),
  alignRight: aligns(({ x, width }) => x + width),
  alignTop: aligns(({ y }) => y),
  alignBottom: aligns(({ y, height }) => Math.round((y + height) / 2)),
  distributeAcross: distributes(
    ["documents", "flamingo", "train"],
    ({ x }) => x,
    ({ x, width }) => x + width,
  ),
  distributeDown: distributes(
    ["samples", "evaluate", "loss"],
    ({ y }) => y,
    ({ y, height }) => y + height,
  ),
  selectAll: async (desk, give) => {
    await give();
    await desk.see(async () => (await desk.selected()).length, all);
  },
  deselect: async (desk, give) => {
    await desk.choose("loss");
    await give();
    await desk.see(() => desk.selected(), []);
  },
  tidy: async (desk, give) => {
    await desk.menu("tidy");
    await desk.choose("train");
    const [tidy] = await desk.boxes("train");
    await desk.page.keyboard.press("ArrowDown");
    await desk.see(async () => (await desk.boxes("train"))[0]!.y === tidy!.y, false);
    await give();
    await desk.see(async () => (await desk.boxes("train"))[0]!.y, tidy!.y);
  },
  openInside: async (desk, give) => {
    await desk.choose("flamingo");
    await give();
    await desk.page.getByTestId("inside").waitFor();
  },
  collapse: async (desk, give) => {
    await desk.choose("loss");
    await opens("Collapse to a block")(desk, give);
  },
  expand: async (desk, give) => {
    await desk.choose("flamingo");
    await give();
    await desk.see(async () => (await desk.selected()).length, 3); // encoder, resampler, language model
    expect(await desk.page.evaluate(overlaps, [".react-flow__node", ".react-flow__node"])).toEqual([]);
  },
  original: async (desk, give) => {
    await desk.choose("flamingo");
    await desk.menu("openInside");
    await desk.node("lang_encoder").locator(".card-name").click();
    await desk.menu("delete");
    await desk.page.getByRole("dialog").getByRole("button", { name: "Change", exact: true }).click();
    await desk.see(() => desk.node("lang_encoder").count(), 0);
    await give();
    await desk.node("lang_encoder").waitFor();
  },
  describeBlock: async (desk, give) => {
    await desk.collapse();
    await opens("The block’s name and words")(desk, give);
  },
  exportBlock: async (desk, give) => {
    await desk.collapse();
    await givesFile("MyBlock.json")(desk, give);
  },
  importBlocks: async (desk, give) => {
    await desk.collapse();
    await givesFile("MyBlock.json")(desk, () => desk.menu("exportBlock"));
    const file = await desk.given[0]!.path();
    await desk.menu("new");
    const [chooser] = await Promise.all([desk.page.waitForEvent("filechooser"), give()]);
    await chooser.setFiles(file);
    await desk.page.getByText("Imported MyBlock").waitFor();
  },
  tour: async (desk, give) => {
    await give();
    const card = desk.page.getByRole("dialog", { name: /^Tour/ });
    for (let step = 1; step < 6; step++) {
      await desk.dialog(`Tour, ${step} of 6`);
      await desk.see(() => card.locator(":focus").textContent(), "Next"); // by keyboard alone
      await desk.page.keyboard.press(step === 2 ? "ArrowRight" : "Enter");
    }
    await desk.dialog("Tour, 6 of 6");
    await desk.page.keyboard.press("ArrowLeft");
    await desk.dialog("Tour, 5 of 6");
    await desk.page.keyboard.press("Escape");
    await desk.see(() => card.count(), 0);
    await desk.see(() => desk.page.getByText("New here?").count(), 0); // not offered again
  },
  commands: opens("Commands, nodes and blocks"),
  search: async (desk, give) => {
    await give();
    await desk.see(() => desk.page.locator(".palette input:focus").count(), 1);
  },
  inspect: async (desk, give) => {
    await desk.choose("loss");
    await give();
    await desk.see(() => desk.page.locator(".inspector-body :focus").count(), 1);
  },
  fit: async (desk, give) => {
    const isWhole = async () => {
      const canvas = (await desk.page.getByTestId("canvas").boundingBox())!;
      const train = (await desk.node("train").boundingBox())!;
      return train.x + train.width < canvas.x + canvas.width;
    };
    for (let presses = 0; presses < 4; presses++) await desk.page.getByRole("button", { name: "Zoom in" }).click();
    await desk.see(isWhole, false);
    await give();
    await desk.see(isWhole, true);
  },
  palette: toggles(".palette"),
  dock: toggles('.dock[data-open="true"]'),
  theme: toggles('html[data-theme="dark"]'),
  runs: async (desk, give) => {
    await give();
    await desk.see(() => desk.page.evaluate(() => location.hash), "#runs");
  },
  help: opens("Keyboard shortcuts"),
  run: async (desk, give) => {
    await give();
    await desk.status("succeeded");
  },
  runWith: opens("Run with…"),
  runSelected: async (desk, give) => {
    await desk.choose("samples");
    await give();
    await desk.status("succeeded");
  },
  moreSteps: async (desk, give) => {
    await desk.start();
    await desk.menu("stop");
    await desk.status("stopped");
    await opens("More steps")(desk, give);
  },
  pause: async (desk, give) => {
    await desk.start();
    await give();
    await desk.status("paused");
  },
  continue: async (desk, give) => {
    await desk.start();
    await desk.menu("pause");
    await desk.status("paused");
    await give();
    await desk.status("running");
  },
  stop: async (desk, give) => {
    await desk.start();
    await give();
    await desk.status("stopped");
  },
  resume: async (desk, give) => {
    await desk.start();
    await desk.menu("stop");
    await desk.status("stopped");
    await give();
    await desk.status("running");
  },
};

test("every command is driven in a browser", () => {
  expect(Object.keys(drives).sort()).toEqual(actions.map(({ name }) => name).sort());
});

describe.runIf(hasBrowser())("in a browser, each command does what it says", () => {
  for (const group of ["File", "Edit", "Block", "View", "Run"] as const)
    test(`${group}: from the menu, and by its shortcut or the command palette`, { timeout: 600_000 }, async () => {
      const { page } = await openPage(trainer);
      const desk = new Desk(page);
      for (const { name, shortcut } of actions.filter((action) => action.group === group))
        for (const way of ["menu", shortcut === undefined ? "palette" : "shortcut"] satisfies Way[])
          await attempt(page, `${name} by ${way}`, async () => {
            await desk.reset();
            await drives[name]!(desk, () => desk.give(name, way));
          });
    });
});
