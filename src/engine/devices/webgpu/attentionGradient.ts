import { attentionOp } from "../../ops/attention.ts";
import {
  addProducts,
  declareParts,
  endOfKeys,
  given,
  hidden,
  type Kind,
  overRows,
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
import { gradientKernel } from "./kernel.ts";
import { remembered } from "./shader.ts";

// With p the weights and dp = dy·vᵀ: ds = scale·p·(dp − Σ p·dp), dq = ds·k, dk = dsᵀ·q, dv = pᵀ·dy. The weights are computed again from the
// logarithm of their sum, which a first pass finds together with Σ p·dp; nothing of the forward pass has to be kept.

const tensors = { query: "f32", key: "f32", value: "f32", dy: "f32" } as const;

/** What stands for the logarithm of a sum without summands. */
const blind = "3e38";

// Each thread has the keys of its columns; what the threads of a row found is joined at the end.
const statistics = remembered((...kind: Kind) => {
  return {
    reads: { ...tensors, mask: "i32" },
    writes: { rows: "vec2f" },
    given,
    list: kind[1],
    workgroup,
    functions: `${scoring}${stage}${overRows("most")}${overRows("totals")}${overRows("slopes")}
${productsOf("products", { tensor: "query", side: "query" }, { tensor: "key", side: "key" })}
${productsOf("products_dy", { tensor: "dy", side: "query" }, { tensor: "value", side: "key" })}`,
    body: `${whereabouts}
  var largest = vec4f(${hidden}); var total = vec4f(); var slope = vec4f();
  ${endOfKeys}
  for (var column0 = 0u; column0 < end; column0 += ${tileColumns}u) {
    let products = products(batch, head, row0, column0, local, lane);
    let dp = products_dy(batch, head, row0, column0, local, lane);
    for (var j = 0u; j < 2u; j++) {
      var scores = vec4f();
      for (var i = 0u; i < 4u; i++) {
        scores[i] = score(batch, head, row0 + 4u * local.y + i, column0 + 2u * local.x + j, products[j][i]);
      }
      let before = largest;
      largest = max(largest, scores);
      let fade = exp(before - largest);
      let weight = select(exp(scores - largest), vec4f(), scores <= vec4f(${hidden}));
      total = fade * total + weight; slope = fade * slope + weight * dp[j];
    }
  }
  most[local.x][local.y] = largest;
  workgroupBarrier();
  let own = largest;
  for (var x = 0u; x < 16u; x++) { largest = max(largest, most[x][local.y]); }
  let fade = exp(own - largest);
  totals[local.x][local.y] = fade * total; slopes[local.x][local.y] = fade * slope;
  workgroupBarrier();
  if (local.x != 0u) { return; }
  total = vec4f(); slope = vec4f();
  for (var x = 0u; x < 16u; x++) { total += totals[x][local.y]; slope += slopes[x][local.y]; }
  for (var i = 0u; i < 4u; i++) {
    let query = row0 + 4u * local.y + i;
    if (query >= given.queries) { continue; }
    let to = group.y * given.queries + query;
    if (total[i] == 0.0) { rows[to] = vec2f(${blind}, 0.0); }
    else { rows[to] = vec2f(largest[i] + log(total[i]), slope[i] / total[i]); }
  }`,
  };
});

/** WGSL: the weight of a key, and its score's gradient. */
const weighing = `
fn weight_of(batch: u32, head: u32, query: u32, key: u32, product: f32, sum: f32) -> f32 {
  if (sum >= ${blind}) {
    return select(0.0, 1.0 / f32(given.keys), given.uniform != 0u && query < given.queries && key < given.keys);
  }
  let one = score(batch, head, query, key, product);
  return select(exp(one - sum), 0.0, one <= ${hidden});
}
fn gradient_of(weight: f32, dp: f32, row: vec2f) -> f32 { return select(given.scale * weight * (dp - row.y), 0.0, row.x >= ${blind}); }`;

const queryGradient = remembered((...kind: Kind) => {
  return {
    reads: { ...tensors, rows: "vec2f", mask: "i32" },
    writes: { dquery: "f32" },
    given,
    list: kind[1],
    workgroup,
    functions: `${scoring}${weighing}${stage}${tileOf("slopes")}
${productsOf("products", { tensor: "query", side: "query" }, { tensor: "key", side: "key" })}
${productsOf("products_dy", { tensor: "dy", side: "query" }, { tensor: "value", side: "key" })}`,
    body: `${whereabouts}
  ${declareParts(kind, "sum")}
  ${endOfKeys}
  for (var column0 = 0u; column0 < end; column0 += ${tileColumns}u) {
    let products = products(batch, head, row0, column0, local, lane);
    let dp = products_dy(batch, head, row0, column0, local, lane);
    var slope = mat2x4f();
    for (var i = 0u; i < 4u; i++) {
      let query = row0 + 4u * local.y + i;
      let row = rows[group.y * given.queries + min(query, given.queries - 1u)];
      for (var j = 0u; j < 2u; j++) {
        let weight = weight_of(batch, head, query, column0 + 2u * local.x + j, products[j][i], row.x);
        slope[j][i] = gradient_of(weight, dp[j][i], row);
      }
    }
    for (var j = 0u; j < 2u; j++) { slopes[2u * local.x + j][local.y] = slope[j]; }
    workgroupBarrier();
    ${addProducts(kind, "sum", "slopes", "key", "key")}
    workgroupBarrier();
  }
  ${storeParts(kind, "sum", "dquery", "query")}`,
  };
});

const keyGradients = remembered((...kind: Kind) => {
  return {
    reads: { ...tensors, rows: "vec2f", mask: "i32" },
    writes: { dkey: "f32", dvalue: "f32" },
    given,
    list: kind[1],
    workgroup,
    functions: `${scoring}${weighing}${stage}${tileOf("weights")}${tileOf("slopes")}
${productsOf("products", { tensor: "key", side: "key" }, { tensor: "query", side: "query" })}
${productsOf("products_dy", { tensor: "value", side: "key" }, { tensor: "dy", side: "query" })}`,
    body: `${whereabouts}
  ${declareParts(kind, "dk")}
  ${declareParts(kind, "dv")}
  var first = 0u;
  // A query that sees nothing takes all values alike, also those that come later.
  if (given.causal != 0u && given.uniform == 0u) { first = u32(max(0, i32(row0 + given.queries) - i32(given.keys))); }
  for (var column0 = first; column0 < given.queries; column0 += ${tileColumns}u) {
    let products = products(batch, head, row0, column0, local, lane);
    let dp = products_dy(batch, head, row0, column0, local, lane);
    for (var j = 0u; j < 2u; j++) {
      let query = column0 + 2u * local.x + j;
      let row = rows[group.y * given.queries + min(query, given.queries - 1u)];
      var weight = vec4f(); var slope = vec4f();
      for (var i = 0u; i < 4u; i++) {
        weight[i] = weight_of(batch, head, query, row0 + 4u * local.y + i, products[j][i], row.x);
        slope[i] = gradient_of(weight[i], dp[j][i], row);
      }
      weights[2u * local.x + j][local.y] = weight;
      slopes[2u * local.x + j][local.y] = slope;
    }
    workgroupBarrier();
    ${addProducts(kind, "dv", "weights", "dy", "query")}
    ${addProducts(kind, "dk", "slopes", "query", "query")}
    workgroupBarrier();
  }
  ${storeParts(kind, "dk", "dkey", "key")}
  ${storeParts(kind, "dv", "dvalue", "key")}`,
  };
});

export const attentionGradientKernels = [
  gradientKernel(attentionOp, (device, { dy, ...inputs }, { wanted, ...attributes }) => {
    const { kind, given, mask, batch, queries } = settle(inputs, attributes);
    const { query, key, value } = inputs;
    const items = batch * attributes.heads;
    const reads = [query, key, value, dy];
    const rows = device.output([items, queries, 2]);
    const overQueries = [Math.ceil(queries / tileRows), items] as const;
    device.perform({
      ...{ shader: statistics(...kind), reads: [...reads, mask], writes: [rows], given, groups: overQueries },
    });
    const found: Record<string, ReturnType<typeof device.output>> = {};
    if (wanted.includes("query")) {
      found.query = device.output(query.shape);
      device.perform({
        ...{ shader: queryGradient(...kind), reads: [...reads, rows, mask], writes: [found.query] },
        ...{ given, groups: overQueries },
      });
    }
    if (wanted.includes("key") || wanted.includes("value")) {
      found.key = device.output(key.shape);
      found.value = device.output(value.shape);
      device.perform({
        ...{ shader: keyGradients(...kind), reads: [...reads, rows, mask], writes: [found.key, found.value] },
        ...{ given, groups: [Math.ceil(attributes.keys / tileRows), items] },
      });
    }
    device.release(rows);
    for (const name in found) if (!wanted.includes(name)) device.release(found[name]!);
    return wanted.map((name) => found[name]!);
  }),
];
