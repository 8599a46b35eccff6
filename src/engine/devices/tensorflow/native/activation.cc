// GELU and the swish functions (QuickGELU, SiLU), and their gradients.

#include "operation.h"
#include "pieces.h"
#include "vectorMath.h"

namespace flamingo {
namespace {

template <class Number>
ALWAYS_INLINE Number GeluOf(const Number& x) {
  return x * MassBelow(x, Density(x));
}

template <class Number>
ALWAYS_INLINE Number SlopeOfGelu(const Number& x) {
  const Number density = Density(x);
  return MassBelow(x, density) + x * density;
}

// x·sigmoid(factor·x)
template <class Number>
ALWAYS_INLINE Number SwishOf(const Number& x, float factor) {
  return x * Sigmoid<Number>(x * factor);
}

template <class Number>
ALWAYS_INLINE Number SlopeOfSwish(const Number& x, float factor) {
  const Number s = Sigmoid<Number>(x * factor);
  return s + x * factor * s * (1 - s);
}

// Each by vectors, and what is left number by number.

FOR_EACH_PROCESSOR void Gelu(const float* x, float* y, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) Store<kLanes>(y + i, GeluOf(At(x + i)));
  for (; i < count; i++) y[i] = GeluOf(x[i]);
}

FOR_EACH_PROCESSOR void GeluGradient(const float* x, const float* dy, float* dx, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) Store<kLanes>(dx + i, At(dy + i) * SlopeOfGelu(At(x + i)));
  for (; i < count; i++) dx[i] = dy[i] * SlopeOfGelu(x[i]);
}

FOR_EACH_PROCESSOR void Swish(const float* x, float* y, float factor, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) Store<kLanes>(y + i, SwishOf(At(x + i), factor));
  for (; i < count; i++) y[i] = SwishOf(x[i], factor);
}

FOR_EACH_PROCESSOR void SwishGradient(const float* x, const float* dy, float* dx, float factor, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) Store<kLanes>(dx + i, At(dy + i) * SlopeOfSwish(At(x + i), factor));
  for (; i < count; i++) dx[i] = dy[i] * SlopeOfSwish(x[i], factor);
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
