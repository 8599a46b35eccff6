// Sums and products, element by element, and the residual sum through a tanh gate.

#include <cmath>
#include <vector>

#include "operation.h"
#include "pieces.h"
#include "vectorMath.h"

namespace flamingo {
namespace {

FOR_EACH_PROCESSOR void Sum(const float* __restrict a, const float* __restrict b, float* __restrict y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = a[i] + b[i];
}

FOR_EACH_PROCESSOR void Product(const float* __restrict a, const float* __restrict b, float* __restrict y,
                                int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = a[i] * b[i];
}

FOR_EACH_PROCESSOR void Scaled(const float* __restrict x, float factor, float* __restrict y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = x[i] * factor;
}

FOR_EACH_PROCESSOR void SumOfScaled(const float* __restrict a, const float* __restrict b, float factor,
                                    float* __restrict y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = a[i] + factor * b[i];
}

FOR_EACH_PROCESSOR double Dot(const float* a, const float* b, int64_t count) { return SumOfProducts(a, b, count); }

// y = combine(a, b), where b has the shape of a, or of its last axes.
template <class Combine>
void Together(Call& call, const Combine& combine) {
  const Input a = call.input(0), b = call.input(1);
  if (!call.ok()) return;
  float* y = call.Output(0, a.shape());
  if (!call.ok()) return;
  const int64_t count = a.count(), columns = b.count();
  if (columns == count)
    InPieces(count, 1,
             [&](int64_t first, int64_t size) { combine(a.floats() + first, b.floats() + first, y + first, size); });
  else if (columns > 0)
    Team::Get().Share(count / columns, count, [&](int64_t row, int) {
      combine(a.floats() + row * columns, b.floats(), y + row * columns, columns);
    });
}

void Add(Call& call) { Together(call, Sum); }
void Multiply(Call& call) { Together(call, Product); }

void Scale(Call& call) {
  const Input x = call.input(0), factor = call.input(1);
  if (!call.ok()) return;
  float* y = call.Output(0, x.shape());
  if (!call.ok()) return;
  InPieces(x.count(), 1,
           [&](int64_t first, int64_t size) { Scaled(x.floats() + first, factor.floats()[0], y + first, size); });
}

// x + tanh(gate)·update
void GatedAdd(Call& call) {
  const Input x = call.input(0), update = call.input(1), gate = call.input(2);
  if (!call.ok()) return;
  float* y = call.Output(0, x.shape());
  if (!call.ok()) return;
  const float factor = std::tanh(gate.floats()[0]);
  InPieces(x.count(), 1, [&](int64_t first, int64_t size) {
    SumOfScaled(x.floats() + first, update.floats() + first, factor, y + first, size);
  });
}

// Of the update: tanh(gate)·dy. Of the gate: (1 − tanh²(gate))·Σ dy·update.
void GateUpdate(Call& call) {
  const Input dy = call.input(0), gate = call.input(1);
  if (!call.ok()) return;
  float* dUpdate = call.Output(0, dy.shape());
  if (!call.ok()) return;
  const float factor = std::tanh(gate.floats()[0]);
  InPieces(dy.count(), 1,
           [&](int64_t first, int64_t size) { Scaled(dy.floats() + first, factor, dUpdate + first, size); });
}

void GateGradient(Call& call) {
  const Input dy = call.input(0), update = call.input(1), gate = call.input(2);
  if (!call.ok()) return;
  float* dGate = call.Output(0, gate.shape());
  if (!call.ok()) return;
  // 1/cosh² keeps the digits that 1 − tanh² loses where tanh is near 1.
  const double cosh = std::cosh(static_cast<double>(gate.floats()[0]));
  double sum = 0;
  constexpr int64_t kPiece = 4096;
  std::vector<double> sums((dy.count() + kPiece - 1) / kPiece);
  Team::Get().Share(sums.size(), dy.count(), [&](int64_t part, int) {
    const int64_t first = part * kPiece;
    sums[part] = Dot(dy.floats() + first, update.floats() + first, std::min(kPiece, dy.count() - first));
  });
  for (double part : sums) sum += part;
  *dGate = sum / (cosh * cosh);
}

const bool registered[] = {
    Register<Add>("FlamingoAdd", {"a: float", "b: float"}, {"y: float"}),
    Register<Multiply>("FlamingoMultiply", {"a: float", "b: float"}, {"y: float"}),
    Register<Scale>("FlamingoScale", {"x: float", "factor: float"}, {"y: float"}),
    Register<GatedAdd>("FlamingoGatedAdd", {"x: float", "update: float", "gate: float"}, {"y: float"}),
    Register<GateUpdate>("FlamingoGateUpdate", {"dy: float", "gate: float"}, {"dupdate: float"}),
    Register<GateGradient>("FlamingoGateGradient", {"dy: float", "update: float", "gate: float"}, {"dgate: float"}),
};

}  // namespace
}  // namespace flamingo
