import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { hasBrowser, launchBrowser } from "../browser.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { findJupyter, jupyterEnvironment } from "./jupyter.ts";

const python = findJupyter("jupyterlab", "put an environment that has it first on the path");

const cells = [
  "const answer = 6 * 7; answer",
  "answ",
  'console.log("waiting"); await new Promise((resolve) => setTimeout(resolve, 1e8))',
  "while (true) {}",
  `const live = await flamingo.display(flamingo.plot({ loss: [3] }));
for (let step = 1; step <= 3; step++) {
  await live.update(flamingo.plot({ loss: Array.from({ length: step + 1 }, (_, i) => 3 - i / 2) }));
}
"drawn"`,
  "typeof answer",
];

function notebookOf(sources: string[]) {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: "flamingo", display_name: "TypeScript (Flamingo)", language: "typescript" } },
    cells: sources.map((source, index) => ({
      id: `cell-${index}`,
      cell_type: "code",
      source,
      metadata: {},
      outputs: [],
      execution_count: null,
    })),
  };
}

test.runIf(python && hasBrowser())(
  "in JupyterLab cells run, complete, are interrupted, draw in place, and are forgotten after a restart",
  { timeout: 400_000 },
  async () => {
    const page = await openLab();
    const cell = (index: number) => page.locator(".jp-NotebookPanel .jp-CodeCell").nth(index);
    const output = (index: number) => cell(index).locator(".jp-OutputArea-output");
    const edit = async (index: number) => {
      const editor = cell(index).locator(".cm-content");
      await editor.click();
      await page.keyboard.press("Control+End");
      return editor;
    };
    const run = async (index: number) => {
      await edit(index);
      await page.keyboard.press("Control+Enter");
    };
    const command = async (key: string) => {
      await page.keyboard.press("Escape");
      await page.keyboard.press(key);
      await page.keyboard.press(key);
    };
    const answers = async (index: number) => output(index).getByText("42", { exact: true }).waitFor();

    await run(0);
    await answers(0);

    const editor = await edit(1);
    await page.keyboard.press("Tab");
    const popup = page.locator(".jp-Completer");
    const completed = editor.getByText("answer", { exact: true });
    await popup.or(completed).first().waitFor();
    if (await popup.isVisible()) await page.keyboard.press("Enter");
    await completed.waitFor();
    await page.keyboard.press("Control+Enter");
    await answers(1);

    for (const endless of [2, 3]) {
      await run(endless);
      await cell(endless).locator(".jp-InputPrompt", { hasText: "[*]" }).waitFor();
      if (endless === 2) await output(endless).getByText("waiting").waitFor();
      await command("i");
      await output(endless).getByText("interrupted", { exact: false }).first().waitFor();
      await run(0);
      await answers(0);
    }

    await run(4);
    await output(4).getByText("'drawn'", { exact: true }).waitFor();
    expect(await cell(4).locator(".jp-OutputArea-output svg, .jp-OutputArea-output img").count()).toBe(1);

    await command("0");
    await page.locator(".jp-Dialog").getByRole("button", { name: "Confirm Kernel Restart" }).click();
    await page.locator(".jp-Dialog").waitFor({ state: "detached" });
    await run(5);
    await output(5).getByText("Cannot find name 'answer'", { exact: false }).first().waitFor();
  },
);

/** The notebook's page in a JupyterLab of its own, with a kernel that is ready. */
async function openLab(): Promise<Page> {
  const env = await jupyterEnvironment(join(temporaryFolder(), "home"));
  const root = temporaryFolder();
  writeFileSync(join(root, "try.ipynb"), JSON.stringify(notebookOf(cells)));
  const server = spawn(
    python!,
    ["-m", "jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1", "--port=0", `--ServerApp.root_dir=${root}`],
    { env, stdio: ["ignore", "ignore", "pipe"] },
  );
  onTestFinished(() => void server.kill());
  const address = await addressOf(server);
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(100_000);
  await page.goto(address.replace("/lab?", "/lab/tree/try.ipynb?"));
  await page.getByText("TypeScript (Flamingo) | Idle").waitFor();
  return page;
}

/** The address with its token, from what the server writes when it is ready. */
function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    server.stderr!.on("data", (data) => {
      text += data;
      const address = /http:\/\/127\.0\.0\.1:\d+\/lab\?token=\w+/.exec(text);
      if (address) resolve(address[0]);
    });
    server.on("exit", (code) => reject(new Error(`JupyterLab ended with ${code}: ${text}`)));
  });
}
