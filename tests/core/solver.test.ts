import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseShape, type ShapeSpec } from "../../src/core/shape.ts";
import { type Conflict, type End, ShapeSolver } from "../../src/core/solver.ts";

/** An end of a wire: a port of a node, with its shape. */
function end(node: string, shape: string): End {
  return { scope: node, shape: parseShape(shape), label: `port of "${node}"` };
}

function solve(...wires: [from: [string, string], to: [string, string]][]): {
  solver: ShapeSolver;
  conflicts: Conflict[];
} {
  const solver = new ShapeSolver();
  const conflicts = wires.flatMap(([from, to]) => solver.equate(end(...from), end(...to)) ?? []);
  return { solver, conflicts };
}

const shapeOf = (solver: ShapeSolver, node: string, shape: string) => solver.resolve(node, parseShape(shape));

describe("the solver", () => {
  test("carries a size along a chain, whichever end it comes from", () => {
    for (const place of [0, 3]) {
      const solver = new ShapeSolver();
      for (let node = 0; node < 3; node++) solver.equate(end(`${node}`, "batch dim"), end(`${node + 1}`, "batch dim"));
      solver.define(`${place}`, "dim", 8, "config.dim");
      for (let node = 0; node < 4; node++) expect(shapeOf(solver, `${node}`, "batch dim")[1]).toBe(8);
    }
  });

  test("keeps the names of different nodes apart", () => {
    const { solver } = solve(
      [
        ["a", "2 dim"],
        ["b", "size 4"],
      ],
      [
        ["c", "5"],
        ["d", "dim"],
      ],
    );
    expect(shapeOf(solver, "b", "size dim")).toEqual([2, "dim"]);
    expect([shapeOf(solver, "a", "dim"), shapeOf(solver, "d", "dim")]).toEqual([[4], [5]]);
  });

  test("works arithmetic out as soon as its names are known, even after the wire", () => {
    const { solver, conflicts } = solve(
      [
        ["encoder", "(size/patch)*(size/patch) dim"],
        ["resampler", "features width"],
      ],
      [
        ["images", "32 8 16"],
        ["encoder", "size patch dim"],
      ],
    );
    expect(conflicts).toEqual([]);
    expect(shapeOf(solver, "resampler", "features width")).toEqual([16, 16]);
  });

  test("lets `...name` stand for any number of dimensions, through nodes that do not care", () => {
    const { solver, conflicts } = solve(
      [
        ["norm", "...lead dim"],
        ["linear", "...lead inDim"],
      ],
      [
        ["linear", "...lead outDim"],
        ["any", "...shape"],
      ],
      [
        ["images", "2 3 4 5 16"],
        ["norm", "...lead dim"],
      ],
    );
    solver.define("linear", "outDim", 7, "config.outDim");
    expect(conflicts).toEqual([]);
    expect(shapeOf(solver, "any", "...shape")).toEqual([2, 3, 4, 5, 7]);
  });

  test("lets `...name` stand for no dimension at all", () => {
    const { solver, conflicts } = solve([
      ["vector", "16"],
      ["norm", "...lead dim"],
    ]);
    expect(conflicts).toEqual([]);
    expect(shapeOf(solver, "norm", "...lead dim")).toEqual([16]);
  });

  test("speaks of an unknown size by one name wherever it is met, with what is known worked in", () => {
    const solver = new ShapeSolver();
    for (const stage of ["first", "second"]) solver.define(stage, "stride", 2, "config.stride");
    solver.equate(end("images", "side"), end("first", "height"));
    solver.equate(end("first", "height/stride"), end("second", "height"));
    expect(shapeOf(solver, "first", "height")).toEqual(["side"]);
    expect(shapeOf(solver, "second", "height/stride")).toEqual(["(side/2)/2"]);
  });
});

describe("a conflict", () => {
  test("names both ends, the axis, both sizes, where they came from, and the fix", () => {
    const solver = new ShapeSolver();
    solver.define("a", "dim", 64, 'config.dim of "a"');
    solver.define("b", "width", 32, 'config.width of "b"');
    const conflict = solver.equate(end("a", "batch dim"), end("b", "batch width"))!;
    expect(conflict).toMatchObject({ axis: 1, expected: 32, actual: 64 });
    expect(conflict.message).toBe(
      'port of "b" needs width = 32 (from config.width of "b") on axis 1, but port of "a" gives dim = 64 (from config.dim of "a")',
    );
    expect(conflict.fix).toBe(
      'set config.width of "b" to 64, or set config.dim of "a" to 32, or put a block between that turns 64 into 32',
    );
  });

  test("names the origin across other nodes, and the names in arithmetic", () => {
    const solver = new ShapeSolver();
    solver.define("encoder", "size", 32, 'config.size of "encoder"');
    solver.equate(end("encoder", "size/8"), end("pass", "places"));
    const conflict = solver.equate(end("pass", "places"), end("last", "5"))!;
    expect(conflict.message).toContain('places = 4 (from port of "encoder")');
    const direct = solver.equate(end("encoder", "size/8"), end("last", "5"))!;
    expect(direct.message).toContain('size/8 = 4 (from config.size of "encoder")');
    expect(direct.fix).toBe('give port of "last" a size of 5');
  });

  test("tells how many dimensions there are and how many it takes", () => {
    const { conflicts } = solve(
      [
        ["a", "2 3"],
        ["b", "x y z"],
      ],
      [
        ["c", "3"],
        ["d", "...lead x y"],
      ],
    );
    expect(conflicts.map(({ message }) => message)).toEqual([
      'port of "b" needs 3 dimensions [x, y, z], but port of "a" gives 2 [2, 3]',
      'port of "d" needs at least 2 dimensions [...lead, x, y], but port of "c" gives 1 [3]',
    ]);
  });

  test("is found where a shape would have to hold itself and more", () => {
    const { conflicts } = solve(
      [
        ["s", "...shape"],
        ["grid", "...lead height width"],
      ],
      [
        ["s", "...shape"],
        ["sum", "...shape"],
      ],
      [
        ["grid", "...lead height*width"],
        ["sum", "...shape"],
      ],
    );
    expect(conflicts.length).toBe(1);
  });

  test("does not hide what else is still to be worked out", () => {
    const { solver } = solve(
      [
        ["a", "x*2"],
        ["b", "8"],
      ],
      [
        ["a", "x*3"],
        ["c", "13"],
      ],
      [
        ["a", "x*y"],
        ["d", "size"],
      ],
    );
    const found = solver.equate(end("four", "5"), end("a", "x"));
    expect(found).toBeDefined();
    expect(solver.equate(end("two", "2"), end("a", "y"))).toBeDefined();
    expect(solver.equate(end("e", "1"), end("e", "z"))).toBeUndefined();
    expect(shapeOf(solver, "d", "size")).toEqual([10]);
  });
});

describe("the order of equations", () => {
  const dim = fc.constantFrom<string | number>("a", "b", "c", "a*b", "a+1", 1, 2, 3, 4);
  const shape = fc
    .tuple(fc.constantFrom("", "...p", "...q"), fc.array(dim, { maxLength: 3 }))
    .map(([lead, dims]): ShapeSpec => (lead ? [lead, ...dims] : dims));
  const port = fc.record({ scope: fc.constantFrom("x", "y", "z"), shape });
  const equation = fc.tuple(port, port);

  function outcome(equations: readonly (readonly [Omit<End, "label">, Omit<End, "label">])[]) {
    const solver = new ShapeSolver();
    const conflict = equations.some(([a, b]) => solver.equate({ ...a, label: "a" }, { ...b, label: "b" }));
    const values = ["x", "y", "z"].flatMap((scope) =>
      ["a", "b", "c", "a*b", "a+1"]
        .map((name) => solver.resolve(scope, [name])[0])
        .map((value) => (typeof value === "number" ? value : "?")),
    );
    return conflict ? "a conflict" : values;
  }

  test("changes neither what is known in the end, nor whether there is a conflict", () => {
    const shuffled = fc
      .array(equation, { maxLength: 7 })
      .chain((list) =>
        fc.tuple(
          fc.constant(list),
          fc.shuffledSubarray(list, { minLength: list.length }),
          fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
        ),
      );
    fc.assert(
      fc.property(shuffled, ([list, other, turned]) => {
        expect(outcome(other.map(([a, b], at) => (turned[at] ? ([b, a] as const) : ([a, b] as const))))).toEqual(
          outcome(list),
        );
      }),
      { numRuns: 2000 },
    );
  });
});
