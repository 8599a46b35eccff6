// Attention of one head at a time over blocks of queries, so that scores live in the cache and never all at once.

import { at, endOf, firstOf, float, integer, pointer, thread } from "./control";
import { isFew, multiplyFewRows } from "./fewRows";
import { gemm } from "./gemm";
import { four, minus, plus, sumOf, times } from "./math";
import { exponentials, maxOfRow } from "./softmax";

// Arguments of both: query, key, value, mask or 0, slopes or 0, workspace, bytes of workspace for each thread, batch, queries,
// keys, heads, head width, mask groups, bytes of a mask element, causal, empty rows are uniform, queries in a block, keys that there is room for; float: scale;
// then for the forward pass: output; for the backward pass: dy and the gradients of query, key, value (0 where not wanted).
const QUERY: i32 = 0, KEY: i32 = 1, VALUE: i32 = 2, MASK: i32 = 3, SLOPES: i32 = 4, WORKSPACE: i32 = 5, WORKSPACE_SIZE: i32 = 6;
const BATCH: i32 = 7, QUERIES: i32 = 8, KEYS: i32 = 9, HEADS: i32 = 10, HEAD_WIDTH: i32 = 11, GROUPS: i32 = 12;
const MASK_BYTES: i32 = 13, CAUSAL: i32 = 14, UNIFORM: i32 = 15, BLOCK: i32 = 16, ROOM: i32 = 17;
const OUTPUT: i32 = 18, DY: i32 = 18, D_QUERY: i32 = 19, D_KEY: i32 = 20, D_VALUE: i32 = 21;

export function attention(): void {
  const items = integer(BATCH) * integer(HEADS), end = endOf(items, 1);
  const queries = integer(QUERIES), keys = integer(KEYS), room = integer(ROOM), depth = integer(HEAD_WIDTH), width = depth * integer(HEADS);
  const scores = pointer(WORKSPACE) + (thread() * integer(WORKSPACE_SIZE)) as usize, row = (keys + 3) & ~3;
  const few = isFew(queries, 1, width, 1), hidesKeys = integer(CAUSAL) != 0 || pointer(MASK) != 0;
  for (let item = firstOf(items, 1); item < end; item++) {
    const value = headOf(VALUE, item, room, width, depth), output = headOf(OUTPUT, item, queries, width, depth);
    for (let first = 0; first < queries; first += integer(BLOCK)) {
      const count = min(integer(BLOCK), queries - first);
      weigh(item, first, count, scores, row);
      const to = at(output, first * width);
      if (few) multiplyFewRows(count, depth, keys, scores, row, value, width, 1, to, width, false);
      else gemm(count, depth, keys, scores, row, 1, value, width, 1, to, width, false);
      if (!hidesKeys) continue;
      for (let i = 0; i < count; i++) {
        const result = at(to, i * width);
        if (!isFiniteRow(result, depth)) mixVisible(item, first + i, at(scores, i * row), value, result, width, depth);
      }
    }
  }
}

// Whether all of these numbers are finite.
function isFiniteRow(x: usize, count: i32): bool {
  const whole = count & ~3;
  let zeros = four(0);
  for (let i = 0; i < whole; i += 4) zeros = plus(zeros, times(v128.load(at(x, i)), four(0)));
  let zero = sumOf(zeros);
  for (let i = whole; i < count; i++) zero += load<f32>(at(x, i)) * 0;
  return zero == 0;
}

// The result of one query from the values that it sees. A product of all of them would have 0·NaN of a value that is hidden.
function mixVisible(item: i32, query: i32, weights: usize, value: usize, result: usize, width: i32, depth: i32): void {
  const keys = integer(KEYS), batch = item / integer(HEADS), blind = seesNothing(batch, query);
  memory.fill(result, 0, (depth as usize) << 2);
  if (blind && !integer(UNIFORM)) return;
  for (let j = 0; j < keys; j++) {
    if (!blind && !sees(batch, query, j)) continue;
    const weight = load<f32>(at(weights, j)), from = at(value, j * width);
    for (let d = 0; d < depth; d++) store<f32>(at(result, d), load<f32>(at(result, d)) + weight * load<f32>(at(from, d)));
  }
}

function sees(batch: i32, query: i32, key: i32): bool {
  const keys = integer(KEYS), groups = integer(GROUPS), bytes = integer(MASK_BYTES);
  if (integer(CAUSAL) && key > query + keys - integer(QUERIES)) return false;
  if (!pointer(MASK)) return true;
  const one = pointer(MASK) + ((((batch * integer(QUERIES) + query) * groups + key / (keys / groups)) * bytes) as usize);
  return bytes == 1 ? load<u8>(one) != 0 : load<i32>(one) != 0;
}

// With p the weights and dp = dy·vᵀ: ds = scale·p·(dp - Σ p·dp), dq = ds·k, dk = dsᵀ·q, dv = pᵀ·dy.
export function attentionGradient(): void {
  const items = integer(BATCH) * integer(HEADS), end = endOf(items, 1);
  const queries = integer(QUERIES), keys = integer(KEYS), room = integer(ROOM), depth = integer(HEAD_WIDTH), width = depth * integer(HEADS);
  const row = (keys + 3) & ~3, size = integer(BLOCK) * row;
  const weights = pointer(WORKSPACE) + (thread() * integer(WORKSPACE_SIZE)) as usize, slopes = at(weights, size);
  for (let item = firstOf(items, 1); item < end; item++) {
    const query = headOf(QUERY, item, queries, width, depth), key = headOf(KEY, item, room, width, depth);
    const value = headOf(VALUE, item, room, width, depth), dy = headOf(DY, item, queries, width, depth);
    for (let first = 0; first < queries; first += integer(BLOCK)) {
      const count = min(integer(BLOCK), queries - first), adds = first > 0, dyRows = at(dy, first * width);
      weigh(item, first, count, weights, row);
      if (pointer(D_VALUE)) {
        const dv = headOf(D_VALUE, item, room, width, depth);
        gemm(keys, depth, count, weights, 1, row, dyRows, width, 1, dv, width, adds);
      }
      if (!pointer(D_QUERY) && !pointer(D_KEY)) continue;
      gemm(count, keys, depth, dyRows, width, 1, value, 1, width, slopes, row, false);
      scoreGradients(item, first, count, weights, slopes, row);
      if (pointer(D_QUERY)) {
        const dq = at(headOf(D_QUERY, item, queries, width, depth), first * width);
        gemm(count, depth, keys, slopes, row, 1, key, width, 1, dq, width, false);
      }
      if (pointer(D_KEY)) {
        const dk = headOf(D_KEY, item, room, width, depth);
        gemm(keys, depth, count, slopes, 1, row, at(query, first * width), width, 1, dk, width, adds);
      }
    }
  }
}

// Where this head of this batch element begins in a tensor [batch, length, heads·depth].
function headOf(tensor: i32, item: i32, length: i32, width: i32, depth: i32): usize {
  const heads = integer(HEADS);
  return at(pointer(tensor), (item / heads) * length * width + (item % heads) * depth);
}

// The weights of `count` queries from `first` on.
function weigh(item: i32, first: i32, count: i32, scores: usize, row: i32): void {
  const queries = integer(QUERIES), keys = integer(KEYS), room = integer(ROOM), depth = integer(HEAD_WIDTH), width = depth * integer(HEADS);
  const query = at(headOf(QUERY, item, queries, width, depth), first * width);
  const key = headOf(KEY, item, room, width, depth);
  if (isFew(queries, 1, 1, width)) multiplyFewRows(count, keys, depth, query, width, key, 1, width, scores, row, false);
  else gemm(count, keys, depth, query, width, 1, key, 1, width, scores, row, false);
  for (let i = 0; i < count; i++) softmaxRow(item, first + i, at(scores, i * row), row);
}

function softmaxRow(item: i32, query: i32, scores: usize, row: i32): void {
  const keys = integer(KEYS), heads = integer(HEADS), last = query + keys - integer(QUERIES);
  const slope: f32 = pointer(SLOPES) ? load<f32>(at(pointer(SLOPES), item % heads)) : 0;
  scaleRow(scores, row, float(0), slope, last);
  let visible = keys;
  if (integer(CAUSAL)) visible = max(0, min(keys, last + 1));
  for (let j = visible; j < row; j++) store<f32>(at(scores, j), -Infinity);
  if (pointer(MASK)) hide(item / heads, query, scores, visible);
  const largest = visible > 0 ? maxOfRow(scores, visible) : -Infinity;
  if (largest == -Infinity) {
    const weight: f32 = integer(UNIFORM) ? 1 / (keys as f32) : 0;
    for (let j = 0; j < row; j++) store<f32>(at(scores, j), j < keys ? weight : 0);
    return;
  }
  const part = four(1 / exponentials(scores, scores, row, largest));
  for (let j = 0; j < row; j += 4) v128.store(at(scores, j), times(v128.load(at(scores, j)), part));
}

// score = scale·score - slope·(last - j).
function scaleRow(scores: usize, row: i32, scale: f32, slope: f32, last: i32): void {
  if (slope == 0) {
    for (let j = 0; j < row; j += 4) v128.store(at(scores, j), times(v128.load(at(scores, j)), four(scale)));
  } else {
    for (let j = 0; j < row; j++) store<f32>(at(scores, j), load<f32>(at(scores, j)) * scale - slope * ((last - j) as f32));
  }
}

function hide(batch: i32, query: i32, scores: usize, visible: i32): void {
  const groups = integer(GROUPS), size = integer(KEYS) / groups, bytes = integer(MASK_BYTES);
  let mask = pointer(MASK) + (((batch * integer(QUERIES) + query) * groups * bytes) as usize);
  for (let group = 0; group < groups; group++, mask += bytes as usize) {
    if (bytes == 1 ? load<u8>(mask) != 0 : load<i32>(mask) != 0) continue;
    const end = min((group + 1) * size, visible);
    for (let j = group * size; j < end; j++) store<f32>(at(scores, j), -Infinity);
  }
}

// A row that may attend to nothing has no gradient: its weights do not depend on the scores.
function scoreGradients(item: i32, first: i32, count: i32, weights: usize, slopes: usize, row: i32): void {
  const keys = integer(KEYS);
  for (let i = 0; i < count; i++) {
    const p = at(weights, i * row), ds = at(slopes, i * row);
    for (let j = keys; j < row; j++) store<f32>(at(ds, j), 0);
    const blind = integer(UNIFORM) && seesNothing(item / integer(HEADS), first + i);
    let sums = four(0);
    for (let j = 0; j < row; j += 4) sums = plus(sums, times(v128.load(at(p, j)), v128.load(at(ds, j))));
    const sum = four(sumOf(sums)), scale = four(blind ? 0 : float(0));
    for (let j = 0; j < row; j += 4) {
      v128.store(at(ds, j), times(times(v128.load(at(p, j)), scale), minus(v128.load(at(ds, j)), sum)));
    }
  }
}

function seesNothing(batch: i32, query: i32): bool {
  const keys = integer(KEYS), groups = integer(GROUPS), bytes = integer(MASK_BYTES);
  const visible = integer(CAUSAL) ? max(0, min(keys, query + keys - integer(QUERIES) + 1)) : keys;
  if (visible == 0 || !pointer(MASK)) return visible == 0;
  const mask = pointer(MASK) + (((batch * integer(QUERIES) + query) * groups * bytes) as usize);
  for (let group = 0; group * (keys / groups) < visible; group++) {
    const one = mask + ((group * bytes) as usize);
    if (bytes == 1 ? load<u8>(one) != 0 : load<i32>(one) != 0) return false;
  }
  return true;
}
