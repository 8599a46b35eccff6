// Code for the kind of processor that runs it: each function that works on many numbers is compiled for several kinds,
// and the one for this machine is chosen when it runs.

#ifndef FLAMINGO_PROCESSOR_H_
#define FLAMINGO_PROCESSOR_H_

#include <cstdint>
#include <cstring>
#include <utility>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

// The loader chooses.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

// For functions that differ by the size of the vectors, and are chosen by `processor`.
#if defined(__x86_64__)
#define WITH_512_BITS __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#define WITH_256_BITS __attribute__((target("avx2,fma")))
#endif

namespace flamingo {

// Vectors of so many numbers, and of integers of their size.
template <int Size>
struct VectorOf {
  typedef float Numbers __attribute__((vector_size(Size * sizeof(float))));
  typedef int32_t Places __attribute__((vector_size(Size * sizeof(int32_t))));
};

// The vector that lies there; it need not begin where vectors do.
template <int Size>
ALWAYS_INLINE typename VectorOf<Size>::Numbers Load(const float* from) {
  typename VectorOf<Size>::Numbers vector;
  std::memcpy(&vector, from, sizeof(vector));
  return vector;
}

template <int Size>
ALWAYS_INLINE void Store(float* to, const typename VectorOf<Size>::Numbers& vector) {
  std::memcpy(to, &vector, sizeof(vector));
}

// A vector of the numbers at these places of `a` and, counted on from its end, of `b`.
template <int Size, int... places>
ALWAYS_INLINE typename VectorOf<Size>::Numbers Shuffle(const typename VectorOf<Size>::Numbers& a,
                                                       const typename VectorOf<Size>::Numbers& b,
                                                       std::integer_sequence<int, places...>) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, places...);
#else
  return __builtin_shuffle(a, b, typename VectorOf<Size>::Places{places...});
#endif
}

enum class Processor { kAny, k256Bits, k512Bits };

inline Processor ThisProcessor() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool fuses = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (fuses && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    return Processor::k512Bits;
  if (fuses) return Processor::k256Bits;
#endif
  return Processor::kAny;
}

}  // namespace flamingo

#endif
