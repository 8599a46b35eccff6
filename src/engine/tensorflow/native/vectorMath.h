// Functions of one number, written so that the compiler makes them functions of a vector of them.

#ifndef FLAMINGO_VECTOR_MATH_H_
#define FLAMINGO_VECTOR_MATH_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#include "processor.h"

namespace flamingo {

ALWAYS_INLINE float FromBits(int32_t bits) {
  float number;
  std::memcpy(&number, &bits, 4);
  return number;
}

ALWAYS_INLINE int32_t ToBits(float number) {
  int32_t bits;
  std::memcpy(&bits, &number, 4);
  return bits;
}

// eˣ = 2ⁿ·eʳ, as in ../../wasm/kernels/math.ts. NaN stays NaN.
ALWAYS_INLINE float Exp(float x) {
  x = x < -87.3f ? -87.3f : x;
  x = x > 88.3f ? 88.3f : x;
  const float shifted = x * 1.4426950408889634f + 12582912.f;
  const float n = shifted - 12582912.f;
  const float r = x - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.f / 5040 * r + 1.f / 720;
  p = p * r + 1.f / 120;
  p = p * r + 1.f / 24;
  p = p * r + 1.f / 6;
  p = p * r + 0.5f;
  p = p * r * r + r + 1;
  return p * FromBits((int32_t)((uint32_t)ToBits(shifted) << 23) + (127 << 23));
}

ALWAYS_INLINE float Density(float x) { return Exp(-0.5f * x * x) * 0.3989422804014327f; }

// The normal distribution's mass below x, given its density there, as in ../../wasm/kernels/math.ts.
ALWAYS_INLINE float MassBelow(float x, float density) {
  const float t = 1 / (1 + 0.26f * std::fabs(x));
  float q = 0.03106599946f * t - 0.1555740915f;
  q = q * t + 0.2572099144f;
  q = q * t - 0.1575595295f;
  q = q * t + 0.1655761343f;
  q = q * t + 0.04902208689f;
  q = q * t + 0.103554585f;
  q = q * t + 0.1029412522f;
  q = q * t + 0.1037636394f;
  const float tail = q * t * density * 2.5066282746310002f;
  return x < 0 ? tail : 1 - tail;
}

ALWAYS_INLINE float Sigmoid(float x) { return 1 / (1 + Exp(-x)); }

// Sums and the like are taken in this many parts, so that they need not wait for each other.
constexpr int kLanes = 16;
using Lanes = VectorOf<kLanes>::Numbers;

// The numbers that lie there.
ALWAYS_INLINE const Lanes& At(const float* x) { return *reinterpret_cast<const Lanes*>(x); }

ALWAYS_INLINE float SumOf(const Lanes& all) {
  Lanes lanes = all;
  lanes +=
      Shuffle<kLanes>(lanes, lanes, std::integer_sequence<int, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7>());
  lanes += Shuffle<kLanes>(lanes, lanes, std::integer_sequence<int, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3>());
  lanes += Shuffle<kLanes>(lanes, lanes, std::integer_sequence<int, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1>());
  return lanes[0] + lanes[1];
}

// The largest of a row; NaN is not looked at.
ALWAYS_INLINE float Largest(const float* x, int64_t count) {
  Lanes all = Lanes{} - INFINITY;
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) all = At(x + j) > all ? At(x + j) : all;
  float parts[kLanes], largest = -INFINITY;
  std::memcpy(parts, &all, sizeof(parts));
  for (float part : parts) largest = part > largest ? part : largest;
  for (; j < count; j++) largest = x[j] > largest ? x[j] : largest;
  return largest;
}

// e^(x − largest); what is hidden (x = −∞) gets nothing.
ALWAYS_INLINE float Share(float x, float largest) { return x - largest < -87.3f ? 0 : Exp(x - largest); }

// y = e^(x − largest), and the sum of it; y may be x.
ALWAYS_INLINE float Exponentials(const float* x, float* y, int64_t count, float largest) {
  Lanes sums = {};
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    for (int lane = 0; lane < kLanes; lane++) y[j + lane] = Share(x[j + lane], largest);
    sums += At(y + j);
  }
  float sum = SumOf(sums);
  for (; j < count; j++) sum += y[j] = Share(x[j], largest);
  return sum;
}

ALWAYS_INLINE float SumOfProducts(const float* x, const float* y, int64_t count) {
  Lanes sums = {};
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) sums += At(x + j) * At(y + j);
  float sum = SumOf(sums);
  for (; j < count; j++) sum += x[j] * y[j];
  return sum;
}

}  // namespace flamingo

#endif
