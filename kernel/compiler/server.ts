import type { Compiler } from "./compiler.ts";
import type { Request, Response } from "./protocol.ts";

/** For how long at a time the library's names are described, in milliseconds. */
const describingSlice = 5;

/** Answers requests until the kernel ends. Says first that it listens. */
export function serve(compiler: Compiler): void {
  // The kernel interrupts cells; an interrupt from a terminal reaches all of its processes.
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.exit());
  process.on("message", ({ id, method, args }: Request) => {
    let response: Response;
    try {
      const call = compiler[method] as (...args: unknown[]) => unknown;
      response = { id, result: call.apply(compiler, args) };
    } catch (error) {
      response = { id, failure: (error instanceof Error && error.stack) || String(error) };
    }
    process.send!(response);
    describeWhenIdle(compiler);
  });
  process.send!({ id: 0, result: undefined } satisfies Response);
}

let describing = false;

function describeWhenIdle(compiler: Compiler): void {
  if (describing) return;
  describing = true;
  setImmediate(() => {
    describing = false;
    if (compiler.describe(performance.now() + describingSlice)) describeWhenIdle(compiler);
  });
}

const warmCells = [
  "1 + 1",
  "const warm: number = [1, 2].map((each) => each * 2).length; console.log(warm); warm",
  "interface Warm { a: string }\nfunction warm(w: Warm) { return w.a.slice(1) }\nawait Promise.resolve(warm({ a: 'b' }))",
  "class Warm { x = 1; get y() { return this.x } }\nnew Warm().y",
  "let warm: string = 1",
];

/** Compiles a few cells, so that the compiler has read what every cell needs. They leave nothing behind. */
export function warm(compiler: Compiler): void {
  const library = compiler.libraryName;
  const cells = [...warmCells, ...(library ? [`const warm = ${library}; warm`, library] : [])];
  for (const cell of cells) compiler.compile(cell, "In[0]", []);
  for (const cell of ["Math.m", "con", "'a'.", ...(library ? [`${library}.`] : [])]) {
    compiler.complete(cell, cell.length);
    compiler.inspect(cell, cell.length - 1);
  }
  while (compiler.describe(Number.POSITIVE_INFINITY));
  // What the first cell finds: the program without the library, which has been read.
  compiler.open("/", []);
  compiler.compile("1 + 1", "In[0]", []);
}

/** The same for the compiler of the first cells. */
export function warmEarly(compiler: Compiler): void {
  for (const cell of [...warmCells, "1 + 1"]) compiler.compileEarly(cell, "In[0]");
  compiler.open("/", []);
  compiler.compileEarly("1 + 1", "In[0]");
}
