// Functions of one number or of a vector of them, by the same formulas with the same bits, and sums over rows.

#ifndef FLAMINGO_VECTOR_MATH_H_
#define FLAMINGO_VECTOR_MATH_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#include "processor.h"

namespace flamingo {

// Rows are gone through in vectors of so many numbers, whatever the processor has, so that sums have the same bits on
// all.
constexpr int kLanes = 16;
using Lanes = VectorOf<kLanes>::Numbers;

// The numbers that lie there.
ALWAYS_INLINE Lanes At(const float* x) { return Load<kLanes>(x); }

// Integers of the size of the numbers.
template <class Number>
struct BitsOf;
template <>
struct BitsOf<float> {
  using Type = int32_t;
};
template <>
struct BitsOf<Lanes> {
  using Type = VectorOf<kLanes>::Places;
};

template <class To, class From>
ALWAYS_INLINE To SameBits(const From& from) {
  To to;
  static_assert(sizeof(to) == sizeof(from));
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

// eˣ = 2ⁿ·eʳ, as in ../../wasm/kernels/math.ts. NaN stays NaN.
template <class Number>
ALWAYS_INLINE Number Exp(const Number& power) {
  using Bits = typename BitsOf<Number>::Type;
  const Number lowest = Number{} - 87.3f, highest = Number{} + 88.3f;
  Number x = power < lowest ? lowest : power;
  x = x > highest ? highest : x;
  const Number shifted = x * 1.4426950408889634f + 12582912.f;
  const Number n = shifted - 12582912.f;
  const Number r = x - n * 0.693359375f + n * 2.12194440e-4f;
  Number p = r * (1.f / 5040) + 1.f / 720;
  p = p * r + 1.f / 120;
  p = p * r + 1.f / 24;
  p = p * r + 1.f / 6;
  p = p * r + 0.5f;
  p = p * r * r + r + 1;
  // 12582912 is 1.5·2²³: n, from −126 to 127, stands in the lowest bits of `shifted`, and with 127 added is the
  // exponent.
  return p * SameBits<Number>((SameBits<Bits>(shifted) + 127 & 0xff) << 23);
}

template <class Number>
ALWAYS_INLINE Number Density(const Number& x) {
  return Exp(x * x * -0.5f) * 0.3989422804014327f;
}

// The normal distribution's mass below x, given its density there, as in ../../wasm/kernels/math.ts.
template <class Number>
ALWAYS_INLINE Number MassBelow(const Number& x, const Number& density) {
  using Bits = typename BitsOf<Number>::Type;
  const Number size = SameBits<Number>(SameBits<Bits>(x) & 0x7fffffff);
  const Number t = 1 / (size * 0.26f + 1);
  Number q = t * 0.03106599946f - 0.1555740915f;
  q = q * t + 0.2572099144f;
  q = q * t - 0.1575595295f;
  q = q * t + 0.1655761343f;
  q = q * t + 0.04902208689f;
  q = q * t + 0.103554585f;
  q = q * t + 0.1029412522f;
  q = q * t + 0.1037636394f;
  const Number tail = q * t * density * 2.5066282746310002f;
  return x < 0 ? tail : 1 - tail;
}

template <class Number>
ALWAYS_INLINE Number Sigmoid(const Number& x) {
  return 1 / (Exp(-x) + 1);
}

ALWAYS_INLINE float SumOf(const Lanes& all) {
  Lanes lanes = all;
  lanes +=
      Shuffle<kLanes>(lanes, lanes, std::integer_sequence<int, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7>());
  lanes += Shuffle<kLanes>(lanes, lanes, std::integer_sequence<int, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3>());
  lanes += Shuffle<kLanes>(lanes, lanes, std::integer_sequence<int, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1>());
  return lanes[0] + lanes[1];
}

// The largest of a row; NaN if one is none.
ALWAYS_INLINE float Largest(const float* x, int64_t count) {
  Lanes all = Lanes{} - INFINITY, none = {};
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    const Lanes next = At(x + j);
    all = next > all ? next : all;
    none = next != next ? next : none;
  }
  float parts[kLanes], largest = -INFINITY, nan = SumOf(none);
  std::memcpy(parts, &all, sizeof(parts));
  for (float part : parts) largest = part > largest ? part : largest;
  for (; j < count; j++) {
    largest = x[j] > largest ? x[j] : largest;
    nan = x[j] != x[j] ? x[j] : nan;
  }
  return nan != nan ? nan : largest;
}

// e^(x − largest); what is hidden (x = −∞) gets nothing.
template <class Number>
ALWAYS_INLINE Number Share(const Number& x, float largest) {
  const Number below = x - largest;
  return below < -87.3f ? Number{} : Exp(below);
}

// y = e^(x − largest), and the sum of it; y may be x.
ALWAYS_INLINE float Exponentials(const float* x, float* y, int64_t count, float largest) {
  Lanes sums = {};
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    const Lanes shares = Share(At(x + j), largest);
    Store<kLanes>(y + j, shares);
    sums += shares;
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
