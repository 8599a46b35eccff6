// AdamW and the length of the gradients, each over all parameters in one operation.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "operation.h"
#include "team.h"
#include "vectorMath.h"

namespace flamingo {
namespace {

struct Numbers {
  // `rate` and `epsilon` hold the correction of the moments' bias, `keep` is 1 − rate·decay.
  float rate, beta1, beta2, epsilon, keep;
};

FOR_EACH_PROCESSOR void Step(const float* __restrict value, const float* __restrict gradient, const float* __restrict m,
                             const float* __restrict v, float* __restrict newValue, float* __restrict newM,
                             float* __restrict newV, int64_t count, float scale, const Numbers& numbers) {
  const auto [rate, beta1, beta2, epsilon, keep] = numbers;
  for (int64_t i = 0; i < count; i++) {
    const float g = gradient[i] * scale;
    const float first = beta1 * m[i] + (1 - beta1) * g, second = beta2 * v[i] + (1 - beta2) * g * g;
    newM[i] = first;
    newV[i] = second;
    newValue[i] = value[i] * keep - rate * first / (std::sqrt(second) + epsilon);
  }
}

FOR_EACH_PROCESSOR double SumOfSquares(const float* x, int64_t count) { return SumOfProducts(x, x, count); }

constexpr int64_t kPiece = 16384;

// Some neighbouring numbers of one of several tensors.
struct Piece {
  int tensor;
  int64_t first, count;
};

std::vector<Piece> PiecesOf(const std::vector<Input>& tensors) {
  std::vector<Piece> pieces;
  for (size_t at = 0; at < tensors.size(); at++)
    for (int64_t first = 0; first < tensors[at].count(); first += kPiece)
      pieces.push_back({static_cast<int>(at), first, std::min(kPiece, tensors[at].count() - first)});
  return pieces;
}

// Inputs: values, gradients, first and second moments of all parameters, the factor of all gradients, and Numbers for
// each parameter; outputs: new values and moments.
void AdamW(Call& call) {
  const int count = (call.inputs() - 2) / 4;
  std::vector<Input> inputs;
  for (int at = 0; at < call.inputs(); at++) inputs.push_back(call.input(at));
  if (!call.ok()) return;
  std::vector<float*> outputs;
  for (int kind = 0; kind < 3; kind++)
    for (int at = 0; at < count; at++)
      outputs.push_back(call.Output(kind * count + at, inputs[(kind == 0 ? 0 : kind + 1) * count + at].shape()));
  if (!call.ok()) return;
  const float scale = inputs[4 * count].floats()[0];
  const float* numbers = inputs[4 * count + 1].floats();
  const auto pieces = PiecesOf({inputs.begin(), inputs.begin() + count});
  Team::Get().Share(pieces.size(), 8. * kPiece * pieces.size(), [&](int64_t part, int) {
    const auto [at, first, size] = pieces[part];
    const float* from[4];
    float* to[3];
    for (int kind = 0; kind < 4; kind++) from[kind] = inputs[kind * count + at].floats() + first;
    for (int kind = 0; kind < 3; kind++) to[kind] = outputs[kind * count + at] + first;
    if (scale == 0) {  // the step is skipped: its gradients may be no numbers
      for (int kind = 0; kind < 3; kind++) std::memcpy(to[kind], from[kind == 0 ? 0 : kind + 1], size * sizeof(float));
      return;
    }
    const float* n = numbers + 5 * at;
    Step(from[0], from[1], from[2], from[3], to[0], to[1], to[2], size, scale, {n[0], n[1], n[2], n[3], n[4]});
  });
}

// √(Σ x²) over all tensors.
void GlobalNorm(Call& call) {
  std::vector<Input> inputs;
  for (int at = 0; at < call.inputs(); at++) inputs.push_back(call.input(at));
  if (!call.ok()) return;
  float* norm = call.Output(0, {});
  if (!call.ok()) return;
  const auto pieces = PiecesOf(inputs);
  std::vector<double> sums(pieces.size());
  Team::Get().Share(pieces.size(), 1. * kPiece * pieces.size(), [&](int64_t part, int) {
    const auto [at, first, size] = pieces[part];
    sums[part] = SumOfSquares(inputs[at].floats() + first, size);
  });
  double sum = 0;
  for (double part : sums) sum += part;
  *norm = std::sqrt(sum);
}

const bool registered[] = {
    Register<AdamW>(
        "FlamingoAdamW",
        {"values: N * float", "gradients: N * float", "m: N * float", "v: N * float", "scale: float", "numbers: float"},
        {"new_values: N * float", "new_m: N * float", "new_v: N * float"}, {"N: int >= 1"}),
    Register<GlobalNorm>("FlamingoGlobalNorm", {"x: N * float"}, {"norm: float"}, {"N: int >= 1"}),
};

}  // namespace
}  // namespace flamingo
