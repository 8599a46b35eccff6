import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startStudio } from "../../editor/server/studio.ts";
import { findHome } from "../../src/runs/home.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

const device = Promise.resolve({ name: "cpu", reason: "", description: "" });
const library = { catalog: {}, findBlock: () => undefined };

async function start(port?: number) {
  const home = findHome({ FLAMINGO_HOME: temporaryFolder() });
  const studio = await startStudio({ home, library, device, ...(port === undefined ? {} : { port }) });
  onTestFinished(() => studio.close());
  return studio;
}

test("a port that is taken is an error where it was asked for, and passed over where it was not", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  await expect(start(port)).rejects.toMatchObject({ code: "PORT_IN_USE" });
  const [first, second] = [await start(), await start()];
  expect(first.port).not.toBe(second.port);
});

test("each start has a token of its own, long enough that nobody guesses it", async () => {
  const [first, second] = [await start(0), await start(0)];
  expect(first.token).not.toBe(second.token);
  expect(first.token.length).toBeGreaterThanOrEqual(32);
  expect(first.url).toBe(`http://127.0.0.1:${first.port}/?token=${first.token}`);
});
