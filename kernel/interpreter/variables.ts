/** A variable of the notebook: an object that all cells share which speak of it. Compiled code reads and writes `v`. */
export interface Variable {
  v: unknown;
}

/**
 * The variables of all cells. A name has one variable as long as the kernel lives, so a function of an earlier cell sees what a
 * later one declares anew.
 */
export class Variables {
  readonly #variables = new Map<string, Variable>();
  readonly #declared = new Set<string>();

  /** For a cell that uses a name; another cell may declare it later. */
  variable(name: string): Variable {
    const known = this.#variables.get(name);
    if (known) return known;
    const made = { v: undefined };
    Object.defineProperty(made, "v", undeclared(name));
    this.#variables.set(name, made);
    return made;
  }

  /** For a cell that declares a name. @returns its variable, which can be assigned */
  own(name: string): Variable {
    const known = this.#variables.get(name);
    if (!known) {
      const made = { v: undefined };
      this.#variables.set(name, made);
      return made;
    }
    const property = Object.getOwnPropertyDescriptor(known, "v");
    if (property?.get) this.restore(name, { value: undefined, writable: true, enumerable: true, configurable: true });
    return known;
  }

  /** Lets a name stand for what a module exports, whatever that is at the time. */
  bind(name: string, get: () => unknown): void {
    this.variable(name);
    this.restore(name, { get, enumerable: true, configurable: true });
  }

  /** What a name stood for before a cell that fails. */
  state(name: string): PropertyDescriptor {
    return Object.getOwnPropertyDescriptor(this.variable(name), "v")!;
  }

  restore(name: string, state: PropertyDescriptor): void {
    Object.defineProperty(this.variable(name), "v", state);
  }

  /** Notes that cells have a name in scope. */
  declare(name: string): void {
    this.#declared.add(name);
  }

  has(name: string): boolean {
    return this.#declared.has(name);
  }

  value(name: string): unknown {
    return this.#declared.has(name) ? this.variable(name).v : (globalThis as Record<string, unknown>)[name];
  }
}

/** A name that no cell has declared yet is one of JavaScript's own, or an error. */
function undeclared(name: string): PropertyDescriptor {
  const globals = globalThis as Record<string, unknown>;
  const check = () => {
    if (!(name in globals)) throw new ReferenceError(`${name} is not defined: no cell that has run declares it`);
  };
  return {
    get() {
      check();
      return globals[name];
    },
    set(value: unknown) {
      check();
      globals[name] = value;
    },
    enumerable: true,
    configurable: true,
  };
}
