import { parseShape, type ShapeSpec } from "./shape.ts";

export type DType = "float32" | "int32" | "bool";

/** What a port of a block says of the tensor that passes through it. */
export interface Port {
  shape: ShapeSpec;
  dtype: DType;
  doc: string;
  /** An input that may be left out. */
  optional: boolean;
}

export type Ports = Readonly<Record<string, Port>>;

/**
 * A port of real numbers.
 * @param shape named dimensions, such as `"batch length dim"`
 */
export function float32(shape: string, doc: string): Port & { optional: false } {
  return { shape: parseShape(shape), dtype: "float32", doc, optional: false };
}

/** A port of whole numbers: token ids, labels, positions. */
export function int32(shape: string, doc: string): Port & { optional: false } {
  return { shape: parseShape(shape), dtype: "int32", doc, optional: false };
}

/** A port of yes or no. */
export function bool(shape: string, doc: string): Port & { optional: false } {
  return { shape: parseShape(shape), dtype: "bool", doc, optional: false };
}

/** The same port as an input that may be left out. */
export function optional<P extends Port>(port: P): Omit<P, "optional"> & { optional: true } {
  return { ...port, optional: true };
}
