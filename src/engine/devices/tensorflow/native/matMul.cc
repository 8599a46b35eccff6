// Matrix products with a bias, and sums over rows, which are the bias' gradient.

#include <algorithm>
#include <vector>

#include "gemm.h"
#include "operation.h"
#include "team.h"
#include "vectorMath.h"

namespace flamingo {
namespace {

// `sizes` are batch, m, n, k, whether a and b are transposed, and the shape of the result.
void MatMul(Call& call) {
  const Input a = call.input(0), b = call.input(1), bias = call.input(2), sizes = call.input(3);
  if (!call.ok()) return;
  const int32_t* s = sizes.integers();
  const int64_t batch = s[0], m = s[1], n = s[2], k = s[3];
  float* c = call.Output(0, std::vector<int64_t>(s + 6, s + sizes.count()));
  if (!call.ok()) return;
  const auto product = [&](int64_t at) {
    Product one{m, n, k};
    one.a = {a.floats() + at * m * k, s[4] ? 1 : k, s[4] ? m : 1};
    one.b = {b.floats() + at * k * n, s[5] ? 1 : n, s[5] ? k : 1};
    one.c = c + at * m * n;
    one.step = n;
    one.bias = bias.floats();
    return one;
  };
  if (batch == 1) Multiply(product(0));
  else Team::Get().Share(batch, 1. * batch * m * n * k, [&](int64_t at, int) { MultiplyAlone(product(at)); });
}

FOR_EACH_PROCESSOR void AddRows(const float* x, float* sums, int64_t rows, int64_t width, int64_t columns) {
  for (int64_t i = 0; i < rows; i++, x += width)
    for (int64_t j = 0; j < columns; j++) sums[j] += x[j];
}

// Over all axes but the last, whose sizes are `shape`.
void SumRows(Call& call) {
  const Input x = call.input(0), shape = call.input(1);
  if (!call.ok()) return;
  const int32_t* s = shape.integers();
  float* sums = call.Output(0, std::vector<int64_t>(s, s + shape.count()));
  if (!call.ok()) return;
  int64_t width = 1;
  for (int64_t axis = 0; axis < shape.count(); axis++) width *= s[axis];
  const int64_t rows = width == 0 ? 0 : x.count() / width;
  constexpr int64_t kColumns = 64;
  Team::Get().Share((width + kColumns - 1) / kColumns, 1. * rows * width, [&](int64_t part, int) {
    const int64_t first = part * kColumns, columns = std::min(kColumns, width - first);
    std::fill_n(sums + first, columns, 0.f);
    AddRows(x.floats() + first, sums + first, rows, width, columns);
  });
}

const bool registered[] = {
    Register<MatMul>("FlamingoMatMul", {"a: float", "b: float", "bias: float", "sizes: int32"}, {"c: float"}),
    Register<SumRows>("FlamingoSumRows", {"x: float", "shape: int32"}, {"sums: float"}),
};

}  // namespace
}  // namespace flamingo
