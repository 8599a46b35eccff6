import { expect, test } from "vitest";
import { Steps } from "../../src/command/steps.ts";
import { arrived } from "../../src/core/arrived.ts";
import { callFlamingo } from "./callFlamingo.ts";

test("lists every device, or what would bring it, and which one auto takes", async () => {
  const { code, out } = await callFlamingo(["device"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^auto +cpu: the only one$/m);
  expect(out).toMatch(/^cpu +works: none$/m);
  for (const name of ["tensorflow", "webgpu", "wasm"])
    expect(out).toMatch(new RegExp(`^${name} .*not there.*ask for`, "m"));
});

test.each([
  [["wasm", "--install"]],
  [["tensorflow"]],
  [["tensorflow", "--install", "--remove"]],
  [["tensorflow", "--install", "--cpu", "--gpu"]],
  [["tensorflow", "--remove", "--gpu"]],
  [["--install"]],
  [["tensorflow", "webgpu", "--install"]],
])("refuses %j, with the form that is right", async (args) => {
  const { code, err } = await callFlamingo(["device", ...args]);
  expect(code).toBe(2);
  expect(err).toMatch(/^USAGE: .*flamingo device \[tensorflow --install/);
});

test("a download tells how much has arrived, and the time left", () => {
  expect(arrived(126e6, 252e6, 30_000)).toBe("126 of 252 MB, 30 s left");
  expect(arrived(0, 252e6, 1000)).toBe("0 of 252 MB");
  expect(arrived(300e6, 252e6, 1000)).toBe("252 of 252 MB, 0 s left");
  expect(arrived(5e6, 0, 1000)).toBe("5 MB");
});

test("steps are lines where there is no terminal, and one line that changes where there is", () => {
  const written = (isTTY: boolean) => {
    let text = "";
    const steps = new Steps({ isTTY, columns: 20, write: (part) => (text += part) });
    steps.begin("one");
    steps.begin("a step with a long name");
    steps.end();
    return text;
  };
  expect(written(false)).toBe("one\na step with a long name\n");
  expect(written(true)).toBe("\r\u001b[Kone\n\r\u001b[Ka step with a long \n");
});
