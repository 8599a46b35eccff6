import { inspect } from "node:util";

/** What Node hangs on promises and timers, to know of which cell they are. */
const marks = new Set(["kResourceStore", "async_id_symbol", "trigger_async_id_symbol"]);

type Inspectable = { [inspect.custom]?: (...args: unknown[]) => unknown };

/** Keeps the cell to which a promise or timer belongs out of what people see where one is printed or shown. */
export function hideCellsInAsyncValues(): void {
  const [timeout, immediate] = [setTimeout(() => {}), setImmediate(() => {})];
  clearTimeout(timeout);
  clearImmediate(immediate);
  for (const value of [Promise.resolve(), timeout, immediate]) {
    const prototype = Object.getPrototypeOf(value) as Inspectable;
    const own = prototype[inspect.custom];
    const inspectUnmarked = function (this: object, ...args: unknown[]): unknown {
      for (const symbol of Object.getOwnPropertySymbols(this))
        if (marks.has(symbol.description ?? "")) Reflect.defineProperty(this, symbol, { enumerable: false });
      return own ? own.apply(this, args) : this;
    };
    Object.defineProperty(prototype, inspect.custom, { value: inspectUnmarked, configurable: true, writable: true });
  }
}
