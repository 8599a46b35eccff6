import * as tf from "@tensorflow/tfjs";
import { differentiate, keepForGradient, recordedAs } from "../autodiff/tape.ts";
import { hasKernel, runKernel } from "../kernels.ts";
import type { Tensor } from "../tensor.ts";

/** An operation's tensors by name. */
export type Tensors = Readonly<Record<string, Tensor | undefined>>;

/** Sizes of an operation's tensors. */
export type Shapes<Inputs> = { readonly [Name in keyof Inputs]: { readonly shape: readonly number[] } };

/** The shape of a result, or of several. */
export type ShapeOf<Result> = Result extends Tensor[] ? readonly (readonly number[])[] : readonly number[];

/** What an operation's own gradient is made from. */
export interface Backward<Inputs> {
  /** The gradient of the first output. */
  dy: Tensor;
  /** The inputs that the operation `saves` have their numbers; of the others there is only the shape. */
  inputs: Inputs;
  /** The outputs that the operation `savesOutputs`. */
  outputs: readonly Tensor[];
}

/** The gradient of each input by itself, or of several inputs by one computation, in the order of their names. */
export type Gradients<Inputs> =
  | Readonly<Partial<Record<keyof Inputs, () => Tensor>>>
  | ((wanted: readonly string[]) => Tensor[]);

/** All that an operation is, on any device. */
export interface OperationDefinition<Inputs extends Tensors, Attributes extends object, Result> {
  /** PascalCase. Devices register their kernels under it. */
  name: string;
  /** Whether inputs and attributes fit. @throws FlamingoError */
  check?(inputs: Inputs, attributes: Attributes): void;
  /** The shape of the result. */
  shape(inputs: Shapes<Inputs>, attributes: Attributes): ShapeOf<Result>;
  /** The operation in TensorFlow.js' operations: what it means, and what runs where a device has no kernel for it. */
  formula(inputs: Inputs, attributes: Attributes): Result;
  /**
   * The gradient, by other operations. Without one it is the device's kernel for the gradient, which `gradientKernel` defines, or the
   * derivative of the formula.
   */
  gradient?(at: Backward<Inputs>, attributes: Attributes): Gradients<Inputs>;
  /** Inputs that the gradient needs; all by default. */
  saves?: readonly (keyof Inputs & string)[];
  /** Outputs that the gradient needs, by index; none by default. */
  savesOutputs?: readonly number[];
}

/** An operation: a stateless function on tensors, with its gradient, that devices may have kernels for. */
export interface Operation<Inputs, Attributes, Result = Tensor> {
  readonly name: string;
  readonly shape: (inputs: Shapes<Inputs>, attributes: Attributes) => ShapeOf<Result>;
  /** Whether the open device has a kernel for it. */
  hasKernel(): boolean;
  /** Computes the result on the open device, and records the gradient where one is wanted. */
  run(inputs: Inputs, attributes: Attributes): Result;
}

/** The name under which a device registers its kernel for the gradient of an operation. */
export const gradientName = (operation: string): string => `${operation}Gradient`;

/** Defines an operation. */
export function defineOperation<
  Inputs extends Tensors,
  Attributes extends object = object,
  Result extends Tensor | Tensor[] = Tensor,
>(definition: OperationDefinition<Inputs, Attributes, Result>): Operation<Inputs, Attributes, Result> {
  const { name, check, shape, formula, saves, savesOutputs = [] } = definition;
  return {
    name,
    shape,
    hasKernel: () => hasKernel(name),
    run(inputs, attributes) {
      check?.(inputs, attributes);
      if (!hasKernel(name)) return formula(inputs, attributes);
      return recordedAs(
        () => runKernel(name, inputs, attributes) as Result,
        (outputs) => {
          const kept = Object.fromEntries((saves ?? Object.keys(inputs)).map((key) => [key, keep(inputs[key])]));
          const keptOutputs = savesOutputs.map((at) => keepForGradient(outputs[at]!));
          const saved = [...Object.values(kept).filter((tensor) => tensor !== undefined), ...keptOutputs];
          return {
            ...{ name, inputs, outputs, saved },
            gradients([dy], wanted) {
              // Only another output was used, which has no gradient.
              if (!dy) return wanted.map((key) => tf.zeros(inputs[key]!.shape));
              const at = { dy, inputs: { ...inputs, ...kept } as Inputs, outputs: keptOutputs };
              return gradientsOf(definition, at, attributes, wanted);
            },
          };
        },
      );
    },
  };
}

function keep(tensor: Tensor | undefined): Tensor | undefined {
  return tensor && keepForGradient(tensor);
}

function gradientsOf<Inputs extends Tensors, Attributes extends object, Result extends Tensor | Tensor[]>(
  { name, formula, gradient }: OperationDefinition<Inputs, Attributes, Result>,
  at: Backward<Inputs>,
  attributes: Attributes,
  wanted: readonly string[],
): Tensor[] {
  if (gradient) {
    const gradients = gradient(at, attributes);
    if (typeof gradients === "function") return gradients(wanted);
    return wanted.map((key) => {
      const compute = gradients[key];
      if (!compute) throw new Error(`${name} has no gradient by its input ${key}`);
      return compute();
    });
  }
  if (hasKernel(gradientName(name)))
    return runKernel(gradientName(name), { ...at.inputs, dy: at.dy }, { ...attributes, wanted }) as Tensor[];
  return derivative(
    () => formula(at.inputs, attributes),
    wanted.map((key) => at.inputs[key]!),
    at.dy,
  );
}

/** The gradients of a formula by these tensors. */
function derivative(formula: () => Tensor | Tensor[], tensors: readonly Tensor[], dy: Tensor): Tensor[] {
  const run = () => [formula()].flat();
  const { totals } = differentiate(run, tensors, ([y]) => new Map([[y!.id, tf.clone(dy)]]));
  return tensors.map((tensor) => totals.get(tensor.id) ?? tf.zerosLike(tensor));
}
