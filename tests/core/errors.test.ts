import { describe, expect, test } from "vitest";
import { errorCodes, FlamingoError, reportOf } from "../../src/core/errors.ts";

describe("an error", () => {
  const error = new FlamingoError("NO_IMAGES", "no images in photos", {
    source: "photos",
    fix: "put .png files there",
  });

  test("prints as one line with its code, its sentence and its fix", () => {
    expect(String(error)).toBe("NO_IMAGES: no images in photos. Fix: put .png files there");
    expect(String(new FlamingoError("CYCLE", "a circle"))).toBe("CYCLE: a circle");
    for (const ended of ["It ended.", "did it?", "it did!"])
      expect(String(new FlamingoError("CYCLE", ended, { fix: "cut it" }))).toBe(`CYCLE: ${ended} Fix: cut it`);
  });

  test("travels as plain data, without its stack", () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: "NO_IMAGES",
      message: "no images in photos",
      source: "photos",
      fix: "put .png files there",
    });
    expect(reportOf(error)).toEqual(error.toJSON());
  });

  test.each([
    ["ENOSPC", "DISK_FULL"],
    ["EACCES", "RUN_FOLDER"],
    ["EPERM", "RUN_FOLDER"],
    ["EROFS", "RUN_FOLDER"],
    ["ENOTDIR", "RUN_FOLDER"],
  ])("of the system with code %s is told as %s, with a fix", (code, ours) => {
    const report = reportOf(Object.assign(new Error("write failed"), { code }));
    expect(report).toMatchObject({ code: ours, message: expect.stringContaining("write failed") });
    expect(report.fix).toMatch(/\S/);
  });

  test("that is not ours becomes INTERNAL and keeps its message, whatever was thrown", () => {
    expect(reportOf(new TypeError("x is undefined"))).toEqual({ code: "INTERNAL", message: "x is undefined" });
    for (const thrown of ["text", undefined, null, 7])
      expect(reportOf(thrown)).toEqual({ code: "INTERNAL", message: String(thrown) });
  });

  test("has a code that the table explains in a sentence", () => {
    for (const [code, sentence] of Object.entries(errorCodes)) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(sentence).toMatch(/^[A-Z].*\.$/);
    }
  });
});

test("what is larger than the machine can hold is OUT_OF_MEMORY, and says what to do", () => {
  for (const make of [
    () => new Float32Array(2 ** 53 - 1),
    () => new Array(-1),
    () => Array.from({ length: 2 ** 53 - 1 }),
    () => "x".repeat(2 ** 40),
    () => new ArrayBuffer(2 ** 52),
  ]) {
    try {
      make();
      throw new Error("it fits");
    } catch (error) {
      expect(reportOf(error), (error as Error).message).toMatchObject({
        code: "OUT_OF_MEMORY",
        fix: expect.stringContaining("smaller"),
      });
    }
  }
});
