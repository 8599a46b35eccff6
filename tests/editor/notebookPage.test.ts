import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { clientFolder, startStudio } from "../../editor/server/studio.ts";
import { parseNotebook } from "../../kernel/nbformat/notebook.ts";
import { buildClientIfStale } from "../../src/command/freshClient.ts";
import { findHome } from "../../src/runs/home.ts";
import { hasBrowser, launchBrowser } from "../browser.ts";
import { smallPipeline } from "../execution/smallRun.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { notebookOf } from "./notebookFixture.ts";
import { photograph, stage } from "./stages.ts";

const whole = 180_000;
/** A kernel takes its time where the cores are busy; everything here waits for what a person would see. */
const patience = { timeout: 60_000, interval: 100 };

describe.runIf(hasBrowser())("the notebook page, as a person sees it", () => {
  beforeAll(() => buildClientIfStale(clientFolder, () => {}), whole);

  test("a tutorial is opened, run, watched, interrupted, and kept as one's own", { timeout: whole }, async () => {
    const { url, home } = await openStudio({ "01-gates.ipynb": tutorial });
    const { open, complaints } = await openBrowser();
    const page = await open(url);
    await stage(page, "1 finding the tutorial", async () => {
      await page.getByRole("link", { name: "Notebooks" }).click();
      await page.getByRole("link", { name: "Gates" }).click();
      await page.getByTestId("notebook").waitFor();
      await page.locator(".prose .katex-display").first().waitFor();
      await ready(page);
    });
    await stage(page, "2 running all of it", async () => {
      await page.getByRole("button", { name: "Run all cells" }).click();
      await shown(page, 2, "[ 0, 0.5 ]").waitFor(patience);
      await shown(page, 2, "counted").waitFor();
      await seePlotMove(page);
    });
    await stage(page, "3 interrupting", async () => {
      await expect.poll(() => count(page, 4), patience).toBe("[*]");
      await shown(page, 4, "so far").waitFor(patience);
      await page.getByRole("button", { name: "Interrupt" }).click();
      await shown(page, 4, /^interrupted after/).waitFor(patience);
      await ready(page);
      await expect.poll(() => cell(page, 5).getByTestId("elapsed").textContent(), patience).toBe("not run");
    });
    await stage(page, "4 variables are kept", async () => {
      await cell(page, 5).click();
      await page.keyboard.press("Control+Enter");
      await shown(page, 5, "10 points").waitFor(patience);
    });
    await stage(page, "5 a copy of one's own", async () => {
      await page.getByRole("button", { name: "Make it mine" }).click();
      await saved(page);
      expect(decodeURIComponent(new URL(page.url()).hash)).toBe("#notebook=01-gates.ipynb");
      await write(page, 5, "gates.length + ' gates'");
      await saved(page);
    });
    await stage(page, "6 the same after a reload", async () => {
      await page.reload();
      await ready(page);
      await plot(page, 3).waitFor(patience);
      await shown(page, 2, "[ 0, 0.5 ]").waitFor();
      await cell(page, 5).click();
      await page.keyboard.press("Shift+Enter");
      await shown(page, 5, "2 gates").waitFor(patience);
      await saved(page);
    });
    await stage(page, "7 back", async () => {
      await page.goBack();
      await page.getByRole("heading", { name: "Your notebooks" }).waitFor();
      await page.getByRole("link", { name: "01-gates" }).waitFor();
    });
    const file = parseNotebook(readFileSync(join(home, "notebooks", "01-gates.ipynb"), "utf8"), "saved");
    expect(JSON.stringify(file.cells[4])).toContain("2 gates");
    expect(JSON.stringify(file.cells[2])).toContain("application/vnd.plotly.v1+json");
    expect(complaints).toEqual([]);
  });

  test("output that comes while the page is loaded again is not lost", { timeout: whole }, async () => {
    const signal = join(temporaryFolder(), "signal");
    const { url } = await openStudio({ "slow.ipynb": slow(signal) });
    const { open, complaints } = await openBrowser();
    const page = await open(`${url}#notebook=tutorials/slow.ipynb`);
    await stage(page, "8 a reload while a cell runs", async () => {
      await ready(page);
      await page.getByRole("button", { name: "Run all cells" }).click();
      await shown(page, 1, "line 2").waitFor(patience);
      await page.reload({ waitUntil: "commit" });
      writeFileSync(signal, ""); // what the cell prints from here on comes while nobody listens
      await shown(page, 1, "line 29").waitFor(patience);
      const lines = (await cell(page, 1).locator(".printed").allTextContents()).join("");
      expect(lines.trim().split("\n")).toEqual(Array.from({ length: 30 }, (_, line) => `line ${line}`));
      await shown(page, 2, "done").waitFor(patience);
    });
    expect(complaints).toEqual([]);
  });

  test("what a cell shows cannot act on the page, and what it asks is answered", { timeout: whole }, async () => {
    const { url } = await openStudio({ "shows.ipynb": shows });
    const { open, complaints } = await openBrowser();
    const page = await open(`${url}#notebook=tutorials/shows.ipynb`);
    await stage(page, "9 hostile output", async () => {
      await ready(page);
      await page.getByRole("button", { name: "Run all cells" }).click();
      await shown(page, 1, "safe words").waitFor(patience);
      expect(await cell(page, 1).locator(".html-output").evaluate(whatIsInside)).toEqual({
        scripts: 0,
        handlers: 0,
        frames: 0,
        forms: 0,
      });
      expect(await page.evaluate(() => "hacked" in window)).toBe(false);
      await cell(page, 2).getByRole("img", { name: "a drawing" }).waitFor(patience);
      await shown(page, 3, "50%").waitFor(patience);
      expect(await cell(page, 3).locator(".printed").first().textContent()).toBe("50%\n");
    });
    await stage(page, "10 a question", async () => {
      await cell(page, 4).getByLabel("Your name?").fill("Ada");
      await page.keyboard.press("Enter");
      await shown(page, 4, "'ADA'").waitFor(patience);
    });
    await stage(page, "11 a failing cell", async () => {
      await shown(page, 5, "the shapes do not fit").waitFor(patience);
      await shown(page, 5, /^failed after/).waitFor(patience);
    });
    await stage(page, "12 names and help from the kernel", async () => {
      await write(page, 5, "flamingo.plo");
      await page.locator(".cm-tooltip-autocomplete").getByText("plot", { exact: true }).click(patience);
      await page.keyboard.press("Shift+Tab");
      await page.locator(".help-text").getByText("Lines in a plot").waitFor(patience);
    });
    // Chromium tells of handlers in markup that is only read, to be made safe, and never on the page.
    expect(complaints.filter((complaint) => !complaint.startsWith("Executing inline event handler"))).toEqual([]);
  });

  test("cells are added, moved, turned and taken back by Jupyter's keys", { timeout: whole }, async () => {
    const { url, home } = await openStudio({}, { "mine.ipynb": notebookOf({ code: "1" }, { code: "2" }) });
    const { open, complaints } = await openBrowser();
    const page = await open(`${url}#notebook=mine.ipynb`);
    await stage(page, "13 keys", async () => {
      await cell(page, 1).waitFor();
      await cell(page, 1).focus();
      await press(page, "b", "Enter");
      await page.keyboard.type("# Title $a^2$");
      await press(page, "Escape", "m", "Shift+Enter");
      await cell(page, 2).locator("h1 .katex").waitFor();
      expect(await texts(page)).toEqual(["1", "", "2"]);
      await press(page, "d", "d");
      expect(await texts(page)).toEqual(["1", ""]);
      await press(page, "z");
      expect(await texts(page)).toEqual(["1", "", "2"]);
      await press(page, "Control+Shift+ArrowUp", "k", "ArrowUp", "x", "ArrowDown", "v");
      expect(await texts(page)).toEqual(["2", "", "1"]);
      await saved(page);
      const { cells } = parseNotebook(readFileSync(join(home, "notebooks", "mine.ipynb"), "utf8"), "saved");
      expect(cells.map(({ cell_type, source }) => `${cell_type}: ${source}`)).toEqual([
        "code: 2",
        "markdown: # Title $a^2$",
        "code: 1",
      ]);
    });
    expect(complaints).toEqual([]);
  });

  test("a training says how far it is, and at which step it stopped", { timeout: whole }, async () => {
    const { url } = await openStudio({ "training.ipynb": training });
    const { open, complaints } = await openBrowser();
    const page = await open(`${url}#notebook=tutorials/training.ipynb`);
    await stage(page, "20 training", async () => {
      await ready(page);
      await page.getByRole("button", { name: "Run all cells" }).click();
      await shown(page, 1, /training [\d,]+ of 100,000/).waitFor(patience);
      await page.getByRole("button", { name: "Interrupt" }).click();
      await shown(page, 1, /stopped at step [\d,]+ of 100,000/).waitFor(patience);
    });
    await stage(page, "21 a heat map by its labels, and a picture in a drawing", async () => {
      await cell(page, 2).click();
      await page.keyboard.press("Shift+Enter");
      for (const word of ["looks", "a cat", "where"]) await shown(page, 2, word).waitFor(patience);
      await page.keyboard.press("Shift+Enter");
      const picture = cell(page, 3).locator(".html-output image");
      await picture.waitFor(patience);
      expect(await picture.getAttribute("href")).toBe(dot);
    });
    expect(complaints).toEqual([]);
  });

  test("variables are listed, sorted, searched and opened; cells that are out of date say so", {
    timeout: whole,
  }, async () => {
    const { url } = await openStudio({}, { "mine.ipynb": dependent });
    const { open, complaints } = await openBrowser();
    const page = await open(`${url}#notebook=mine.ipynb`);
    const panel = page.getByTestId("variables");
    const names = () => panel.locator("tbody th").allTextContents();
    const stale = (place: number) => cell(page, place).getByTestId("stale");
    await ready(page);
    await page.getByRole("button", { name: "Variables", exact: true }).click();
    await page.getByRole("button", { name: "Run all cells" }).click();
    await stage(page, "22 variables", async () => {
      await expect.poll(names, patience).toEqual(["width", "model", "area", "weights"]);
      const weights = panel.locator("tbody tr", { hasText: "weights" });
      expect(await weights.locator("td").allTextContents()).toEqual([
        "Float32Array<ArrayBuffer>",
        "1000 float32",
        "[0, 0, 0, 0, 0, 0, …]",
      ]);
      await panel.getByRole("button", { name: "name", exact: true }).click();
      expect(await names()).toEqual(["area", "model", "weights", "width"]);
      await panel.getByRole("button", { name: "shape", exact: true }).click();
      await panel.getByRole("button", { name: /^shape/ }).click();
      expect((await names())[0]).toBe("weights");
      await panel.getByLabel("Search variables").fill("mod");
      expect(await names()).toEqual(["model"]);
      await panel.getByRole("button", { name: "Open model" }).click();
      await expect.poll(names, patience).toEqual(["model", "layers", "secret"]);
      expect(await panel.locator("tbody tr").last().textContent()).toBe("secretgetternot run");
      await panel.getByRole("button", { name: "Open layers" }).click();
      await expect.poll(names, patience).toEqual(["model", "layers", "0", "1", "secret"]);
      await panel.getByLabel("Search variables").fill("");
    });
    await stage(page, "23 out of date", async () => {
      for (const place of [1, 2, 3, 4]) expect(await stale(place).count()).toBe(0);
      await write(page, 1, "let width = 5;");
      await page.keyboard.press("Control+Enter");
      await stale(2).getByText("width").waitFor(patience);
      await stale(3).getByText("area").waitFor(patience);
      expect([await stale(1).count(), await stale(4).count()]).toEqual([0, 0]);
      await shown(page, 3, "area 4").waitFor(); // it is told, and not run
      await expect.poll(() => panel.locator("tbody tr", { hasText: "width" }).textContent(), patience).toContain("5");
      await page.reload();
      await stale(2).getByText("width").waitFor(patience);
      await ready(page);
      for (const place of [2, 3]) {
        await cell(page, place).locator(".cm-content").click();
        await page.keyboard.press("Control+Enter");
        await expect.poll(() => stale(place).count(), patience).toBe(0);
      }
      await shown(page, 3, "area 25").waitFor(patience);
    });
    await page.getByRole("button", { name: "Restart" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Restart" }).click();
    await page.getByRole("button", { name: "Variables", exact: true }).click();
    await panel.getByText("No cell has declared one yet.").waitFor(patience);
    expect(complaints).toEqual([]);
  });

  test("the page keeps to the cell that runs, and no card hides the code", { timeout: whole }, async () => {
    const { url } = await openStudio({}, { "long.ipynb": long });
    const { open } = await openBrowser();
    const page = await open(`${url}#notebook=long.ipynb`);
    await ready(page);
    await stage(page, "24 running all", async () => {
      await page.getByRole("button", { name: "Run all cells" }).click();
      await shown(page, longCells, "the last").waitFor(patience);
      await expect.poll(() => isInSight(cell(page, longCells).locator(".source")), patience).toBe(true);
    });
    await stage(page, "25 help beside the code", async () => {
      const code = cell(page, 1).locator(".cm-content");
      await code.scrollIntoViewIfNeeded();
      await page.mouse.move(...(await code.locator(".cm-line").nth(1).evaluate(middleOf, "answer")));
      const card = page.locator(".cm-tooltip-hover");
      await card.getByText("const answer").waitFor(patience);
      const [help, text] = [(await card.boundingBox())!, (await code.boundingBox())!];
      expect(help.y >= text.y + text.height - 1 || help.y + help.height <= text.y + 1).toBe(true);
    });
    await stage(page, "26 names go when the cell is run", async () => {
      await write(page, longCells, "Math.ma");
      await page.locator(".cm-tooltip-autocomplete").getByText("max", { exact: true }).waitFor(patience);
      await page.keyboard.press("Shift+Enter");
      await expect.poll(() => page.locator(".cm-tooltip-autocomplete").count(), patience).toBe(0);
      expect(await cell(page, longCells).locator(".cm-content").textContent()).toBe("Math.ma");
    });
  });

  test("the tutorial on cross-attention runs from top to bottom", { timeout: whole }, async () => {
    const name = "02-cross-attention-by-hand.ipynb";
    const text = readFileSync(new URL(`../../notebooks/${name}`, import.meta.url), "utf8");
    const places = parseNotebook(text, name).cells.flatMap(({ cell_type }, at) =>
      cell_type === "code" ? [at + 1] : [],
    );
    const { url } = await openStudio({ [name]: text });
    const { open, complaints } = await openBrowser();
    const page = await open(`${url}#notebook=tutorials/${name}`);
    await stage(page, "18 a tutorial", async () => {
      await ready(page);
      await page.getByRole("button", { name: "Run all cells" }).click();
      for (const place of places)
        await cell(page, place).locator('[data-testid="elapsed"][data-status="succeeded"]').waitFor(patience);
      expect(await count(page, places.at(-1)!)).toBe(`[${places.length}]`);
    });
    await stage(page, "19 what it shows", async () => {
      await page.locator(".html-output svg[aria-label]").first().waitFor(patience);
      await page.getByText("worked out").first().waitFor();
      expect(await page.locator(".katex").count()).toBeGreaterThan(10);
    });
    expect(complaints).toEqual([]);
  });

  test("what is wrong is said, and nothing is overwritten unseen", { timeout: whole }, async () => {
    const { url, home } = await openStudio(
      {},
      { "broken.ipynb": "{ no", "mine.ipynb": notebookOf({ code: "process.pid" }) },
    );
    const { open } = await openBrowser();
    const page = await open(`${url}#notebook=broken.ipynb`);
    await stage(page, "14 no notebook", async () => {
      await page.getByText("broken.ipynb cannot be opened").waitFor(patience);
      await page.getByRole("button", { name: "All notebooks" }).click();
      await page.getByRole("link", { name: "mine" }).click();
    });
    await stage(page, "15 the kernel is killed", async () => {
      await ready(page);
      await page.getByRole("button", { name: "Run all cells" }).click();
      await expect.poll(() => cell(page, 1).locator(".printed").textContent(), patience).toMatch(/^\d+/);
      process.kill(Number(await cell(page, 1).locator(".printed").textContent()), "SIGKILL");
      await page.getByText(/the kernel ended by itself/i).waitFor(patience);
      await ready(page);
    });
    await stage(page, "16 the file changed on disk", async () => {
      await saved(page);
      writeFileSync(join(home, "notebooks", "mine.ipynb"), notebookOf({ code: "'theirs'" }));
      await write(page, 1, "'mine'");
      await page.getByText("The file was changed elsewhere").waitFor(patience);
      expect(readFileSync(join(home, "notebooks", "mine.ipynb"), "utf8")).toContain("theirs");
      await page.getByRole("button", { name: "Keep mine as a copy" }).click();
      await saved(page);
      expect(await texts(page)).toEqual(["'mine'"]);
      expect(readFileSync(join(home, "notebooks", "mine.ipynb"), "utf8")).toContain("theirs");
    });
    await stage(page, "17 deleting asks first", async () => {
      await page.getByRole("link", { name: "Notebooks" }).click();
      await page.getByRole("button", { name: "Delete: mine", exact: true }).click();
      await page.getByRole("button", { name: "Delete", exact: true }).click();
      await expect.poll(() => page.getByRole("link", { name: "mine", exact: false }).count(), patience).toBe(1);
    });
  });

  test("a cell that cannot be shown says why, and all others are there", { timeout: whole }, async () => {
    const { url } = await openStudio({}, { "hostile.ipynb": hostileNotebook() });
    const { open, complaints } = await openBrowser();
    const page = await open(`${url}#notebook=hostile.ipynb`);
    await page.getByText("after all of them").waitFor(patience);
    expect(await page.locator(".cell").count()).toBe(hostileTexts.length + 3);
    await page.getByText("see the half").waitFor();
    await page.getByText("the last output").waitFor();
    expect(await page.getByText("cannot be shown as Markdown").count()).toBeGreaterThan(0);
    expect(complaints.filter((line) => !/stack|Maximum call/.test(line))).toEqual([]);
  });
});

const tutorial = notebookOf(
  { markdown: "# Gates\n\nA gate starts closed: $$y = x + \\tanh(\\alpha) f(x)$$" },
  { code: "const gates: number[] = [0, 0.5];\nconsole.log('counted', gates.length);\ngates" },
  {
    code: `const loss: number[] = [];
const shown = await flamingo.display(flamingo.plot({ loss }, { x: "step", y: "loss" }));
for (let step = 0; step < 10; step++) {
  loss.push(1 / (step + 1));
  await shown.update(flamingo.plot({ loss: [...loss] }, { x: "step", y: "loss" }));
  await new Promise((resolve) => setTimeout(resolve, 250));
}`,
  },
  { code: "while (true) {}" },
  { code: "loss.length + ' points'" },
);

/** A notebook whose cell prints three lines, waits for a file, and prints on. */
const slow = (signal: string) =>
  notebookOf(
    {
      code: `import { existsSync } from "node:fs";
for (let line = 0; line < 30; line++) {
  while (line === 3 && !existsSync(${JSON.stringify(signal)})) await new Promise((resolve) => setTimeout(resolve, 20));
  console.log("line", line);
}`,
    },
    { code: "'done'" },
  );

const hostile = `<p onclick="hacked = 1">safe words</p><script>window.hacked = 1</script>
<img src="https://elsewhere.example/x.png" onerror="window.hacked = 1" alt="gone"><iframe srcdoc="<script>parent.hacked = 1</script>"></iframe>
<form action="/"><button>send</button></form><svg onload="window.hacked = 1"></svg>`;
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><script>hacked = 1</script><circle r="9"/></svg>`;

const shows = notebookOf(
  { code: `flamingo.html(${JSON.stringify(hostile)})` },
  {
    code: `({ [Symbol.for("Jupyter.display")]: () => ({ "image/svg+xml": ${JSON.stringify(drawing)}, "text/plain": "a drawing" }) })`,
  },
  { code: 'process.stdout.write("10%");\nprocess.stdout.write("\\r50%\\n");' },
  { code: 'const name = await flamingo.input("Your name?");\nname.toUpperCase()' },
  { code: 'throw new Error("the shapes do not fit")' },
);

/** Texts that have made renderers fail: wrong addresses, and nesting that uses up the stack. */
const hostileTexts = [
  "see the half: [x](50%.ipynb)",
  "![x](attachment:%ZZ)",
  '<img src="\\\\[">',
  ">".repeat(20_000),
  `$${"\\frac{".repeat(3000)}x${"}{y}".repeat(3000)}$`,
  "[".repeat(5000),
];

/** A notebook of such texts, an output that is no proper text, one that is, and a last text. */
function hostileNotebook(): string {
  const texts = hostileTexts.map((markdown) => ({ markdown }));
  const notebook = JSON.parse(notebookOf(...texts, { code: "1" }, { code: "2" }, { markdown: "after all of them" }));
  const output = (data: object) => [{ output_type: "display_data", data, metadata: {} }];
  const codes = (notebook.cells as { cell_type: string; outputs: unknown }[]).filter(
    (cell) => cell.cell_type === "code",
  );
  codes[0]!.outputs = output({ "image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'><text>\ud800</text></svg>" });
  codes[1]!.outputs = output({ "text/plain": "the last output" });
  return JSON.stringify(notebook);
}

const dot =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Cells that depend on the first, and one that does not. */
const dependent = notebookOf(
  {
    code: "let width = 2;\nconst model = { layers: [{ dim: 8 }, { dim: 4 }], get secret() { throw new Error('run') } };",
  },
  { code: "const area = width * width;" },
  { code: "console.log('area', area)" },
  { code: "const weights = new Float32Array(1000);" },
);

const longCells = 12;
const long = notebookOf(
  { code: "const answer = 42;\nconst twice = 2 * answer;\nconst thrice = 3 * answer;" },
  ...Array.from({ length: longCells - 2 }, (_, at) => ({
    code: `for (let line = 0; line < 12; line++) console.log(${at}, line)`,
  })),
  { code: "console.log('the last')" },
);

/** Where a word of a line is on the screen. */
function middleOf(line: Element, word: string): [number, number] {
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.textContent!.lastIndexOf(word);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(walker.currentNode, at);
    range.setEnd(walker.currentNode, at + word.length);
    const { x, y, width, height } = range.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  }
  throw new Error(`no ${word} in this line`);
}

function isInSight(found: Locator): Promise<boolean> {
  return found.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && bottom <= window.innerHeight;
  });
}

const training = notebookOf(
  {
    code: `const pipeline = JSON.parse(${JSON.stringify(JSON.stringify(smallPipeline()))});
await flamingo.train(pipeline, { steps: 100_000, targets: ["train"] });`,
  },
  { code: 'flamingo.heatMap([[0, 1]], { columns: ["looks", "a cat"], title: "where" })' },
  { code: `flamingo.html('<svg viewBox="0 0 9 9"><image href="${dot}" width="9" height="9"/></svg>')` },
);

/** A studio with these tutorials and notebooks; it ends with the test. */
async function openStudio(tutorials: Record<string, string>, own: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const home = join(folder, "home");
  for (const [place, files] of [
    [join(folder, "tutorials"), tutorials],
    [join(home, "notebooks"), own],
  ] as const) {
    mkdirSync(place, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text);
  }
  const studio = await startStudio({
    home: findHome({ FLAMINGO_HOME: home }),
    library: { catalog: {}, findBlock: () => undefined },
    device: Promise.resolve({ name: "cpu", reason: "for tests", description: "none" }),
    port: 0,
    tutorials: join(folder, "tutorials"),
  });
  onTestFinished(() => studio.close());
  return { url: studio.url, home };
}

/** A browser, and what its pages complain of: errors in the console, in a script, or against the content policy. */
async function openBrowser() {
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const complaints: string[] = [];
  const open = async (url: string): Promise<Page> => {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("pageerror", ({ message }) => complaints.push(message));
    page.on("console", (line) => {
      if (line.type() === "error" || /content security policy/i.test(line.text())) complaints.push(line.text());
    });
    await page.goto(url);
    return page;
  };
  return { open, complaints };
}

/** Words below a cell's text. */
function shown(page: Page, place: number, words: string | RegExp): Locator {
  return cell(page, place).locator(".outputs, .elapsed").getByText(words).first();
}

/** The cell at a place, counted from 1. */
function cell(page: Page, place: number): Locator {
  return page.locator(".cell").nth(place - 1);
}

function count(page: Page, place: number): Promise<string | null> {
  return cell(page, place).getByTestId("count").textContent();
}

async function ready(page: Page): Promise<void> {
  await page.locator('[data-testid="kernel-status"][data-status="idle"]').waitFor(patience);
}

async function saved(page: Page): Promise<void> {
  await page.locator('[data-testid="saving-state"][data-status="saved"]').waitFor(patience);
}

async function press(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** Writes a cell's text anew. */
async function write(page: Page, place: number, text: string): Promise<void> {
  await cell(page, place).locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text.slice(0, -1));
  await page.keyboard.type(text.slice(-1));
}

/** The texts of the cells that show theirs; empty for those that show what it says. */
function texts(page: Page): Promise<string[]> {
  return page.locator(".cell").evaluateAll((cells) => {
    return cells.map((found) => [...found.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));
  });
}

/** The drawing below a cell: the same that Jupyter shows. */
function plot(page: Page, place: number): Locator {
  return cell(page, place).locator(".html-output svg").first();
}

/** The plot's line grows, in the same place, which keeps its height. */
async function seePlotMove(page: Page): Promise<void> {
  await plot(page, 3).getByText("step", { exact: true }).waitFor(patience);
  const line = plot(page, 3).locator("path").filter({ hasText: "loss" });
  await line.waitFor(patience);
  const height = (await plot(page, 3).boundingBox())!.height;
  await expect.poll(async () => (await line.getAttribute("d"))!.split(/[ML]/).length - 1, patience).toBe(10);
  expect((await plot(page, 3).boundingBox())!.height).toBe(height);
  await photograph(page, "2 the plot");
}

/** What of HTML that a cell showed could act. */
function whatIsInside(output: Element) {
  const inside = [...output.shadowRoot!.querySelectorAll("*")];
  const named = (name: string) => inside.filter(({ localName }) => localName === name).length;
  return {
    scripts: named("script"),
    handlers: inside.flatMap((node) => [...node.attributes]).filter(({ name }) => name.startsWith("on")).length,
    frames: named("iframe"),
    forms: named("form") + named("button"),
  };
}
