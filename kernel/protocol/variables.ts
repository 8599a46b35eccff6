/**
 * What crosses the comm by which a client follows the variables of a kernel.
 *
 * The client opens a comm of the target `flamingo.variables`. The kernel answers with a `VariablesMessage` at once, and sends one
 * after each cell. To look into a value, the client sends an `OpenRequest`; it is answered with an `OpenedMessage`.
 */
export const variablesTarget = "flamingo.variables";

/** A value in a line. No code of the value is run for it: getters are not read, and proxies not asked. */
export interface ValueSummary {
  name: string;
  /** `number[]`, `Tensor`: as TypeScript says it of a variable, the class of what lies in one. */
  type: string;
  /** Of tensors and arrays: `[2, 3]`. */
  shape?: number[];
  /** Of the numbers in it: `float32`. */
  dtype?: string;
  /** What it holds, cut where it is long. */
  value: string;
  /** Whether it has properties or elements to be looked into. */
  opens: boolean;
}

/** All variables that cells have declared, in that order. */
export type VariablesMessage = { variables: ValueSummary[] };

/** From the client: the variable's name, then the names of properties from there on. */
export type OpenRequest = { open: string[] };

/** What lies in a value; `more` are left out. */
export type OpenedMessage = { opened: string[]; properties: ValueSummary[]; more: number };
