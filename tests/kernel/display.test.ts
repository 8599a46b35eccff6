import fc from "fast-check";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { formatValue, registerFormatter } from "../../kernel/display/format.ts";
import { GatedXattnDense } from "../../src/blocks/gatedXattnDense.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { Image } from "../../src/data/image.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { tf } from "../../src/engine/tensor.ts";
import { build } from "../../src/models/build.ts";

const displayMethod = Symbol.for("Jupyter.display");
const evil = `<script>alert("x")</script>'&<img src=x onerror=y>`;

const html = async (value: unknown) => String((await formatValue(value)).data["text/html"] ?? "");
const text = async (value: unknown) => String((await formatValue(value)).data["text/plain"]);

beforeAll(async () => {
  await openDevice("cpu");
});

describe("any value", () => {
  test("that shows itself by bytes does so as messages carry them", async () => {
    const png = new Uint8Array([137, 80, 78, 71]);
    const shows = (data: object) => ({ [displayMethod]: () => ({ "text/plain": "it", ...data }) });
    expect((await formatValue(shows({ "image/png": png }))).data["image/png"]).toBe("iVBORw==");
    expect((await formatValue(shows({ "image/png": png.buffer }))).data["image/png"]).toBe("iVBORw==");
    expect((await formatValue(shows({ "application/pdf": Buffer.from(png) }))).data["application/pdf"]).toBe(
      "iVBORw==",
    );
    expect((await formatValue(shows({ "image/svg+xml": Buffer.from("<svg/>") }))).data["image/svg+xml"]).toBe("<svg/>");
  });

  test("has a text form, and never fails to be shown", async () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        expect(typeof (await formatValue(value)).data["text/plain"]).toBe("string");
      }),
    );
  });

  test("is shown where looking at it throws", async () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error("no");
        },
        has: () => {
          throw new Error("no");
        },
        ownKeys: () => {
          throw new Error("no");
        },
      },
    );
    expect(await text(hostile)).toMatch(/\S/);
    expect(
      await text({
        get shape() {
          throw new Error("no");
        },
      }),
    ).toMatch(/\S/);
  });

  test("keeps within bounds, however long it is, and says what is left out", async () => {
    const long = await text("x".repeat(1_000_000));
    expect(long.length).toBeLessThan(100_000);
    expect(long).toMatch(/more character/);
    expect((await text(Array.from({ length: 1e6 }, () => ({ a: 1 })))).length).toBeLessThan(100_000);
  });
});

describe("what comes from data is escaped in HTML", () => {
  const cases: [string, () => unknown][] = [
    ["an error's message", () => new Error(evil)],
    ["an error of ours", () => new FlamingoError("NOT_FOUND", evil, { fix: evil })],
    ["a table's cells and titles", () => [{ [evil]: evil, other: 1 }]],
    ["a picture's label", () => new Image(new Float32Array(12), 2, evil)],
    ["labels of pictures", () => [new Image(new Float32Array(12), 2, evil)]],
    ["a block's words", () => ({ ...GatedXattnDense, title: evil, summary: evil, paper: evil })],
  ];
  test.each(cases)("%s", async (_name, make) => {
    const shown = await html(make());
    expect(shown).toContain("&lt;script&gt;");
    expect(shown).not.toMatch(/<script|<img src=x/);
  });
});

describe("a value's own display", () => {
  test("is asked, at once or later, and its text form is made where it has none", async () => {
    const own = { [displayMethod]: () => ({ "text/html": "<b>here</b>" }) };
    expect((await formatValue(own)).data["text/html"]).toBe("<b>here</b>");
    expect(await text(own)).toMatch(/\S/);
    expect(await text({ [displayMethod]: async () => ({ "text/plain": "later" }) })).toBe("later");
    expect(await text(Object.assign(() => 1, { [displayMethod]: () => ({ "text/plain": "a function's" }) }))).toBe(
      "a function's",
    );
  });
  test("that fails leaves the value as text, with the reason", async () => {
    const broken = {
      name: "kept",
      [displayMethod]: () => {
        throw new Error("out of ink");
      },
    };
    expect(await text(broken)).toMatch(/kept[\s\S]*out of ink/);
    expect(await text({ name: "kept", [displayMethod]: async () => undefined })).toMatch(/kept/);
  });
  test("a formatter of the user's goes before ours, until it is taken away", async () => {
    const value = [{ a: 1 }];
    const before = await text(value);
    const remove = registerFormatter({
      accepts: (each) => each === value,
      format: () => ({ data: { "text/plain": "mine" } }),
    });
    expect(await text(value)).toBe("mine");
    remove();
    expect(await text(value)).toBe(before);
  });
});

describe("tensors", () => {
  test("say shape, type and statistics, and show small ones number by number", async () => {
    const tensor = tf.tensor2d([
      [1, 2],
      [3, -4],
    ]);
    expect(await text(tensor)).toMatch(/tensor float32 \[2, 2\][\s\S]*−4\.00 to 3\.00, mean 0\.500/);
    for (const number of ["1.00", "2.00", "3.00", "−4.00"]) expect(await html(tensor)).toContain(`>${number}</td>`);
    expect(await html(tf.zeros([20, 30]))).toContain("data:image/png;base64,");
  });
  test("tell how many of their numbers are not finite", async () => {
    expect(await text(tf.tensor1d([1, Number.NaN, Number.POSITIVE_INFINITY]))).toMatch(/2 of 3 not finite/);
  });
  test("that are disposed say so, and empty ones too", async () => {
    const tensor = tf.zeros([3, 4]);
    tensor.dispose();
    expect(await text(tensor)).toBe("tensor float32 [3, 4], disposed: its numbers are gone");
    expect(await text(tf.zeros([0, 4]))).toMatch(/empty/);
  });
  test("of pictures are drawn in their colours", async () => {
    const red = tf.tile(tf.tensor3d([1, -1, -1], [1, 1, 3]), [16, 16, 1]);
    const data = /base64,([^"]+)/.exec(await html(red))![1]!;
    const { data: pixels } = await sharp(Buffer.from(data, "base64")).raw().toBuffer({ resolveWithObject: true });
    expect([...pixels.subarray(0, 3)]).toEqual([255, 0, 0]);
  });
  test("stay as they are, and none is made", async () => {
    const tensor = tf.randomNormal([9, 40]);
    const before = tf.memory().numTensors;
    await formatValue(tensor);
    expect(tf.memory().numTensors).toBe(before);
    expect(tensor.isDisposed).toBe(false);
  });
});

describe("models", () => {
  test("list their weights, what learns and what is frozen", async () => {
    const config = { dim: 8, visualDim: 6, heads: 2, headDim: 4 };
    const model = build(GatedXattnDense, config);
    expect(await text(model)).toMatch(/attn\.to_q\.weight +\[8, 8\] +64 +trained/);
    expect(await text(build(GatedXattnDense, config, { frozen: true }))).toMatch(/, 0 of them learn/);
    expect(await text(model.weights)).toMatch(/attn_gate/);
  });
  test("blocks show title, ports with shapes, settings and the paper's section", async () => {
    const shown = await text(GatedXattnDense);
    expect(shown).toMatch(/GATED XATTN-DENSE[\s\S]*2\.2, Figure 4/);
    expect(shown).toMatch(/input media \[batch, media, latents, visualDim\]/);
    expect(shown).toMatch(/headDim = 64 channels/);
  });
});

describe("collections", () => {
  test("records become a table, with a dash for what is missing and pictures drawn", async () => {
    const rows = [
      { name: "a", share: 0.25 },
      { name: "b", picture: new Image(new Float32Array(12), 2, "dot") },
    ];
    const shown = await html(rows);
    for (const part of ["<th", ">share<", "0.250", "–", "data:image/png"]) expect(shown).toContain(part);
    expect(await text(rows)).toMatch(/name +share +picture\na +0\.250 +–\nb +– +dot/);
  });
  test("nested plain data comes as JSON beside its text; what JSON cannot hold does not", async () => {
    expect((await formatValue({ a: { b: [1] } })).data["application/json"]).toEqual({ a: { b: [1] } });
    const circle: Record<string, unknown> = { inner: {} };
    circle.self = circle;
    for (const value of [circle, { a: { b: new Date(0) } }, { a: [Number.NaN] }, new Map([["a", {}]])])
      expect((await formatValue(value)).data).not.toHaveProperty("application/json");
  });
});
