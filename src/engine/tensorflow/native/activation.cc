// GELU and the swish functions (QuickGELU, SiLU), and their gradients.

#include "operation.h"
#include "pieces.h"
#include "vectorMath.h"

namespace flamingo {
namespace {

FOR_EACH_PROCESSOR void Gelu(const float* x, float* y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = x[i] * MassBelow(x[i], Density(x[i]));
}

FOR_EACH_PROCESSOR void GeluGradient(const float* x, const float* dy, float* dx, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const float density = Density(x[i]);
    dx[i] = dy[i] * (MassBelow(x[i], density) + x[i] * density);
  }
}

// x·sigmoid(factor·x)
FOR_EACH_PROCESSOR void Swish(const float* x, float* y, float factor, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = x[i] * Sigmoid(factor * x[i]);
}

FOR_EACH_PROCESSOR void SwishGradient(const float* x, const float* dy, float* dx, float factor, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const float s = Sigmoid(factor * x[i]);
    dx[i] = dy[i] * (s + factor * x[i] * s * (1 - s));
  }
}

// `factor` is that of a swish, or 0 for GELU.
void Activation(Call& call) {
  const Input x = call.input(0), factor = call.input(1);
  if (!call.ok()) return;
  float* y = call.Output(0, x.shape());
  if (!call.ok()) return;
  const float f = factor.floats()[0];
  InPieces(x.count(), 16, [&](int64_t first, int64_t count) {
    if (f == 0) Gelu(x.floats() + first, y + first, count);
    else Swish(x.floats() + first, y + first, f, count);
  });
}

void ActivationGradient(Call& call) {
  const Input x = call.input(0), dy = call.input(1), factor = call.input(2);
  if (!call.ok()) return;
  float* dx = call.Output(0, x.shape());
  if (!call.ok()) return;
  const float f = factor.floats()[0];
  InPieces(x.count(), 16, [&](int64_t first, int64_t count) {
    if (f == 0) GeluGradient(x.floats() + first, dy.floats() + first, dx + first, count);
    else SwishGradient(x.floats() + first, dy.floats() + first, dx + first, f, count);
  });
}

const bool registered[] = {
    Register<Activation>("FlamingoActivation", {"x: float", "factor: float"}, {"y: float"}),
    Register<ActivationGradient>("FlamingoActivationGradient", {"x: float", "dy: float", "factor: float"},
                                 {"dx: float"}),
};

}  // namespace
}  // namespace flamingo
