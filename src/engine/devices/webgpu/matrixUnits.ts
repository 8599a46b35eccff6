import type { MatrixUnits } from "./device.ts";
import { type Shader, shaderOf } from "./shader.ts";
import { elementType, given, loadBlock, loadTiles, type Operand, store } from "./tiles.ts";

/** Rows and columns of the result that a workgroup computes on the GPU's matrix units. */
export const unitTile = 128;

const depth = 32;
const subgroups = 8;

/**
 * The product on matrix units (tensor cores), by Dawn's experimental subgroup matrices: f16 operands, f32 sums. Eight subgroups compute 32 x 64
 * values each. Results leave through the workgroup's memory, a unit's matrix at a time, because the edge of the result may cut it.
 */
function unitProductOf({ m, n, k, lanes }: MatrixUnits, a: Operand, b: Operand): Shader {
  const [tall, broad] = [32 / m, 64 / n];
  const threads = subgroups * lanes;
  const left = `subgroup_matrix_left<f16, ${k}, ${m}>`;
  const right = `subgroup_matrix_right<f16, ${n}, ${k}>`;
  const each = (line: (i: number, j: number) => string) =>
    Array.from({ length: tall * broad }, (_, at) => line(Math.floor(at / broad), at % broad)).join("\n");
  const list = (count: number, line: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => line(at)).join("\n");
  return shaderOf({
    reads: { a: elementType(a), b: elementType(b), bias: "f32" },
    writes: { c: "f32" },
    given,
    workgroup: [threads, 1],
    directives: [
      "enable f16",
      "enable subgroups",
      "enable chromium_experimental_subgroup_matrix",
      // All threads of a subgroup have the same position in the results, which the compiler cannot see.
      "diagnostic(off, chromium.subgroup_matrix_uniformity)",
    ],
    functions: `
var<workgroup> tile_a: array<f16, ${depth * unitTile}>;
var<workgroup> tile_b: array<f16, ${depth * unitTile}>;
var<workgroup> sums: array<f32, ${subgroups * m * n}>;
${loadBlock(a)}${loadBlock(b)}${store}`,
    body: `
  let batch = group.z; let row0 = group.y * ${unitTile}u; let column0 = group.x * ${unitTile}u;
  let subgroup = lane / ${lanes}u;
  let top = 32u * (subgroup / 2u); let start = 64u * (subgroup % 2u);
  ${each((i, j) => `var c${i}_${j} = subgroup_matrix_result<f32, ${n}, ${m}>();`)}
  for (var k0 = 0u; k0 < given.k; k0 += ${depth}u) {
    ${loadTiles(
      [a, b],
      { tile: unitTile, depth, threads },
      (name, line, vector, values) =>
        `for (var j = 0u; j < 4u; j++) { tile_${name}[(${line}) * ${unitTile}u + 4u * ${vector} + j] = f16(${values}[j]); }`,
    )}
    for (var k = 0u; k < ${depth}u; k += ${k}u) {
      ${list(tall, (i) => `let a${i} = subgroupMatrixLoad<${left}, col_major>(&tile_a, k * ${unitTile}u + top + ${i * m}u, ${unitTile}u);`)}
      ${list(broad, (j) => `let b${j} = subgroupMatrixLoad<${right}, row_major>(&tile_b, k * ${unitTile}u + start + ${j * n}u, ${unitTile}u);`)}
      ${each((i, j) => `c${i}_${j} = subgroupMatrixMultiplyAccumulate(a${i}, b${j}, c${i}_${j});`)}
    }
    workgroupBarrier();
  }
  ${each(
    (i, j) => `
  subgroupMatrixStore<row_major>(&sums, subgroup * ${m * n}u, c${i}_${j}, ${n}u);
  workgroupBarrier();
  for (var at = lane % ${lanes}u; at < ${m * n}u; at += ${lanes}u) {
    let row = row0 + top + ${i * m}u + at / ${n}u; let column = column0 + start + ${j * n}u + at % ${n}u;
    store(batch, row, column, sums[subgroup * ${m * n}u + at]);
  }
  workgroupBarrier();`,
  )}`,
  });
}

const known = new Map<string, Shader>();

/** Which way the operands lie is as for `tiles.ts`. */
export function unitProduct(units: MatrixUnits, acrossA: boolean, acrossB: boolean, wide: boolean): Shader {
  const key = [acrossA, acrossB, wide].join();
  const [a, b]: Operand[] = [
    { name: "a", across: acrossA, wide },
    { name: "b", across: acrossB, wide },
  ];
  const shader = known.get(key) ?? unitProductOf(units, a!, b!);
  known.set(key, shader);
  return shader;
}

/** What Dawn reports about an adapter beyond WebGPU. */
interface UnitsInfo {
  subgroupMinSize?: number;
  subgroupMaxSize?: number;
  subgroupMatrixConfigs?: Iterable<{
    M: number;
    N: number;
    K: number;
    componentType: string;
    resultComponentType: string;
  }>;
}

/** The matrix units that this adapter offers for f16 operands with f32 sums; none where subgroups differ in size. */
export function findMatrixUnits(info: object, features: ReadonlySet<string>): MatrixUnits | undefined {
  if (!features.has("chromium-experimental-subgroup-matrix") || !features.has("shader-f16")) return undefined;
  const { subgroupMinSize, subgroupMaxSize, subgroupMatrixConfigs = [] } = info as UnitsInfo;
  if (!subgroupMinSize || subgroupMinSize !== subgroupMaxSize) return undefined;
  const config = [...subgroupMatrixConfigs].find(
    ({ M, N, K, componentType, resultComponentType }) =>
      componentType === "f16" && resultComponentType === "f32" && 32 % M === 0 && 64 % N === 0 && depth % K === 0,
  );
  return config && { m: config.M, n: config.N, k: config.K, lanes: subgroupMinSize };
}
