import {
  type Attributes,
  addProducts,
  declareParts,
  endOfKeys,
  given,
  hidden,
  type Kind,
  parts,
  productsOf,
  scoring,
  settle,
  stage,
  storeParts,
  tileColumns,
  tileOf,
  tileRows,
  whereabouts,
  workgroup,
} from "./attentionTiles.ts";
import type { KernelDefinition } from "./kernel.ts";
import { remembered } from "./shader.ts";

/** A row without any visible key gives the mean of all values. */
const meanOfAll = `
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + 4u * local.y + i;
    if (row >= given.queries || total[4u * local.y + i] > 0.0) { continue; }
    for (var channel = local.x; channel < given.depth; channel += 16u) {
      var sum = 0.0;
      for (var j = 0u; j < given.keys; j++) { sum += value[place_of_key(batch, head, j) + channel]; }
      output[place_of_query(batch, head, row) + channel] = sum / f32(given.keys);
    }
  }`;

// The largest score so far and the sum of the weights relative to it are kept for each row, and what was summed is scaled when a larger
// score comes.
const forward = remembered((...kind: Kind) => {
  return {
    reads: { query: "f32", key: "f32", value: "f32", mask: "i32" },
    writes: { output: "f32" },
    given,
    list: kind[1],
    workgroup,
    functions: `${scoring}${stage}${tileOf("weights")}
var<workgroup> largest: array<f32, ${tileRows}>;
var<workgroup> total: array<f32, ${tileRows}>;
var<workgroup> fading: array<vec4f, ${tileRows / 4}>;
${productsOf("products", { tensor: "query", side: "query" }, { tensor: "key", side: "key" })}`,
    body: `${whereabouts}
  if (lane < ${tileRows}u) { largest[lane] = ${hidden}; total[lane] = 0.0; }
  ${declareParts(kind, "sum")}
  ${endOfKeys}
  for (var column0 = 0u; column0 < end; column0 += ${tileColumns}u) {
    let products = products(batch, head, row0, column0, local, lane);
    for (var j = 0u; j < 2u; j++) {
      for (var i = 0u; i < 4u; i++) {
        let query = row0 + 4u * local.y + i; let key = column0 + 2u * local.x + j;
        weights[2u * local.x + j][local.y][i] = score(batch, head, query, key, products[j][i]);
      }
    }
    workgroupBarrier();
    if (lane < ${tileRows}u) {
      let before = largest[lane];
      var most = before;
      for (var i = 0u; i < ${tileColumns}u; i++) { most = max(most, weights[i][lane / 4u][lane % 4u]); }
      let fade = exp(before - most);
      var sum = fade * total[lane];
      for (var i = 0u; i < ${tileColumns}u; i++) {
        let one = weights[i][lane / 4u][lane % 4u];
        let weight = select(exp(one - most), 0.0, one <= ${hidden});
        weights[i][lane / 4u][lane % 4u] = weight;
        sum += weight;
      }
      largest[lane] = most; total[lane] = sum; fading[lane / 4u][lane % 4u] = fade;
    }
    workgroupBarrier();
    ${parts(kind, (part) => `${part} *= fading[local.y];`)("sum")}
    ${addProducts(kind, "sum", "weights", "value", "key")}
    workgroupBarrier();
  }
  workgroupBarrier();
  ${storeParts(kind, "sum", "output", "query", "select(1.0 / total[4u * local.y + i], 0.0, total[4u * local.y + i] == 0.0)")}
  if (given.uniform != 0u) {${meanOfAll}
  }`,
  };
});

const attention: KernelDefinition = {
  name: "FlamingoAttention",
  run(device, inputs, attributes: Attributes) {
    const { kind, given, mask, batch, queries } = settle(inputs, attributes);
    const { query, key, value } = inputs;
    const output = device.output(query!.shape);
    device.perform({
      ...{ shader: forward(...kind), reads: [query!, key!, value!, mask], writes: [output], given },
      groups: [Math.ceil(queries / tileRows), batch * attributes.heads],
    });
    return output;
  },
};

export const attentionKernels = [attention, { ...attention, name: "FlamingoMaskedAttention" }];
