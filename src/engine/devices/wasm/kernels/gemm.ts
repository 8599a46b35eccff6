// The matrix product c (+)= a·b, after Goto and van de Geijn: both operands are packed into panels that the caches hold, so
// that transposed operands cost nothing more, and a register tile runs over them that fills the 15 vector registers that V8
// has to give: 6 x 8 where multiply-add is fused (12 sums, 2 of b, 1 of a), else 5 x 8 (10 sums, 2 of b, 1 of a, 1 product).
// Larger tiles spill, unrolling makes V8 spill too.

import { at, ownScratch } from "./control";
import { plusProduct } from "./math";

export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;
export const NR: i32 = 8;
const KC: i32 = 512;
const MC: i32 = 16 * MR;
const NC: i32 = 256;

// Scratch of one thread, in bytes: a's panels, b's panels, one tile.
const PANELS_B: usize = (MC * KC * 4) as usize;
const TILE: usize = PANELS_B + ((KC * NC * 4) as usize);
export const GEMM_SCRATCH: usize = TILE + 256;

// a(i, k) lies at a + i·aRow + k·aCol (in elements), b(k, j) at b + k·bRow + j·bCol, c(i, j) at c + i·cRow + j.
export function gemm(
  m: i32, n: i32, k: i32,
  a: usize, aRow: i32, aCol: i32,
  b: usize, bRow: i32, bCol: i32,
  c: usize, cRow: i32, accumulate: bool,
): void {
  const panelsA = ownScratch();
  const panelsB = ownScratch() + PANELS_B;
  const tile = ownScratch() + TILE;
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(at(c, i * cRow), 0, (n as usize) << 2);
  }
  for (let p = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    const adds = accumulate || p > 0;
    for (let j = 0; j < n; j += NC) {
      const columns = min(NC, n - j);
      packB(panelsB, at(b, p * bRow + j * bCol), bRow, bCol, depth, columns);
      for (let i = 0; i < m; i += MC) {
        const rows = min(MC, m - i);
        packA(panelsA, at(a, i * aRow + p * aCol), aRow, aCol, rows, depth);
        multiplyPanels(panelsA, panelsB, rows, columns, depth, at(c, i * cRow + j), cRow, adds, tile);
      }
    }
  }
}

function multiplyPanels(
  panelsA: usize, panelsB: usize, rows: i32, columns: i32, depth: i32, c: usize, cRow: i32, adds: bool, tile: usize,
): void {
  const stepA = (MR * depth) as usize << 2;
  const stepB = (NR * depth) as usize << 2;
  let panelB = panelsB;
  for (let j = 0; j < columns; j += NR) {
    let panelA = panelsA;
    const width = min(NR, columns - j);
    for (let i = 0; i < rows; i += MR) {
      const height = min(MR, rows - i);
      const target = at(c, i * cRow + j);
      if (height == MR && width == NR) {
        multiplyTile(panelA, panelB, depth, target, (cRow as usize) << 2, adds);
      } else {
        multiplyTile(panelA, panelB, depth, tile, (NR as usize) << 2, false);
        copyTile(tile, height, width, target, cRow, adds);
      }
      panelA += stepA;
    }
    panelB += stepB;
  }
}

function copyTile(tile: usize, height: i32, width: i32, c: usize, cRow: i32, adds: bool): void {
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const from = at(tile, i * NR + j);
      const to = at(c, i * cRow + j);
      store<f32>(to, adds ? load<f32>(to) + load<f32>(from) : load<f32>(from));
    }
  }
}

function multiplyTile(a: usize, b: usize, depth: i32, c: usize, row: usize, adds: bool): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0), c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0), c40 = f32x4.splat(0), c41 = f32x4.splat(0);
  let c50 = f32x4.splat(0), c51 = f32x4.splat(0);
  const end = a + ((MR * depth) as usize << 2);
  while (a < end) {
    const b0 = v128.load(b, 0);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a, 0);
    c00 = plusProduct(c00, x, b0);
    c01 = plusProduct(c01, x, b1);
    x = v128.load_splat<f32>(a, 4);
    c10 = plusProduct(c10, x, b0);
    c11 = plusProduct(c11, x, b1);
    x = v128.load_splat<f32>(a, 8);
    c20 = plusProduct(c20, x, b0);
    c21 = plusProduct(c21, x, b1);
    x = v128.load_splat<f32>(a, 12);
    c30 = plusProduct(c30, x, b0);
    c31 = plusProduct(c31, x, b1);
    x = v128.load_splat<f32>(a, 16);
    c40 = plusProduct(c40, x, b0);
    c41 = plusProduct(c41, x, b1);
    if (MR == 6) {
      x = v128.load_splat<f32>(a, 20);
      c50 = plusProduct(c50, x, b0);
      c51 = plusProduct(c51, x, b1);
    }
    a += 4 * MR;
    b += 32;
  }
  storeRow(c, c00, c01, adds);
  storeRow(c + row, c10, c11, adds);
  storeRow(c + 2 * row, c20, c21, adds);
  storeRow(c + 3 * row, c30, c31, adds);
  storeRow(c + 4 * row, c40, c41, adds);
  if (MR == 6) storeRow(c + 5 * row, c50, c51, adds);
}

// @ts-ignore: decorator
@inline function storeRow(c: usize, x: v128, y: v128, adds: bool): void {
  if (adds) {
    v128.store(c, f32x4.add(v128.load(c), x), 0);
    v128.store(c, f32x4.add(v128.load(c, 16), y), 16);
  } else {
    v128.store(c, x, 0);
    v128.store(c, y, 16);
  }
}

// Panels of MR rows, each in the order (k, row); missing rows are zero.
function packA(to: usize, a: usize, aRow: i32, aCol: i32, rows: i32, depth: i32): void {
  for (let i = 0; i < rows; i += MR) {
    const from = at(a, i * aRow);
    if (i + MR > rows) packEdge(to, from, aRow, aCol, rows - i, MR, depth);
    else if (aRow == 1) packColumnsA(to, from, aCol, depth);
    else packRowsA(to, from, aRow, aCol, depth);
    to += (MR * depth) as usize << 2;
  }
}

function packRowsA(to: usize, a: usize, aRow: i32, aCol: i32, depth: i32): void {
  const row = (aRow as usize) << 2;
  const step = (aCol as usize) << 2;
  let a1 = a + row, a2 = a1 + row, a3 = a2 + row, a4 = a3 + row, a5 = a4 + row;
  for (let k = 0; k < depth; k++) {
    store<f32>(to, load<f32>(a), 0);
    store<f32>(to, load<f32>(a1), 4);
    store<f32>(to, load<f32>(a2), 8);
    store<f32>(to, load<f32>(a3), 12);
    store<f32>(to, load<f32>(a4), 16);
    if (MR == 6) store<f32>(to, load<f32>(a5), 20);
    a += step; a1 += step; a2 += step; a3 += step; a4 += step; a5 += step;
    to += 4 * MR;
  }
}

function packColumnsA(to: usize, a: usize, aCol: i32, depth: i32): void {
  const step = (aCol as usize) << 2;
  for (let k = 0; k < depth; k++) {
    v128.store(to, v128.load(a), 0);
    store<f32>(to, load<f32>(a, 16), 16);
    if (MR == 6) store<f32>(to, load<f32>(a, 20), 20);
    a += step;
    to += 4 * MR;
  }
}

// Panels of NR columns, each in the order (k, column); missing columns are zero.
function packB(to: usize, b: usize, bRow: i32, bCol: i32, depth: i32, columns: i32): void {
  for (let j = 0; j < columns; j += NR) {
    const from = at(b, j * bCol);
    if (j + NR > columns) packEdge(to, from, bCol, bRow, columns - j, NR, depth);
    else if (bCol == 1) packRowsB(to, from, bRow, depth);
    else if (bRow == 1) packColumnsB(to, from, bCol, depth);
    else packEdge(to, from, bCol, bRow, NR, NR, depth);
    to += (NR * depth) as usize << 2;
  }
}

function packRowsB(to: usize, b: usize, bRow: i32, depth: i32): void {
  const step = (bRow as usize) << 2;
  for (let k = 0; k < depth; k++) {
    v128.store(to, v128.load(b), 0);
    v128.store(to, v128.load(b, 16), 16);
    b += step;
    to += 32;
  }
}

function packColumnsB(to: usize, b: usize, bCol: i32, depth: i32): void {
  const row = (bCol as usize) << 2;
  const lower = b + 4 * row;
  const whole = depth & ~3;
  for (let k = 0; k < whole; k += 4) {
    const offset = (k as usize) << 2;
    transposeFour(to, b + offset, row);
    transposeFour(to + 16, lower + offset, row);
    to += 128;
  }
  if (whole < depth) packEdge(to, at(b, whole), bCol, 1, NR, NR, depth - whole);
}

// Four columns of four, to rows that lie 32 bytes apart.
// @ts-ignore: decorator
@inline function transposeFour(to: usize, b: usize, row: usize): void {
  const r0 = v128.load(b), r1 = v128.load(b + row), r2 = v128.load(b + 2 * row), r3 = v128.load(b + 3 * row);
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5), high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2), 0);
  v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), 32);
  v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), 64);
  v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), 96);
}

// Any strides, fewer lines than the panel is wide: `lines` of `width`, the rest zero.
function packEdge(to: usize, from: usize, line: i32, step: i32, lines: i32, width: i32, depth: i32): void {
  for (let k = 0; k < depth; k++) {
    for (let i = 0; i < width; i++) {
      store<f32>(to, i < lines ? load<f32>(at(from, i * line + k * step)) : 0);
      to += 4;
    }
  }
}
