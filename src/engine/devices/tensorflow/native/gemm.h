// The matrix product.

#ifndef FLAMINGO_GEMM_H_
#define FLAMINGO_GEMM_H_

#include <cstdint>

namespace flamingo {

// A matrix of which the element [i, j] is data[i·down + j·across]; one of the two steps is 1.
struct Matrix {
  const float* data;
  int64_t down, across;
};

// c[m, n] = a[m, k]·b[k, n] + bias[n], or c += a·b; rows of c are `step` numbers apart.
struct Product {
  int64_t m, n, k;
  Matrix a, b;
  float* c;
  int64_t step;
  const float* bias = nullptr;
  bool adds = false;
};

// By all threads. The bits of the result do not depend on how many they are.
void Multiply(const Product& product);

// By the calling thread alone.
void MultiplyAlone(const Product& product);

}  // namespace flamingo

#endif
