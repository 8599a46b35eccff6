import { attentionOp } from "../../ops/attention.ts";
import {
  addSeenValues,
  declareParts,
  endOfKeys,
  given,
  hidden,
  type Kind,
  overRows,
  parts,
  productsOf,
  scoring,
  seeing,
  settle,
  stage,
  storeParts,
  tileColumns,
  tileOf,
  tileRows,
  whereabouts,
  workgroup,
} from "./attentionTiles.ts";
import { kernel } from "./kernel.ts";
import { remembered } from "./shader.ts";

/** A row without any visible key gives the mean of all values. */
const meanOfAll = `
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + 4u * local.y + i;
    if (row >= given.queries || total[i] > 0.0) { continue; }
    for (var channel = local.x; channel < given.depth; channel += 16u) {
      var sum = 0.0;
      for (var j = 0u; j < given.keys; j++) { sum += value[start_of_key(batch, head, j) + channel]; }
      output[start_of_query(batch, head, row) + channel] = sum / f32(given.keys);
    }
  }`;

// The largest score so far and the sum of the weights relative to it are kept for each row, by all threads that have it, and what was summed
// is scaled when a larger score comes.
const forward = remembered((...kind: Kind) => {
  return {
    reads: { query: "f32", key: "f32", value: "f32", mask: "i32" },
    writes: { output: "f32" },
    given,
    list: kind[1],
    workgroup,
    functions: `${scoring}${seeing}${stage}${tileOf("weights")}${overRows("most")}${overRows("sums")}
${productsOf("products", { tensor: "query", side: "query" }, { tensor: "key", side: "key" })}`,
    body: `${whereabouts}
  var largest = vec4f(${hidden}); var total = vec4f();
  ${declareParts(kind, "sum")}
  ${endOfKeys}
  for (var column0 = 0u; column0 < end; column0 += ${tileColumns}u) {
    let products = products(batch, head, row0, column0, local, lane);
    var scores = mat2x4f();
    for (var j = 0u; j < 2u; j++) {
      for (var i = 0u; i < 4u; i++) {
        let query = row0 + 4u * local.y + i; let key = column0 + 2u * local.x + j;
        scores[j][i] = score(batch, head, query, key, products[j][i]);
      }
    }
    most[local.x][local.y] = max(scores[0], scores[1]);
    workgroupBarrier();
    let before = largest;
    for (var x = 0u; x < 16u; x++) { largest = max(largest, most[x][local.y]); }
    var weight = mat2x4f();
    for (var j = 0u; j < 2u; j++) {
      weight[j] = select(exp(scores[j] - largest), vec4f(), scores[j] <= vec4f(${hidden}));
      weights[2u * local.x + j][local.y] = weight[j];
    }
    sums[local.x][local.y] = weight[0] + weight[1];
    workgroupBarrier();
    let fade = exp(before - largest);
    total *= fade;
    for (var x = 0u; x < 16u; x++) { total += sums[x][local.y]; }
    ${parts(kind, (part) => `${part} *= fade;`)("sum")}
    ${addSeenValues(kind, "sum", "weights", "value")}
  }
  ${storeParts(kind, "sum", "output", "query", "select(1.0 / total[i], 0.0, total[i] == 0.0)")}
  if (given.uniform != 0u) {${meanOfAll}
  }`,
  };
});

export const attentionKernels = [
  kernel(attentionOp, (device, inputs, attributes, shape) => {
    const { kind, given, mask, batch, queries } = settle(inputs, attributes);
    const { query, key, value } = inputs;
    const output = device.output(shape);
    device.perform({
      ...{ shader: forward(...kind), reads: [query, key, value, mask], writes: [output], given },
      groups: [Math.ceil(queries / tileRows), batch * attributes.heads],
    });
    return output;
  }),
];
