import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { catalog } from "../../src/execution/registry.ts";
import { checkPipeline } from "../../src/graph/check.ts";
import { emptyPipeline, type Pipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { launchBrowser } from "../browser.ts";
import { spawnFlamingo } from "../studioProcess.ts";
import { readValues } from "./readValues.ts";

const usage = `npm run -s bench -- editor [--json] [--nodes N,N] [--moves N]

The built page in a real Chromium with 200 and 1,000 nodes, and plain React Flow with as many empty ones beside it: milliseconds until all
nodes are drawn, between frames while a node is dragged, from a key in the palette's search until its answer is painted, and of the
check after an edit; and how many nodes change in the document while one is dragged.`;

interface Row {
  nodes: number;
  what: string;
  ours: number;
  /** Of plain React Flow, where it has such a thing. */
  plain?: number;
  aim?: number;
}

const rest = { timeout: 120_000 };

export async function main(args: string[]): Promise<void> {
  const values = readValues(args, usage, {
    nodes: { type: "string", default: "200,1000" },
    moves: { type: "string", default: "120" },
  });
  if (!values) return;
  const counts = values.nodes.split(",").map(Number);
  const moves = Number(values.moves);
  const home = mkdtempSync(join(tmpdir(), "flamingo-bench-"));
  mkdirSync(join(home, "pipelines"));
  for (const count of counts) writeFileSync(join(home, "pipelines", `grid-${count}.json`), writePipeline(grid(count)));
  const studio = spawnFlamingo(home, "start", "--no-open", "--port", "0");
  const browser = await launchBrowser();
  try {
    const url = await addressOf(studio.stdout!);
    const rows: Row[] = [];
    for (const count of counts) rows.push(...(await measure(browser, url, count, moves)));
    if (values.json) console.log(JSON.stringify(rows, undefined, 2));
    else for (const row of rows) console.log(printRow(row));
  } finally {
    await browser.close();
    studio.kill("SIGINT");
    await new Promise((resolve) => studio.once("exit", resolve));
    rmSync(home, { recursive: true, force: true });
  }
}

/** A chain of so many blocks, in rows of 25. */
function grid(count: number): Pipeline {
  const ids = Array.from({ length: count }, (_, index) => `n${index}`);
  return {
    ...emptyPipeline(`Grid of ${count}`),
    nodes: Object.fromEntries(ids.map((id) => [id, { type: "LayerNorm", config: { dim: 8 } }])),
    edges: ids.slice(1).map((id, index) => ({ from: [ids[index]!, "y"], to: [id, "x"] })),
    view: { positions: Object.fromEntries(ids.map((id, index) => [id, placeOf(index)])) },
  };
}

function placeOf(index: number): [number, number] {
  return [(index % 25) * 300, Math.floor(index / 25) * 200];
}

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(output)) if (line.startsWith("http://")) return line;
  throw new Error("the studio did not start");
}

async function measure(browser: Browser, url: string, nodes: number, moves: number): Promise<Row[]> {
  const ours = await openPage(browser);
  await ours.goto(url);
  await ours.locator(".card").first().waitFor(rest);
  const opened = await untilDrawn(ours, nodes, `#pipeline=grid-${nodes}`);
  const dragged = await drag(ours, moves);
  const key = await searchKey(ours);
  await ours.close();
  const plain = await openPage(browser);
  await plain.goto("about:blank");
  await plain.setContent(await plainPage());
  const plainOpened = await untilDrawn(plain, nodes);
  const plainDragged = await drag(plain, moves);
  await plain.close();
  return [
    { nodes, what: "opened (ms)", ours: opened, plain: plainOpened, ...(nodes >= 1000 ? { aim: 1500 } : {}) },
    { nodes, what: "frame while dragging, 95% (ms)", ours: dragged.slow, plain: plainDragged.slow, aim: 16.7 },
    { nodes, what: "frame while dragging, median (ms)", ours: dragged.median, plain: plainDragged.median },
    { nodes, what: "work in a frame, 95% (ms)", ours: dragged.work, plain: plainDragged.work, aim: 16.7 },
    {
      nodes,
      what: "nodes that change while one is dragged",
      ours: dragged.changed,
      plain: plainDragged.changed,
      aim: 1,
    },
    { nodes, what: "key in the palette's search (ms)", ours: key, aim: 50 },
    { nodes, what: "check after an edit (ms)", ours: checkTime(nodes), aim: 5 },
  ];
}

async function openPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript("globalThis.__name = (made) => made"); // what the compiler calls in functions that are sent there
  return page;
}

/** Milliseconds until so many nodes are drawn and painted, from when the address changes, or the page is asked to show them. */
function untilDrawn(page: Page, nodes: number, address = ""): Promise<number> {
  return page.evaluate(
    ([count, hash]) =>
      new Promise<number>((resolve) => {
        const start = performance.now();
        const look = () => {
          const drawn = [...document.querySelectorAll<HTMLElement>(".react-flow__node")];
          const isDone = drawn.length === count && drawn.every(({ style }) => style.visibility !== "hidden");
          if (isDone) requestAnimationFrame(() => resolve(performance.now() - start));
          else requestAnimationFrame(look);
        };
        if (hash !== "") location.hash = hash;
        else (window as unknown as { show(count: number): void }).show(count);
        look();
      }),
    [nodes, address] as const,
  );
}

/** Drags the node that is most in the middle, a little with each frame. */
async function drag(page: Page, moves: number) {
  const at = await page.evaluate(() => {
    const [cx, cy] = [innerWidth / 2, innerHeight / 2];
    const boxes = [...document.querySelectorAll(".react-flow__node")].map((node) => node.getBoundingClientRect());
    const far = (box: DOMRect) => Math.hypot(box.x + box.width / 2 - cx, box.y + box.height / 2 - cy);
    const { x, y, width, height } = boxes.reduce((best, box) => (far(box) < far(best) ? box : best));
    return { x: x + width / 2, y: y + height / 4 };
  });
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x + 6, at.y + 6);
  const measured = page.evaluate(
    (count) =>
      new Promise<{ frames: number[]; work: number[]; changed: number }>((resolve) => {
        const changed = new Set<Element>();
        const observer = new MutationObserver((records) => {
          for (const { target } of records) {
            const node = (target as Element).closest?.(".react-flow__node");
            if (node) changed.add(node);
          }
        });
        observer.observe(document.body, { subtree: true, attributes: true, childList: true, characterData: true });
        const frames: number[] = [];
        const work: number[] = [];
        let last = performance.now();
        const frame = () => {
          const now = performance.now();
          frames.push(now - last);
          last = now;
          const channel = new MessageChannel(); // answers when the frame's own work is done
          channel.port1.onmessage = () => work.push(performance.now() - now);
          channel.port2.postMessage(undefined);
          if (frames.length < count) {
            requestAnimationFrame(frame);
            return;
          }
          observer.disconnect();
          resolve({ frames: frames.slice(1), work, changed: changed.size });
        };
        requestAnimationFrame(frame);
      }),
    moves,
  );
  let isOver = false;
  void measured.then(() => {
    isOver = true;
  });
  for (let move = 0; !isOver; move++)
    await page.mouse.move(at.x + 60 * Math.sin(move / 9), at.y + 40 * Math.cos(move / 9));
  await page.mouse.up();
  const { frames, work, changed } = await measured;
  return { slow: quantile(frames, 0.95), median: quantile(frames, 0.5), work: quantile(work, 0.95), changed };
}

/** Milliseconds from a key until its answer is painted: the slowest of a word's letters. */
async function searchKey(page: Page): Promise<number> {
  const field = page.locator(".palette input");
  await field.click();
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(window, { keyTimes: times });
    document.addEventListener(
      "keydown",
      () => {
        const start = performance.now();
        requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - start)));
      },
      { capture: true },
    );
  });
  await page.keyboard.type("resampler", { delay: 120 });
  const times = await page.evaluate(() => (window as unknown as { keyTimes: number[] }).keyTimes);
  return Math.max(...times);
}

/** Median milliseconds of the check of a pipeline in which one node changed. */
function checkTime(nodes: number): number {
  const pipeline = grid(nodes);
  const times = Array.from({ length: 25 }, (_, turn) => {
    const changed = { ...pipeline, nodes: { ...pipeline.nodes, n5: { type: "LayerNorm", config: { dim: 8 + turn } } } };
    const start = performance.now();
    checkPipeline(changed, catalog);
    return performance.now() - start;
  });
  return quantile(times.slice(5), 0.5);
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN;
}

/** Plain React Flow as a page: `show(1000)` draws so many empty nodes. */
async function plainPage(): Promise<string> {
  const entry = fileURLToPath(new URL("peers/reactFlow.tsx", import.meta.url));
  const options = { bundle: true, write: false, minify: true, jsx: "automatic", format: "iife" } as const;
  const made = await build({ ...options, entryPoints: [entry], define: { "process.env.NODE_ENV": '"production"' } });
  const css = readFileSync(createRequire(import.meta.url).resolve("@xyflow/react/dist/base.css"), "utf8");
  const code = made.outputFiles[0]!.text.replaceAll("</script", "<\\/script");
  return `<style>${css} html, body, #root { height: 100%; margin: 0 }</style><div id="root"></div><script>${code}</script>`;
}

function printRow({ nodes, what, ours, plain, aim }: Row): string {
  const number = (value: number) => value.toFixed(value < 10 ? 2 : 0).padStart(8);
  const beside = plain === undefined ? "".padStart(22) : `   plain ${number(plain)}     `;
  return `${String(nodes).padStart(5)}  ${what.padEnd(40)} ${number(ours)}${beside}${aim === undefined ? "" : `   aim ${aim}`}`;
}
