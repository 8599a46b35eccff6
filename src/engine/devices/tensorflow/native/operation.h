// What an operation of TensorFlow's is made of: its name, its inputs and outputs, and the function that computes it.

#ifndef FLAMINGO_OPERATION_H_
#define FLAMINGO_OPERATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

namespace flamingo {

// A tensor that an operation gets. One without elements is one that is absent.
class Input {
 public:
  explicit Input(const TF_Tensor* tensor) : tensor_(tensor) {}
  const float* floats() const { return Data<float>(); }
  const int32_t* integers() const { return Data<int32_t>(); }
  const uint8_t* bytes() const { return Data<uint8_t>(); }
  bool is_bool() const { return TF_TensorType(tensor_) == TF_BOOL; }
  int64_t count() const { return TF_TensorElementCount(tensor_); }
  std::vector<int64_t> shape() const {
    std::vector<int64_t> sizes;
    for (int axis = 0; axis < TF_NumDims(tensor_); axis++) sizes.push_back(TF_Dim(tensor_, axis));
    return sizes;
  }
  // The size of the last axis, and how many rows of it there are.
  int64_t width() const { return TF_Dim(tensor_, TF_NumDims(tensor_) - 1); }
  int64_t rows() const { return width() == 0 ? 0 : count() / width(); }

 private:
  template <class Number>
  const Number* Data() const {
    return count() > 0 ? static_cast<const Number*>(TF_TensorData(tensor_)) : nullptr;
  }
  const TF_Tensor* tensor_;
};

// One call of an operation: its inputs and outputs, and whether all went well.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  Call(const Call&) = delete;
  ~Call() {
    if (!ok()) TF_OpKernelContext_Failure(context_, status_);
    for (TF_Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }
  // Where something went wrong nothing more is asked for: the first reason counts, and the next success would hide it.
  Input input(int at) {
    TF_Tensor* tensor = nullptr;
    if (ok()) TF_GetInput(context_, at, &tensor, status_);
    if (tensor) tensors_.push_back(tensor);
    return Input(tensor);
  }
  int inputs() const { return TF_NumInputs(context_); }
  float* Output(int at, const std::vector<int64_t>& shape) {
    if (!ok()) return nullptr;
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

// Computes the outputs of one call. Where something goes wrong, the call is no longer `ok`.
using Compute = void (*)(Call&);

// Makes the operation known to TensorFlow; arguments as TF_OpDefinitionBuilder takes them ("x: float").
template <Compute compute>
bool Register(const char* name, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
              const std::vector<std::string>& attributes = {}) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* operation = TF_NewOpDefinitionBuilder(name);
  for (const std::string& attribute : attributes) TF_OpDefinitionBuilderAddAttr(operation, attribute.c_str());
  for (const std::string& input : inputs) TF_OpDefinitionBuilderAddInput(operation, input.c_str());
  for (const std::string& output : outputs) TF_OpDefinitionBuilderAddOutput(operation, output.c_str());
  TF_OpDefinitionBuilderSetShapeInferenceFunction(operation, &TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(operation, status);
  const auto run = [](void*, TF_OpKernelContext* context) {
    Call call(context);
    compute(call);
  };
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(name, "CPU", nullptr, run, nullptr);
  TF_RegisterKernelBuilder(name, kernel, status);
  const bool registered = TF_GetCode(status) == TF_OK;
  TF_DeleteStatus(status);
  return registered;
}

}  // namespace flamingo

#endif
