// Axes in another order.

#include <vector>

#include "operation.h"
#include "team.h"

namespace flamingo {
namespace {

// Inputs: x and, for each axis of the result, which of x it is.
void Transpose(Call& call) {
  const Input x = call.input(0), order = call.input(1);
  if (!call.ok()) return;
  const int64_t rank = order.count();
  const std::vector<int64_t> from = x.shape();
  std::vector<int64_t> steps(rank, 1), shape, along;
  for (int64_t axis = rank - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1] * from[axis + 1];
  for (int64_t axis = 0; axis < rank; axis++) {
    shape.push_back(from[order.integers()[axis]]);
    along.push_back(steps[order.integers()[axis]]);
  }
  float* y = call.Output(0, shape);
  if (!call.ok() || x.count() == 0) return;
  const int64_t last = rank > 0 ? shape.back() : 1, step = rank > 0 ? along.back() : 1;
  const int64_t rows = x.count() / last;
  constexpr int64_t kRows = 64;
  Team::Get().Share((rows + kRows - 1) / kRows, x.count(), [&](int64_t part, int) {
    for (int64_t row = part * kRows; row < rows && row < (part + 1) * kRows; row++) {
      int64_t place = 0, rest = row;
      for (int64_t axis = rank - 2; axis >= 0; axis--) {
        place += rest % shape[axis] * along[axis];
        rest /= shape[axis];
      }
      const float* source = x.floats() + place;
      float* target = y + row * last;
      for (int64_t j = 0; j < last; j++) target[j] = source[j * step];
    }
  });
}

const bool registered[] = {
    Register<Transpose>("FlamingoTranspose", {"x: float", "order: int32"}, {"y: float"}),
};

}  // namespace
}  // namespace flamingo
