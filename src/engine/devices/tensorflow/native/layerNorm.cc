// LayerNorm and RMSNorm over the last axis, and their gradient.

#include <algorithm>
#include <vector>

#include "operation.h"
#include "team.h"
#include "vectorMath.h"

namespace flamingo {
namespace {

struct Row {
  // 0 where rows are not centred.
  float mean;
  // 1/√(variance + ε)
  float factor;
};

ALWAYS_INLINE Row Measure(const float* x, int64_t width, float epsilon, bool centred) {
  const int64_t whole = width / kLanes * kLanes;
  float mean = 0;
  if (centred) {
    Lanes sums = {};
    for (int64_t j = 0; j < whole; j += kLanes) sums += At(x + j);
    mean = SumOf(sums);
    for (int64_t j = whole; j < width; j++) mean += x[j];
    mean /= width;
  }
  Lanes squares = {};
  for (int64_t j = 0; j < whole; j += kLanes) squares += (At(x + j) - mean) * (At(x + j) - mean);
  float sum = SumOf(squares);
  for (int64_t j = whole; j < width; j++) sum += (x[j] - mean) * (x[j] - mean);
  return {mean, 1 / std::sqrt(sum / width + epsilon)};
}

// y = (x − mean)·factor·weight + bias, row by row; weight and bias may be absent.
FOR_EACH_PROCESSOR void Normalise(const float* __restrict x, const float* __restrict weight,
                                  const float* __restrict bias, float* __restrict y, int64_t rows, int64_t width,
                                  float epsilon, bool centred) {
  for (int64_t i = 0; i < rows; i++, x += width, y += width) {
    const Row row = Measure(x, width, epsilon, centred);
    if (weight && bias)
      for (int64_t j = 0; j < width; j++) y[j] = (x[j] - row.mean) * row.factor * weight[j] + bias[j];
    else if (weight)
      for (int64_t j = 0; j < width; j++) y[j] = (x[j] - row.mean) * row.factor * weight[j];
    else
      for (int64_t j = 0; j < width; j++) y[j] = (x[j] - row.mean) * row.factor + (bias ? bias[j] : 0);
  }
}

// With n the normalised row and d = dy·weight: dx = factor·(d − mean(d) − n·mean(d·n)); dWeight += Σ dy·n, dBias += Σ
// dy.
FOR_EACH_PROCESSOR void Gradient(const float* __restrict x, const float* __restrict weight, const float* __restrict dy,
                                 float* __restrict dx, float* __restrict dWeight, float* __restrict dBias, int64_t rows,
                                 int64_t width, float epsilon, bool centred) {
  const int64_t whole = width / kLanes * kLanes;
  for (int64_t i = 0; i < rows; i++, x += width, dy += width, dx += width) {
    const Row row = Measure(x, width, epsilon, centred);
    Lanes slopes = {}, products = {};
    for (int64_t j = 0; j < whole; j += kLanes) {
      const Lanes d = At(dy + j) * At(weight + j);
      slopes += d;
      products += d * (At(x + j) - row.mean);
    }
    float slope = SumOf(slopes), product = SumOf(products);
    for (int64_t j = whole; j < width; j++) {
      slope += dy[j] * weight[j];
      product += dy[j] * weight[j] * (x[j] - row.mean);
    }
    slope = centred ? slope / width : 0;
    product = product / width * row.factor;
    for (int64_t j = 0; j < width; j++) {
      const float n = (x[j] - row.mean) * row.factor;
      dx[j] = row.factor * (dy[j] * weight[j] - slope - n * product);
      dWeight[j] += dy[j] * n;
      dBias[j] += dy[j];
    }
  }
}

// `numbers` are ε and whether rows are centred.
void LayerNorm(Call& call) {
  const Input x = call.input(0), weight = call.input(1), bias = call.input(2), numbers = call.input(3);
  if (!call.ok()) return;
  float* y = call.Output(0, x.shape());
  if (!call.ok()) return;
  constexpr int64_t kRows = 16;
  const int64_t rows = x.rows(), width = x.width();
  const float* n = numbers.floats();
  Team::Get().Share((rows + kRows - 1) / kRows, 4. * rows * width, [&](int64_t part, int) {
    const int64_t first = part * kRows, at = first * width;
    Normalise(x.floats() + at, weight.floats(), bias.floats(), y + at, std::min(kRows, rows - first), width, n[0],
              n[1] != 0);
  });
}

void LayerNormGradient(Call& call) {
  const Input x = call.input(0), weight = call.input(1), dy = call.input(2), numbers = call.input(3);
  if (!call.ok()) return;
  const int64_t rows = x.rows(), width = x.width();
  float *dx = call.Output(0, x.shape()), *dWeight = call.Output(1, {width}), *dBias = call.Output(2, {width});
  if (!call.ok()) return;
  const std::vector<float> ones(weight.count() > 0 ? 0 : width, 1.f);
  const float* factors = weight.count() > 0 ? weight.floats() : ones.data();
  const float* n = numbers.floats();
  // Sums of so many parts of the rows, whatever the number of threads, or it would be seen in their bits.
  const int64_t parts = std::clamp<int64_t>(rows / 16, 1, 32), size = (rows + parts - 1) / parts;
  std::vector<float> sums(2 * parts * width);
  Team::Get().Share(parts, 8. * rows * width, [&](int64_t part, int) {
    const int64_t first = std::min(rows, part * size), at = first * width;
    float* mine = sums.data() + 2 * part * width;
    Gradient(x.floats() + at, factors, dy.floats() + at, dx + at, mine, mine + width, std::min(size, rows - first),
             width, n[0], n[1] != 0);
  });
  std::copy_n(sums.data(), width, dWeight);
  std::copy_n(sums.data() + width, width, dBias);
  for (int64_t part = 1; part < parts; part++)
    for (int64_t j = 0; j < width; j++) {
      dWeight[j] += sums[2 * part * width + j];
      dBias[j] += sums[(2 * part + 1) * width + j];
    }
}

const bool registered[] = {
    Register<LayerNorm>("FlamingoLayerNorm", {"x: float", "weight: float", "bias: float", "numbers: float"},
                        {"y: float"}),
    Register<LayerNormGradient>("FlamingoLayerNormGradient",
                                {"x: float", "weight: float", "dy: float", "numbers: float"},
                                {"dx: float", "dweight: float", "dbias: float"}),
};

}  // namespace
}  // namespace flamingo
