import { FlamingoError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { WeightData } from "../core/weight.ts";
import { type Counterpart, type NameMap, theirShape, toOurs } from "./nameMap.ts";
import { asFloats, type StoredTensor } from "./storedTensor.ts";

/** A weight of ours by its description. */
export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A tensor that has another shape than the model gives it. */
export interface Misshapen {
  readonly name: string;
  readonly expected: readonly number[];
  readonly actual: readonly number[];
}

/** How the tensors of another library's file fit a model, by that library's names. */
export interface Fit {
  /** What the model has and the file lacks. */
  readonly missing: readonly string[];
  /** What the file has and the model does not. */
  readonly unexpected: readonly string[];
  readonly misshapen: readonly Misshapen[];
}

export interface MappedWeights {
  /** By our names; each is converted when somebody looks at its numbers. */
  readonly weights: Map<string, WeightData>;
  readonly fit: Fit;
}

export interface MappingOptions {
  /** Put before all names in files of the whole model, and left out in those of the model without its head. */
  prefix?: string | undefined;
  /** Names of what may stand in the file beside the weights. */
  ignored?: RegExp | undefined;
}

/** What data parallel training puts before all names. */
const parallelPrefix = "module.";

/** The weights of ours that another library's tensors hold, as far as these fit. */
export function mapWeights(
  tensors: ReadonlyMap<string, StoredTensor>,
  names: NameMap,
  ours: Iterable<WeightShape>,
  { prefix = "", ignored }: MappingOptions = {},
): MappedWeights {
  const stored = withoutPrefix(tensors, parallelPrefix);
  const shapes = new Map(Array.from(ours, ({ name, shape }) => [name, shape]));
  const isBase = prefix !== "" && ![...stored.keys()].some((name) => name.startsWith(prefix));
  const storedName = (name: string) => (isBase && name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const unexpected = new Set([...stored.keys()].filter((name) => !ignored?.test(name)));
  const missing: string[] = [];
  const misshapen: Misshapen[] = [];
  const weights = new Map<string, WeightData>();
  for (const counterpart of names) {
    const candidates = [counterpart.theirs, ...(counterpart.aliases ?? [])].map(storedName);
    for (const name of candidates) unexpected.delete(name);
    const name = candidates.find((each) => stored.has(each));
    if (name === undefined) {
      missing.push(counterpart.theirs);
      continue;
    }
    const expected = theirShape(
      counterpart,
      counterpart.ours.map((each) => shapes.get(each)!),
    );
    const tensor = counterpart.cut ? firstRows(stored.get(name)!, expected[0]!) : stored.get(name)!;
    if (String(tensor.shape) !== String(expected)) misshapen.push({ name, expected, actual: tensor.shape });
    else for (const [own, weight] of convert(counterpart, tensor, shapes)) weights.set(own, weight);
  }
  return { weights, fit: { missing, unexpected: [...unexpected], misshapen } };
}

/** Without what stands before all names; as they are where it does not. */
function withoutPrefix<T>(tensors: ReadonlyMap<string, T>, prefix: string): ReadonlyMap<string, T> {
  if (tensors.size === 0 || ![...tensors.keys()].every((name) => name.startsWith(prefix))) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** At most so many rows of a tensor. */
function firstRows(tensor: StoredTensor, count: number): StoredTensor {
  const { dtype, shape, fill } = tensor;
  if (shape[0]! <= count) return tensor;
  const cut = [count, ...shape.slice(1)];
  return {
    ...{ dtype, shape: cut },
    ...(fill && { fill }), // row after row: the first ones stand where they did
    get data() {
      return tensor.data.subarray(0, sizeOf({ shape: cut }));
    },
  };
}

/** The weights that are in one tensor; those of a tensor of several are converted together while somebody holds one. */
function convert(
  counterpart: Counterpart,
  tensor: StoredTensor,
  shapes: ReadonlyMap<string, readonly number[]>,
): Map<string, WeightData> {
  const { ours, transposed, heads = 1 } = counterpart;
  if (ours.length === 1 && !transposed && heads === 1) return new Map([[ours[0]!, asFloats(tensor)]]);
  let held: WeakRef<ReturnType<typeof toOurs>> | undefined;
  const converted = () => {
    let all = held?.deref();
    if (!all) {
      all = toOurs(counterpart, asFloats(tensor), (name) => shapes.get(name)!);
      held = new WeakRef(all);
    }
    return all;
  };
  return new Map(
    ours.map((name): [string, WeightData] => [
      name,
      {
        shape: shapes.get(name)!,
        ...(tensor.fill && { fill: partsOf(counterpart, tensor as Fillable, name, shapes) }),
        get data() {
          return converted().get(name)!.data;
        },
      },
    ]),
  );
}

type Fillable = StoredTensor & Required<Pick<StoredTensor, "fill">>;

/** Numbers of a tensor that is turned that are read at a time. */
const turnedLength = 1 << 20;

/** Writes numbers of one of the weights in a tensor, from an index on, reading a part at a time. */
function partsOf(
  { ours, transposed, heads = 1 }: Counterpart,
  tensor: Fillable,
  name: string,
  shapes: ReadonlyMap<string, readonly number[]>,
): Required<WeightData>["fill"] {
  const rowsOf = (each: string) => shapes.get(each)![0]! / heads;
  const own = rowsOf(name);
  const before = ours.slice(0, ours.indexOf(name)).reduce((sum, each) => sum + rowsOf(each), 0);
  const all = ours.reduce((sum, each) => sum + rowsOf(each), 0);
  const columns = sizeOf({ shape: shapes.get(name)!.slice(1) });
  /** The row of all weights together, in the order of the other library, in which a row of this one stands. */
  const rowAt = (row: number) => Math.floor(row / own) * all + before + (row % own);
  if (!transposed || columns === 1)
    return (target, first = 0) => {
      for (let at = 0; at < target.length; ) {
        const [row, column] = [Math.floor((first + at) / columns), (first + at) % columns];
        const untilNext = (own - (row % own)) * columns - column; // rows of one head lie together
        const count = Math.min(untilNext, target.length - at);
        tensor.fill(target.subarray(at, at + count), rowAt(row) * columns + column);
        at += count;
      }
    };
  const width = all * heads;
  return (target, first = 0) => {
    const lines = Math.min(columns, Math.max(1, Math.floor(turnedLength / width)));
    const part = new Float32Array(lines * width);
    const [top, bottom] = [Math.floor(first / columns), Math.ceil((first + target.length) / columns)];
    for (let line = 0; line < columns; line += lines) {
      const count = Math.min(lines, columns - line);
      tensor.fill(part.subarray(0, count * width), line * width);
      for (let row = top; row < bottom; row++) {
        const [to, from] = [row * columns + line - first, rowAt(row)];
        for (let at = Math.max(0, -to); at < count && to + at < target.length; at++)
          target[to + at] = part[at * width + from]!;
      }
    }
  };
}

/** At most so many names of each kind are in the message; the error's details have all. */
const mostNames = 20;

/** Characters of a name that a message shows. */
const mostLetters = 200;

/** Names in a sentence, so many of them at most. */
export function listNames(names: readonly string[], most = mostNames): string {
  const shown = names
    .slice(0, most)
    .map((name) => (name.length > mostLetters ? `${name.slice(0, mostLetters)}…` : name));
  return `${shown.join(", ")}${names.length > most ? ` and ${names.length - most} more` : ""}`;
}

/** Sentences on what does not fit, by name; none where all does. */
export function describeFit({ missing, unexpected, misshapen }: Fit): string[] {
  const tensors = (count: number) => `${count} tensor${count === 1 ? "" : "s"}`;
  const shapes = misshapen.map(({ name, expected, actual }) => `${name} is [${actual}], expected [${expected}]`);
  return [
    ...(missing.length > 0 ? [`it lacks ${tensors(missing.length)}: ${listNames(missing)}`] : []),
    ...(unexpected.length > 0
      ? [`it has ${tensors(unexpected.length)} that the model does not: ${listNames(unexpected)}`]
      : []),
    ...(shapes.length > 0 ? [`it has ${tensors(shapes.length)} of another shape: ${listNames(shapes)}`] : []),
  ];
}

/**
 * @param source the file, for the message
 * @throws FlamingoError INVALID_WEIGHTS that lists what does not fit by name
 */
export function requireFit(fit: Fit, source: string, fix = "use the config.json that belongs to the weights"): void {
  const findings = describeFit(fit);
  if (findings.length === 0) return;
  throw new FlamingoError("INVALID_WEIGHTS", `${source} does not fit the model: ${findings.join("; ")}`, {
    source,
    actual: fit,
    fix,
  });
}
