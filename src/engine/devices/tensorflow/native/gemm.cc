// Both matrices are first copied into the order in which they are read: b into panels that are as many columns wide as
// some vectors of the processor, a into tiles of so many rows that a tile of c fits its registers. See Goto and van de
// Geijn 2008, "Anatomy of high-performance matrix multiplication".

// Products and sums are fused here, where the processor can; elsewhere equal formulas shall have equal bits.
#if defined(__clang__)
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#include "gemm.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "processor.h"
#include "team.h"

namespace flamingo {
namespace {

// So much of k is multiplied at a time: a panel of b of this depth fits the first cache. And so many columns and tiles
// are copied at a time: they stay in the second.
constexpr int64_t kDepth = 256, kMostColumns = 2048, kTilesAtATime = 16;

// Rows of a tile lie a bit further apart than their length, or with some lengths all of them fall on the same lines of
// the cache.
constexpr int64_t kRowStep = kDepth + 16;

// What is multiplied at a time, with a and b copied.
struct Block {
  int64_t rows, columns, depth;
  Matrix a, b;
  float *packedA, *packedB, *c;
  int64_t step;
  const float* bias;
  bool adds;
};

int64_t Ceil(int64_t count, int64_t size) { return (count + size - 1) / size; }

// The kernel for vectors of `Size` numbers: a tile of c is `Rows` rows of `Vectors` vectors.
template <int Size, int Vectors, int Rows>
struct Kernel {
  static constexpr int kColumns = Size * Vectors;
  using Vector = typename VectorOf<Size>::Numbers;

  // A tile of a: row after row where a's rows lie in memory, else column after column.
  ALWAYS_INLINE void PackTile(const Block& block, int64_t tile, int64_t place) {
    const Matrix& a = block.a;
    const int64_t first = tile * Rows, rows = std::min<int64_t>(Rows, block.rows - first);
    const float* from = a.data + first * a.down;
    float* to = block.packedA + place * Rows * kRowStep;
    if (a.across == 1) {
      for (int64_t i = 0; i < rows; i++) std::memcpy(to + i * kRowStep, from + i * a.down, block.depth * sizeof(float));
    } else if (rows == Rows) {
      for (int64_t p = 0; p < block.depth; p++, from += a.across, to += Rows)
        std::memcpy(to, from, Rows * sizeof(float));
    } else {
      for (int64_t p = 0; p < block.depth; p++, from += a.across, to += Rows)
        for (int64_t i = 0; i < rows; i++) to[i] = from[i];
    }
  }

  // A panel of b, row after row, with zeros where b has fewer columns.
  ALWAYS_INLINE void PackPanel(const Block& block, int64_t panel) {
    const Matrix& b = block.b;
    const int64_t first = panel * kColumns, columns = std::min<int64_t>(kColumns, block.columns - first);
    const float* from = b.data + first * b.across;
    float* to = block.packedB + panel * kColumns * kDepth;
    if (columns < kColumns) std::memset(to, 0, kColumns * block.depth * sizeof(float));
    if (b.across == 1) {
      if (columns == kColumns)
        for (int64_t p = 0; p < block.depth; p++, from += b.down, to += kColumns)
          std::memcpy(to, from, kColumns * sizeof(float));
      else
        for (int64_t p = 0; p < block.depth; p++, from += b.down, to += kColumns)
          for (int64_t j = 0; j < columns; j++) to[j] = from[j];
      return;
    }
    int64_t j = 0;
    for (; j + Size <= columns; j += Size) {
      int64_t p = 0;
      for (; p + Size <= block.depth; p += Size) Transpose(from + j * b.across + p, b.across, to + p * kColumns + j);
      for (; p < block.depth; p++)
        for (int64_t at = j; at < j + Size; at++) to[p * kColumns + at] = from[at * b.across + p];
    }
    for (; j < columns; j++)
      for (int64_t p = 0; p < block.depth; p++) to[p * kColumns + j] = from[j * b.across + p];
  }

  // A square of Size by Size numbers: whoever interleaves the rows of the upper half with those of the lower, log2 of
  // Size times, has it.
  ALWAYS_INLINE void Transpose(const float* from, int64_t step, float* to) {
    Vector rows[Size], next[Size];
    for (int i = 0; i < Size; i++) rows[i] = Load<Size>(from + i * step);
    for (int times = 1; times < Size; times *= 2) {
      for (int i = 0; i < Size / 2; i++)
        Interleave(rows[i], rows[i + Size / 2], next[2 * i], next[2 * i + 1], std::make_integer_sequence<int, Size>());
      for (int i = 0; i < Size; i++) rows[i] = next[i];
    }
    for (int i = 0; i < Size; i++) Store<Size>(to + i * kColumns, rows[i]);
  }

  // The lower halves of two vectors, number by number in turn, and the upper halves.
  template <int... at>
  ALWAYS_INLINE void Interleave(const Vector& a, const Vector& b, Vector& lower, Vector& upper,
                                std::integer_sequence<int, at...>) {
    lower = Shuffle<Size>(a, b, std::integer_sequence<int, at / 2 + at % 2 * Size...>());
    upper = Shuffle<Size>(a, b, std::integer_sequence<int, Size / 2 + at / 2 + at % 2 * Size...>());
  }

  // One tile of c. `InRows` is how the tile of a was copied.
  template <int Count, bool InRows>
  ALWAYS_INLINE void MultiplyTile(const Block& block, int64_t tile, int64_t place, int64_t panel) {
    const float* a = block.packedA + place * Rows * kRowStep;
    const float* b = block.packedB + panel * kColumns * kDepth;
    Vector sums[Count][Vectors] = {};
    for (int64_t p = 0; p < block.depth; p++, b += kColumns) {
      Vector right[Vectors];
      for (int v = 0; v < Vectors; v++) right[v] = Load<Size>(b + v * Size);
      for (int i = 0; i < Count; i++) {
        const float left = InRows ? a[i * kRowStep + p] : a[p * Rows + i];
        for (int v = 0; v < Vectors; v++) sums[i][v] += left * right[v];
      }
    }
    const int64_t first = panel * kColumns, columns = block.columns - first;
    float* c = block.c + tile * Rows * block.step + first;
    const float* bias = block.bias ? block.bias + first : nullptr;
    if (columns >= kColumns) {
#pragma GCC unroll 16
      for (int i = 0; i < Count; i++, c += block.step)
        for (int v = 0; v < Vectors; v++) {
          float* to = c + v * Size;
          if (block.adds) Store<Size>(to, Load<Size>(to) + sums[i][v]);
          else if (bias) Store<Size>(to, Load<Size>(bias + v * Size) + sums[i][v]);
          else Store<Size>(to, sums[i][v]);
        }
      return;
    }
    for (int i = 0; i < Count; i++, c += block.step) {
      float row[kColumns];
      std::memcpy(row, sums[i], sizeof(row));
      for (int64_t j = 0; j < columns; j++) c[j] = row[j] + (block.adds ? c[j] : bias ? bias[j] : 0);
    }
  }

  template <int Count, bool InRows>
  ALWAYS_INLINE void MultiplyTileOf(int64_t rows, const Block& block, int64_t tile, int64_t place, int64_t panel) {
    if (rows == Count) MultiplyTile<Count, InRows>(block, tile, place, panel);
    else if constexpr (Count > 1) MultiplyTileOf<Count - 1, InRows>(rows, block, tile, place, panel);
  }

  ALWAYS_INLINE void PackPanels(const Block& block) {
    for (int64_t panel = 0; panel < Ceil(block.columns, kColumns); panel++) PackPanel(block, panel);
  }

  // Some tiles at a time, so that they stay in the second cache, by each panel, which stays in the first.
  ALWAYS_INLINE void Multiply(const Block& block) {
    const int64_t tiles = Ceil(block.rows, Rows), panels = Ceil(block.columns, kColumns);
    for (int64_t first = 0; first < tiles; first += kTilesAtATime) {
      const int64_t end = std::min(tiles, first + kTilesAtATime);
      for (int64_t i = first; i < end; i++) PackTile(block, i, i - first);
      for (int64_t j = 0; j < panels; j++)
        for (int64_t i = first; i < end; i++) {
          const int64_t rows = std::min<int64_t>(Rows, block.rows - i * Rows);
          if (block.a.across == 1) MultiplyTileOf<Rows, true>(rows, block, i, i - first, j);
          else MultiplyTileOf<Rows, false>(rows, block, i, i - first, j);
        }
    }
  }
};

// The kernel of this processor.
struct Chosen {
  int64_t rows, columns;
  void (*packPanels)(const Block&);
  void (*multiply)(const Block&);
};

#define KERNEL(name, target, lanes, vectors, rows)                                      \
  using Kernel##name = Kernel<lanes, vectors, rows>;                                    \
  target void PackPanels##name(const Block& block) { Kernel##name::PackPanels(block); } \
  target void Multiply##name(const Block& block) { Kernel##name::Multiply(block); }     \
  constexpr Chosen k##name{rows, lanes * vectors, PackPanels##name, Multiply##name};

KERNEL(Any, , 4, 2, 6)
#if defined(__x86_64__)
KERNEL(256, WITH_256_BITS, 8, 2, 6)
KERNEL(512, WITH_512_BITS, 16, 2, 14)
#endif

Chosen Choose() {
#if defined(__x86_64__)
  if (ThisProcessor() == Processor::k512Bits) return k512;
  if (ThisProcessor() == Processor::k256Bits) return k256;
#endif
  return kAny;
}

const Chosen kernel = Choose();

// Room for the copies, which a thread keeps. It begins with a line of the cache, as vectors do then.
float* Room(size_t numbers) {
  thread_local std::vector<float> room;
  constexpr size_t kLine = 64;
  if (room.size() < numbers + kLine / sizeof(float)) room = std::vector<float>(numbers + kLine / sizeof(float));
  const auto place = reinterpret_cast<uintptr_t>(room.data());
  return reinterpret_cast<float*>((place + kLine - 1) / kLine * kLine);
}

}  // namespace

void MultiplyAlone(const Product& product) {
  const int64_t mostPanels = Ceil(std::min(product.n, kMostColumns), kernel.columns);
  const int64_t roomA = kTilesAtATime * kernel.rows * kRowStep;
  Block block{};
  block.packedA = Room(roomA + mostPanels * kernel.columns * kDepth);
  block.packedB = block.packedA + roomA;
  block.step = product.step;
  block.rows = product.m;
  const Matrix &a = product.a, &b = product.b;
  for (int64_t column = 0; column < product.n; column += kMostColumns) {
    block.columns = std::min(kMostColumns, product.n - column);
    for (int64_t depth = 0; depth == 0 || depth < product.k; depth += kDepth) {
      block.depth = std::min(kDepth, product.k - depth);
      block.b = {b.data + depth * b.down + column * b.across, b.down, b.across};
      block.bias = product.bias ? product.bias + column : nullptr;
      block.adds = product.adds || depth > 0;
      kernel.packPanels(block);
      block.a = {a.data + depth * a.across, a.down, a.across};
      block.c = product.c + column;
      kernel.multiply(block);
    }
  }
}

// Each thread gets a part of c and copies what it needs itself: what another has copied comes slowly from its cache.
void Multiply(const Product& product) {
  Team& team = Team::Get();
  const int64_t members = team.size();
  int64_t down = 1;
  // The fewest rows of a and columns of b for each.
  for (int64_t rows = 1; rows <= members; rows++)
    if (members % rows == 0 &&
        product.m / rows + product.n * rows / members < product.m / down + product.n * down / members)
      down = rows;
  const int64_t across = members / down;
  const int64_t rows = Ceil(Ceil(product.m, kernel.rows), down) * kernel.rows;
  const int64_t columns = Ceil(Ceil(product.n, kernel.columns), across) * kernel.columns;
  const double cost = static_cast<double>(product.m) * product.n * product.k;
  team.Share(members, cost, [&](int64_t part, int) {
    const int64_t row = part / across * rows, column = part % across * columns;
    if (row >= product.m || column >= product.n) return;
    Product mine = product;
    mine.m = std::min(rows, product.m - row);
    mine.n = std::min(columns, product.n - column);
    mine.a.data += row * product.a.down;
    mine.b.data += column * product.b.across;
    mine.c += row * product.step + column;
    if (mine.bias) mine.bias += column;
    MultiplyAlone(mine);
  });
}

}  // namespace flamingo
