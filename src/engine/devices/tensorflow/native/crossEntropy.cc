// Softmax cross-entropy over the last axis; targets of one number are left out.

#include <cmath>
#include <cstring>
#include <vector>

#include "operation.h"
#include "team.h"
#include "vectorMath.h"

namespace flamingo {
namespace {

// −log of the share that the softmax gives the target. `scratch` has room for a row.
FOR_EACH_PROCESSOR double Loss(const float* logits, int32_t target, int64_t width, float* scratch) {
  const float largest = Largest(logits, width);
  const double sum = Exponentials(logits, scratch, width, largest);
  return std::log(sum) + (static_cast<double>(largest) - logits[target]);
}

// (softmax − one-hot)·factor
FOR_EACH_PROCESSOR void Gradient(const float* logits, int32_t target, int64_t width, float factor, float* to) {
  const float part = factor / Exponentials(logits, to, width, Largest(logits, width));
  for (int64_t j = 0; j < width; j++) to[j] *= part;
  to[target] -= factor;
}

// The mean loss of the targets that count, and their number.
void CrossEntropy(Call& call) {
  const Input logits = call.input(0), targets = call.input(1), ignored = call.input(2);
  if (!call.ok()) return;
  float *mean = call.Output(0, {}), *count = call.Output(1, {});
  if (!call.ok()) return;
  const int64_t rows = targets.count(), width = logits.width();
  const int32_t ignore = ignored.integers()[0];
  Team& team = Team::Get();
  std::vector<double> losses(rows);
  std::vector<float> scratch(team.size() * width);
  team.Share(rows, 12. * rows * width, [&](int64_t row, int member) {
    const int32_t target = targets.integers()[row];
    if (target != ignore)
      losses[row] = Loss(logits.floats() + row * width, target, width, scratch.data() + member * width);
  });
  double sum = 0, counted = 0;
  for (int64_t row = 0; row < rows; row++) {
    sum += losses[row];
    counted += targets.integers()[row] != ignore;
  }
  *count = counted;
  *mean = sum / (counted > 1 ? counted : 1);
}

void CrossEntropyGradient(Call& call) {
  const Input logits = call.input(0), targets = call.input(1), ignored = call.input(2), count = call.input(3);
  const Input dy = call.input(4);
  if (!call.ok()) return;
  float* gradient = call.Output(0, logits.shape());
  if (!call.ok()) return;
  const int64_t rows = targets.count(), width = logits.width();
  const int32_t ignore = ignored.integers()[0];
  const float counted = count.floats()[0], factor = dy.floats()[0] / (counted > 1 ? counted : 1);
  Team::Get().Share(rows, 12. * rows * width, [&](int64_t row, int) {
    const int32_t target = targets.integers()[row];
    float* to = gradient + row * width;
    if (target == ignore) std::memset(to, 0, width * sizeof(float));
    else Gradient(logits.floats() + row * width, target, width, factor, to);
  });
}

const bool registered[] = {
    Register<CrossEntropy>("FlamingoCrossEntropy", {"logits: float", "targets: int32", "ignored: int32"},
                           {"loss: float", "count: float"}),
    Register<CrossEntropyGradient>("FlamingoCrossEntropyGradient",
                                   {"logits: float", "targets: int32", "ignored: int32", "count: float", "dy: float"},
                                   {"dlogits: float"}),
};

}  // namespace
}  // namespace flamingo
