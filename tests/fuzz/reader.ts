import type fc from "fast-check";

/** A reader of outside data: inputs that are nearly right, and what reads them. It may throw a FlamingoError, no other. */
export interface Reader<Input = unknown> {
  name: string;
  inputs: fc.Arbitrary<Input>;
  read(input: Input): unknown;
  /** Reads right input, so that a reader that refuses all is no success. */
  right: Input;
}

export function reader<Input>(value: Reader<Input>): Reader {
  return value as unknown as Reader;
}
