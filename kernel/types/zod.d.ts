/**
 * As much of zod's types as the library's declarations speak of. The real ones are a hundred files, which a notebook would
 * read before its first cell; they fit in here, so that a cell may define blocks with the real zod.
 */
export interface ZodType<Output = unknown, Input = unknown, _Internals = unknown> {
  readonly _zod: { output: Output; input: Input };
  /** Checks a value and fills in defaults. */
  parse(value: unknown): Output;
  safeParse(value: unknown): { success: boolean; data?: Output; error?: unknown };
}

export type output<T> = T extends { _zod: { output: infer Output } } ? Output : unknown;
export type input<T> = T extends { _zod: { input: infer Input } } ? Input : unknown;
export type infer<T> = output<T>;

/** May be left out of an object. */
interface Omissible {
  readonly omissible: true;
}

/** May also be absent from what comes of an object: it has no default. */
interface Absentable {
  readonly absentable: true;
}

type ObjectInput<Shape> = {
  -readonly [Key in keyof Shape as Shape[Key] extends Omissible ? never : Key]: input<Shape[Key]>;
} & { -readonly [Key in keyof Shape as Shape[Key] extends Omissible ? Key : never]?: input<Shape[Key]> };
type ObjectOutput<Shape> = {
  -readonly [Key in keyof Shape as Shape[Key] extends Absentable ? never : Key]: output<Shape[Key]>;
} & { -readonly [Key in keyof Shape as Shape[Key] extends Absentable ? Key : never]?: output<Shape[Key]> };

// biome-ignore lint/suspicious/noExplicitAny: an object of any fields
export interface ZodObject<Shape = any, _Mode = unknown> extends ZodType<ObjectOutput<Shape>, ObjectInput<Shape>> {
  readonly shape: Shape;
}
export interface ZodInt extends ZodType<number, number> {}
export interface ZodNumber extends ZodType<number, number> {}
export interface ZodString extends ZodType<string, string> {}
export interface ZodBoolean extends ZodType<boolean, boolean> {}
export interface ZodUnknown extends ZodType<unknown, unknown> {}
// biome-ignore lint/suspicious/noExplicitAny: JSON of any form
export interface ZodJSONSchema extends ZodType<any, any> {}
export interface ZodEnum<Values> extends ZodType<Values[keyof Values], Values[keyof Values]> {}
export interface ZodLiteral<Value> extends ZodType<Value, Value> {}
export interface ZodDefault<T> extends ZodType<output<T>, input<T> | undefined>, Omissible {}
export interface ZodPrefault<T> extends ZodType<output<T>, input<T> | undefined>, Omissible {}
export interface ZodOptional<T> extends ZodType<output<T> | undefined, input<T> | undefined>, Omissible, Absentable {}
export interface ZodNullable<T> extends ZodType<output<T> | null, input<T> | null> {}
export interface ZodReadonly<T> extends ZodType<Readonly<output<T>>, input<T>> {}
export interface ZodArray<T> extends ZodType<output<T>[], input<T>[]> {}
export interface ZodTuple<Items extends readonly unknown[], _Rest = unknown>
  extends ZodType<{ [Index in keyof Items]: output<Items[Index]> }, { [Index in keyof Items]: input<Items[Index]> }> {}
export interface ZodRecord<_Key, Value> extends ZodType<Record<string, output<Value>>, Record<string, input<Value>>> {}
export interface ZodUnion<Options extends readonly unknown[]>
  extends ZodType<output<Options[number]>, input<Options[number]>> {}
export interface ZodDiscriminatedUnion<Options extends readonly unknown[], _Key = string>
  extends ZodType<output<Options[number]>, input<Options[number]>> {}
export interface ZodIntersection<Left, Right>
  extends ZodType<output<Left> & output<Right>, input<Left> & input<Right>> {}
export interface ZodPipe<From, To> extends ZodType<output<To>, input<From>> {}
// biome-ignore lint/suspicious/noExplicitAny: what comes out, only its neighbours in a pipe know
export interface ZodTransform<Output = any, Input = any> extends ZodType<Output, Input> {}

export declare namespace core {
  type $strict = "strict";
  type $strip = "strip";
  type $loose = "loose";
  type $ZodLooseShape = Record<string, unknown>;
  type $ZodTypeInternals<Output = unknown, Input = unknown> = { output: Output; input: Input };
}
