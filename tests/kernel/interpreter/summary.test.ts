import { describe, expect, test } from "vitest";
import { contentsOf, summaryOf, valueAt } from "../../../kernel/interpreter/summary.ts";

describe("a value in a line", () => {
  test.each([
    [3, { type: "number", value: "3", opens: false }],
    [-0, { type: "number", value: "-0", opens: false }],
    [12n, { type: "bigint", value: "12n", opens: false }],
    ["a\nb", { type: "string", value: '"a\\nb"', opens: false }],
    [null, { type: "null", value: "null", opens: false }],
    [[1, "two", [3]], { type: "Array", shape: [3], value: '[1, "two", Array [1]]', opens: true }],
    [
      new Float32Array(1000),
      { type: "Float32Array", shape: [1000], dtype: "float32", value: "[0, 0, 0, 0, 0, 0, …]", opens: true },
    ],
    [new Map([["a", 1]]), { type: "Map", shape: [1], value: "{ a: 1 }", opens: true }],
    [new Set([1]), { type: "Set", shape: [1], value: "[1]", opens: true }],
    [
      { a: 1, b: { c: 2 } },
      { type: "Object", value: "{ a: 1, b: Object }", opens: true },
    ],
    [new Date(0), { type: "Date", value: "1970-01-01T00:00:00.000Z", opens: false }],
    [class Model {}, { type: "function", value: "class Model", opens: false }],
    [Object.create(null), { type: "object", value: "{}", opens: false }],
  ])("%#", (value, expected) => {
    expect(summaryOf(value)).toEqual(expected);
  });

  test("tensors show shape and type of numbers, and scalars an empty shape", () => {
    class Tensor {
      shape = [2, 3];
      dtype = "float32";
    }
    expect(summaryOf(new Tensor())).toMatchObject({ type: "Tensor", shape: [2, 3], dtype: "float32" });
    expect(summaryOf({ shape: [], dtype: "int32" })).toMatchObject({ shape: [], dtype: "int32" });
  });

  test("is cut where it is long", () => {
    expect(summaryOf("x".repeat(1e6)).value.length).toBeLessThan(250);
    expect(summaryOf(Array.from({ length: 1e5 }, () => "y".repeat(1000))).value.length).toBeLessThan(250);
  });
});

test("no code of a value is run: getters, proxies, a class's own tags", () => {
  let ran = 0;
  const run = () => ++ran;
  class Sly {
    get shape() {
      return run();
    }
    get [Symbol.toStringTag]() {
      return String(run());
    }
    toString() {
      return String(run());
    }
  }
  const object = {
    get secret() {
      return run();
    },
    get constructor() {
      return run();
    },
  };
  const proxy = new Proxy(
    {},
    {
      get: run,
      ownKeys: () => [String(run())],
      getOwnPropertyDescriptor: () => void run(),
      getPrototypeOf: () => ({ ran: run() }),
    },
  );
  for (const value of [new Sly(), object, proxy, [proxy], { proxy }, Object.create(proxy) as object]) {
    summaryOf(value);
    contentsOf(value);
  }
  expect(ran).toBe(0);
  expect(contentsOf(object).properties[0]).toEqual({ name: "secret", type: "getter", value: "not run", opens: false });
});

test("what lies in a value is opened step by step, and long lists are cut", () => {
  const value = { list: Array.from({ length: 1000 }, (_, at) => ({ at })), map: new Map([["k", { deep: 1 }]]) };
  expect(contentsOf(value).properties.map(({ name }) => name)).toEqual(["list", "map"]);
  const { properties, more } = contentsOf(valueAt(value, ["list"]));
  expect([properties.length, more]).toEqual([200, 800]);
  expect(contentsOf(valueAt(value, ["list", "3"])).properties).toMatchObject([{ name: "at", value: "3" }]);
  expect(contentsOf(valueAt(value, ["map", "k"])).properties).toMatchObject([{ name: "deep", value: "1" }]);
  expect(contentsOf(valueAt(value, ["nothing", "there"]))).toEqual({ properties: [], more: 0 });
});
