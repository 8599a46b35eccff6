// Operations of ours for TensorFlow on a CPU, each one pass over memory where TensorFlow has only the parts and makes six or
// more. They are compiled into tfjs-node's addon, and register themselves when it is loaded. All numbers are float32.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

// A version for each kind of processor; the loader takes the best that this one knows.
#if defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif
#define INLINE static inline __attribute__((always_inline))

namespace {

INLINE float FromBits(int32_t bits) {
  float number;
  std::memcpy(&number, &bits, 4);
  return number;
}

INLINE int32_t ToBits(float number) {
  int32_t bits;
  std::memcpy(&bits, &number, 4);
  return bits;
}

// eˣ = 2ⁿ·eʳ, as in ../../wasm/kernels/math.ts. NaN stays NaN.
INLINE float Exp(float x) {
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

INLINE float Density(float x) { return Exp(-0.5f * x * x) * 0.3989422804014327f; }

// The normal distribution's mass below x, given its density there, as in ../../wasm/kernels/math.ts.
INLINE float MassBelow(float x, float density) {
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

INLINE float Sigmoid(float x) { return 1 / (1 + Exp(-x)); }

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

// Sums in this many parts, so that they need not wait for each other.
constexpr int kLanes = 16;

INLINE float SumOf(const float* lanes) {
  float sum = 0;
  for (int lane = 0; lane < kLanes; lane++) sum += lanes[lane];
  return sum;
}

struct Row {
  float mean;
  // 1/√(variance + ε)
  float factor;
};

INLINE Row Measure(const float* x, int64_t width, float epsilon) {
  float sums[kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= width; j += kLanes)
    for (int lane = 0; lane < kLanes; lane++) sums[lane] += x[j + lane];
  for (; j < width; j++) sums[0] += x[j];
  const float mean = SumOf(sums) / width;
  float squares[kLanes] = {};
  for (j = 0; j + kLanes <= width; j += kLanes)
    for (int lane = 0; lane < kLanes; lane++) squares[lane] += (x[j + lane] - mean) * (x[j + lane] - mean);
  for (; j < width; j++) squares[0] += (x[j] - mean) * (x[j] - mean);
  return {mean, 1 / std::sqrt(SumOf(squares) / width + epsilon)};
}

// y = (x − mean)·factor·weight + bias, row by row; weight and bias may be absent.
FOR_EACH_PROCESSOR void LayerNorm(const float* x, const float* weight, const float* bias, float* y, int64_t rows,
                                  int64_t width, float epsilon) {
  for (int64_t i = 0; i < rows; i++, x += width, y += width) {
    const Row row = Measure(x, width, epsilon);
    if (weight && bias)
      for (int64_t j = 0; j < width; j++) y[j] = (x[j] - row.mean) * row.factor * weight[j] + bias[j];
    else if (weight)
      for (int64_t j = 0; j < width; j++) y[j] = (x[j] - row.mean) * row.factor * weight[j];
    else
      for (int64_t j = 0; j < width; j++) y[j] = (x[j] - row.mean) * row.factor + (bias ? bias[j] : 0);
  }
}

// With n the normalised row and d = dy·weight: dx = factor·(d − mean(d) − n·mean(d·n)); dWeight = Σ dy·n, dBias = Σ dy.
FOR_EACH_PROCESSOR void LayerNormGradient(const float* x, const float* weight, const float* dy, float* dx,
                                          float* dWeight, float* dBias, int64_t rows, int64_t width, float epsilon) {
  for (int64_t j = 0; j < width; j++) dWeight[j] = dBias[j] = 0;
  for (int64_t i = 0; i < rows; i++, x += width, dy += width, dx += width) {
    const Row row = Measure(x, width, epsilon);
    float slopes[kLanes] = {}, products[kLanes] = {};
    int64_t j = 0;
    for (; j + kLanes <= width; j += kLanes)
      for (int lane = 0; lane < kLanes; lane++) {
        const float d = dy[j + lane] * weight[j + lane];
        slopes[lane] += d;
        products[lane] += d * (x[j + lane] - row.mean);
      }
    for (; j < width; j++) {
      const float d = dy[j] * weight[j];
      slopes[0] += d;
      products[0] += d * (x[j] - row.mean);
    }
    const float slope = SumOf(slopes) / width, product = SumOf(products) / width * row.factor;
    for (j = 0; j < width; j++) {
      const float n = (x[j] - row.mean) * row.factor;
      dx[j] = row.factor * (dy[j] * weight[j] - slope - n * product);
      dWeight[j] += dy[j] * n;
      dBias[j] += dy[j];
    }
  }
}

// One step of AdamW. `rate` and `epsilon` hold the correction of the moments' bias, `keep` is 1 − rate·decay.
FOR_EACH_PROCESSOR void AdamW(const float* value, const float* gradient, const float* m, const float* v, float* newValue,
                              float* newM, float* newV, int64_t count, float scale, float rate, float beta1, float beta2,
                              float epsilon, float keep) {
  for (int64_t i = 0; i < count; i++) {
    const float g = gradient[i] * scale;
    const float first = beta1 * m[i] + (1 - beta1) * g, second = beta2 * v[i] + (1 - beta2) * g * g;
    newM[i] = first;
    newV[i] = second;
    newValue[i] = value[i] * keep - rate * first / (std::sqrt(second) + epsilon);
  }
}

// One call of an operation: its inputs and outputs, and whether all went well.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Call() {
    if (TF_GetCode(status_) != TF_OK) TF_OpKernelContext_Failure(context_, status_);
    for (TF_Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }
  TF_Tensor* Input(int at) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, at, &tensor, status_);
    if (tensor) tensors_.push_back(tensor);
    return tensor;
  }
  // A new tensor of the same shape.
  float* OutputLike(int at, const TF_Tensor* tensor) {
    std::vector<int64_t> shape;
    for (int axis = 0; axis < TF_NumDims(tensor); axis++) shape.push_back(TF_Dim(tensor, axis));
    return Output(at, shape);
  }
  float* Output(int at, const std::vector<int64_t>& shape) {
    size_t bytes = sizeof(float);
    for (int64_t size : shape) bytes *= size;
    TF_Tensor* tensor = TF_AllocateOutput(context_, at, TF_FLOAT, shape.data(), shape.size(), bytes, status_);
    if (!tensor) return nullptr;
    tensors_.push_back(tensor);
    return static_cast<float*>(TF_TensorData(tensor));
  }
  bool ok() const { return TF_GetCode(status_) == TF_OK; }

 private:
  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> tensors_;
};

const float* Data(const TF_Tensor* tensor) { return static_cast<const float*>(TF_TensorData(tensor)); }
int64_t Count(const TF_Tensor* tensor) { return TF_TensorElementCount(tensor); }
// An input without elements is one that is absent.
const float* DataUnlessAbsent(const TF_Tensor* tensor) { return Count(tensor) > 0 ? Data(tensor) : nullptr; }
int64_t Width(const TF_Tensor* x) { return TF_Dim(x, TF_NumDims(x) - 1); }
int64_t Rows(const TF_Tensor* x) { return Width(x) == 0 ? 0 : Count(x) / Width(x); }

// `factor` is that of a swish, or 0 for GELU.
void Activation(void*, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor *x = call.Input(0), *factor = call.Input(1);
  if (!call.ok()) return;
  float* y = call.OutputLike(0, x);
  if (!call.ok()) return;
  if (Data(factor)[0] == 0) Gelu(Data(x), y, Count(x));
  else Swish(Data(x), y, Data(factor)[0], Count(x));
}

void ActivationGradient(void*, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor *x = call.Input(0), *dy = call.Input(1), *factor = call.Input(2);
  if (!call.ok()) return;
  float* dx = call.OutputLike(0, x);
  if (!call.ok()) return;
  if (Data(factor)[0] == 0) GeluGradient(Data(x), Data(dy), dx, Count(x));
  else SwishGradient(Data(x), Data(dy), dx, Data(factor)[0], Count(x));
}

void LayerNormCall(void*, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor *x = call.Input(0), *weight = call.Input(1), *bias = call.Input(2), *epsilon = call.Input(3);
  if (!call.ok()) return;
  float* y = call.OutputLike(0, x);
  if (!call.ok()) return;
  LayerNorm(Data(x), DataUnlessAbsent(weight), DataUnlessAbsent(bias), y, Rows(x), Width(x), Data(epsilon)[0]);
}

void LayerNormGradientCall(void*, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor *x = call.Input(0), *weight = call.Input(1), *dy = call.Input(2), *epsilon = call.Input(3);
  if (!call.ok()) return;
  const int64_t width = Width(x);
  float *dx = call.OutputLike(0, x), *dWeight = call.Output(1, {width}), *dBias = call.Output(2, {width});
  if (!call.ok()) return;
  const std::vector<float> ones(Count(weight) > 0 ? 0 : width, 1.f);
  const float* factors = Count(weight) > 0 ? Data(weight) : ones.data();
  LayerNormGradient(Data(x), factors, Data(dy), dx, dWeight, dBias, Rows(x), width, Data(epsilon)[0]);
}

// `numbers` are rate, beta1, beta2, epsilon, keep.
void AdamWCall(void*, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor *value = call.Input(0), *gradient = call.Input(1), *m = call.Input(2), *v = call.Input(3);
  const TF_Tensor *scale = call.Input(4), *numbers = call.Input(5);
  if (!call.ok()) return;
  float *newValue = call.OutputLike(0, value), *newM = call.OutputLike(1, m), *newV = call.OutputLike(2, v);
  if (!call.ok()) return;
  if (Data(scale)[0] == 0) {  // the step is skipped: its gradients may be no numbers
    std::memcpy(newValue, Data(value), sizeof(float) * Count(value));
    std::memcpy(newM, Data(m), sizeof(float) * Count(m));
    std::memcpy(newV, Data(v), sizeof(float) * Count(v));
    return;
  }
  const float* n = Data(numbers);
  AdamW(Data(value), Data(gradient), Data(m), Data(v), newValue, newM, newV, Count(value), Data(scale)[0], n[0], n[1],
        n[2], n[3], n[4]);
}

using Compute = void (*)(void*, TF_OpKernelContext*);

bool Register(const char* name, std::vector<const char*> inputs, std::vector<const char*> outputs, Compute compute) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* operation = TF_NewOpDefinitionBuilder(name);
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(operation, input);
  for (const char* output : outputs) TF_OpDefinitionBuilderAddOutput(operation, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(operation, &TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(operation, status);
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(name, "CPU", nullptr, compute, nullptr);
  TF_RegisterKernelBuilder(name, kernel, status);
  const bool registered = TF_GetCode(status) == TF_OK;
  TF_DeleteStatus(status);
  return registered;
}

const bool registered[] = {
    Register("FlamingoActivation", {"x: float", "factor: float"}, {"y: float"}, Activation),
    Register("FlamingoActivationGradient", {"x: float", "dy: float", "factor: float"}, {"dx: float"},
             ActivationGradient),
    Register("FlamingoLayerNorm", {"x: float", "weight: float", "bias: float", "epsilon: float"}, {"y: float"},
             LayerNormCall),
    Register("FlamingoLayerNormGradient", {"x: float", "weight: float", "dy: float", "epsilon: float"},
             {"dx: float", "dweight: float", "dbias: float"}, LayerNormGradientCall),
    Register("FlamingoAdamW",
             {"value: float", "gradient: float", "m: float", "v: float", "scale: float", "numbers: float"},
             {"new_value: float", "new_m: float", "new_v: float"}, AdamWCall),
};

}  // namespace
