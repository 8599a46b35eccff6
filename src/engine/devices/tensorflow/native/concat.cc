// Tensors put one behind the other along an axis, and taken apart again.

#include <algorithm>
#include <vector>

#include "operation.h"
#include "team.h"

namespace flamingo {
namespace {

int64_t Count(const std::vector<int64_t>& shape, int64_t first, int64_t end) {
  int64_t count = 1;
  for (int64_t axis = first; axis < end; axis++) count *= shape[axis];
  return count;
}

// Calls copy(part, row, place, count) for each part's share of each row of the whole, which begins at `place`.
template <class Copy>
void EachShare(int64_t rows, const std::vector<int64_t>& counts, const Copy& copy) {
  std::vector<int64_t> places;
  int64_t row = 0;
  for (int64_t count : counts) {
    places.push_back(row);
    row += count;
  }
  // A single row is shared by its parts' pieces.
  constexpr int64_t kPiece = 16384;
  for (size_t part = 0; part < counts.size(); part++) {
    const int64_t count = counts[part], pieces = (count + kPiece - 1) / kPiece;
    Team::Get().Share(rows * pieces, 1. * rows * count, [&](int64_t at, int) {
      const int64_t line = at / pieces, first = at % pieces * kPiece;
      copy(part, line * count + first, line * row + places[part] + first, std::min(kPiece, count - first));
    });
  }
}

// Inputs: the parts and the axis.
void Concat(Call& call) {
  std::vector<Input> parts;
  for (int at = 0; at < call.inputs() - 1; at++) parts.push_back(call.input(at));
  const Input axis = call.input(call.inputs() - 1);
  if (!call.ok()) return;
  const int64_t along = axis.integers()[0];
  std::vector<int64_t> shape = parts[0].shape(), counts;
  shape[along] = 0;
  for (const Input& part : parts) {
    counts.push_back(Count(part.shape(), along, shape.size()));
    shape[along] += part.shape()[along];
  }
  float* whole = call.Output(0, shape);
  if (!call.ok()) return;
  EachShare(Count(shape, 0, along), counts, [&](size_t part, int64_t inPart, int64_t inWhole, int64_t count) {
    std::copy_n(parts[part].floats() + inPart, count, whole + inWhole);
  });
}

// Inputs: the whole, the axis and the parts' lengths along it.
void Split(Call& call) {
  const Input whole = call.input(0), sizes = call.input(1);
  if (!call.ok()) return;
  const int64_t along = sizes.integers()[0];
  std::vector<int64_t> shape = whole.shape(), counts;
  std::vector<float*> parts;
  const int64_t rows = Count(shape, 0, along);
  for (int64_t at = 1; at < sizes.count(); at++) {
    shape[along] = sizes.integers()[at];
    counts.push_back(Count(shape, along, shape.size()));
    parts.push_back(call.Output(at - 1, shape));
  }
  if (!call.ok()) return;
  EachShare(rows, counts, [&](size_t part, int64_t inPart, int64_t inWhole, int64_t count) {
    std::copy_n(whole.floats() + inWhole, count, parts[part] + inPart);
  });
}

const bool registered[] = {
    Register<Concat>("FlamingoConcat", {"parts: N * float", "axis: int32"}, {"whole: float"}, {"N: int >= 1"}),
    Register<Split>("FlamingoSplit", {"whole: float", "sizes: int32"}, {"parts: N * float"}, {"N: int >= 1"}),
};

}  // namespace
}  // namespace flamingo
