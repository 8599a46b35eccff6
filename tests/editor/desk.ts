import type { Download, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { actionNamed } from "../../editor/client/edit/actions.ts";
import { node } from "./canvas.ts";

const patience = { timeout: 60_000, interval: 50 };

/** How a person gives a command. */
export type Way = "menu" | "shortcut" | "palette";

/** The pipeline's page, as a person drives it. */
export class Desk {
  readonly page: Page;
  /** Files that the page gave since it was reset. */
  readonly given: Download[] = [];
  #runs = 0;

  constructor(page: Page) {
    this.page = page;
    page.on("download", (download) => this.given.push(download));
  }

  /** Opens the template, as nobody has changed it. */
  async reset(): Promise<void> {
    this.given.length = 0;
    await this.page.evaluate(() => {
      document.querySelector<HTMLElement>("dialog [aria-label=Close]")?.click();
      location.hash = "";
    });
    const stop = this.page.locator('[data-action="stop"]');
    if (await stop.isVisible()) await stop.click();
    await this.menu("new");
    await this.page.getByTestId("empty-canvas").waitFor();
    await this.page.evaluate(() => {
      location.hash = "#pipeline=emoji-captions";
    });
    await this.node("train").waitFor();
    await this.see(() => this.page.locator('[data-action="run"]').isEnabled(), true);
  }

  /** Gives a command. */
  async give(name: string, way: Way): Promise<void> {
    const { label, shortcut } = actionNamed(name);
    if (way === "shortcut") {
      await this.page.keyboard.press(shortcut!.replace("Mod", "Control"));
    } else if (way === "menu") {
      await this.page.getByRole("button", { name: "Menu" }).click();
      await this.called("menuitem", label).click();
    } else {
      await this.page.keyboard.press("Control+k");
      await this.page.getByRole("combobox", { name: "Search commands" }).fill(label);
      await this.called("option", label).click();
    }
  }

  menu(name: string): Promise<void> {
    return this.give(name, "menu");
  }

  called(role: "menuitem" | "option", label: string): Locator {
    return this.page.getByRole(role).filter({ has: this.page.getByText(label, { exact: true }) });
  }

  node(id: string): Locator {
    return node(this.page, id);
  }

  /** Selects these nodes, and nothing else, without a mouse: a card may lie under the inspector of the one before. */
  async choose(...ids: string[]): Promise<void> {
    // React Flow hears of Shift one rendering late: on a busy machine, Enter may come before it. Then it is pressed again.
    const select = async () => {
      for (const [index, id] of ids.entries()) {
        await this.node(id).focus();
        await this.page.keyboard.press(index === 0 ? "Enter" : "Shift+Enter");
      }
      return this.selected();
    };
    await this.see(select, ids.toSorted());
  }

  async selected(): Promise<string[]> {
    const nodes = this.page.locator(".react-flow__node.selected");
    return (await nodes.evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.id!))).sort();
  }

  nodes(): Promise<number> {
    return this.page.locator(".react-flow__node").count();
  }

  /** Where nodes stand in the graph. */
  boxes(...ids: string[]): Promise<{ x: number; y: number; width: number; height: number }[]> {
    const boxOf = (element: Element) => {
      const { style, offsetWidth: width, offsetHeight: height } = element as HTMLElement;
      const { e: x, f: y } = new DOMMatrix(style.transform);
      return { x, y, width, height };
    };
    return Promise.all(ids.map((id) => this.node(id).evaluate(boxOf)));
  }

  /** Comes back when what is looked at is as expected. */
  async see<T>(look: () => Promise<T>, expected: T): Promise<void> {
    await expect.poll(look, patience).toEqual(expected);
  }

  async dialog(name: string): Promise<void> {
    await this.page.getByRole("dialog", { name }).waitFor();
  }

  /** Opens a file of one's own from the dialog. */
  async openFile(name: string, buffer: Buffer): Promise<void> {
    await this.menu("open");
    await this.page.locator("dialog input[type=file]").setInputFiles({ name, mimeType: "", buffer });
    await this.page.evaluate(() => document.querySelector<HTMLElement>("dialog [aria-label=Close]")?.click());
  }

  status(expected: string): Promise<void> {
    return this.see(() => this.page.getByTestId("run-status").getAttribute("data-status"), expected);
  }

  /** Starts a run that does not end by itself. */
  async start(): Promise<void> {
    await this.menu("runWith");
    const dialog = this.page.getByRole("dialog");
    await dialog.getByLabel("Seeds").fill(String(++this.#runs));
    await dialog.getByLabel("Steps").fill("1000000");
    await dialog.getByRole("button", { name: "Run", exact: true }).click();
    await this.status("running");
  }

  /** Makes a block of the loss, which is selected then. */
  async collapse(): Promise<void> {
    await this.choose("loss");
    await this.menu("collapse");
    await this.page.keyboard.press("Enter");
    await this.page.locator(".react-flow__node.selected", { hasText: "MyBlock" }).waitFor();
  }
}
