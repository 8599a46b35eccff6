// The patches that a convolution looks at, laid out as rows (im2col), and its gradient, which adds them back (col2im).

#include <algorithm>
#include <cstring>

#include "operation.h"
#include "team.h"

namespace flamingo {
namespace {

struct Window {
  int64_t batch, height, width, channels, kernel, stride, padding, rows, columns;

  int64_t line() const { return kernel * channels; }
  int64_t image() const { return height * width * channels; }
  int64_t patches() const { return columns * kernel * line(); }
};

Window Read(const Input& sizes) {
  const int32_t* s = sizes.integers();
  return {s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]};
}

// Calls visit(pixels, patch, before, count) for each line of each patch in a row of patches: `count` numbers at
// `pixels` of the image are at patch + before; what else belongs to the line is outside the image.
template <class Visit>
void Walk(const Window& w, int64_t row, const Visit& visit) {
  int64_t patch = row * w.patches();
  for (int64_t column = 0; column < w.columns; column++) {
    const int64_t left = column * w.stride - w.padding, from = std::max<int64_t>(0, -left);
    const int64_t count = std::min(w.kernel, w.width - left) - from;
    for (int64_t i = 0; i < w.kernel; i++, patch += w.line()) {
      const int64_t y = row * w.stride - w.padding + i;
      const bool inside = y >= 0 && y < w.height && count > 0;
      if (inside) visit((y * w.width + left + from) * w.channels, patch, from * w.channels, count * w.channels);
      else visit(0, patch, 0, 0);
    }
  }
}

// Inputs: the image and batch, height, width, channels, kernel, stride, padding, rows and columns of patches.
void Unfold(Call& call) {
  const Input image = call.input(0), sizes = call.input(1);
  if (!call.ok()) return;
  const Window w = Read(sizes);
  float* patches = call.Output(0, {w.batch, w.rows, w.columns, w.kernel * w.line()});
  if (!call.ok()) return;
  Team::Get().Share(w.batch * w.rows, 1. * w.batch * w.rows * w.patches(), [&](int64_t part, int) {
    const float* from = image.floats() + part / w.rows * w.image();
    float* to = patches + part / w.rows * w.rows * w.patches();
    Walk(w, part % w.rows, [&](int64_t pixels, int64_t patch, int64_t before, int64_t count) {
      float* line = to + patch;
      std::fill_n(line, before, 0.f);
      std::copy_n(from + pixels, count, line + before);
      std::fill(line + before + count, line + w.line(), 0.f);
    });
  });
}

// Patches overlap, so an image belongs to one thread.
void Fold(Call& call) {
  const Input patches = call.input(0), sizes = call.input(1);
  if (!call.ok()) return;
  const Window w = Read(sizes);
  float* images = call.Output(0, {w.batch, w.height, w.width, w.channels});
  if (!call.ok()) return;
  Team::Get().Share(w.batch, 1. * w.batch * w.rows * w.patches(), [&](int64_t part, int) {
    float* to = images + part * w.image();
    const float* from = patches.floats() + part * w.rows * w.patches();
    std::fill_n(to, w.image(), 0.f);
    for (int64_t row = 0; row < w.rows; row++)
      Walk(w, row, [&](int64_t pixels, int64_t patch, int64_t before, int64_t count) {
        for (int64_t i = 0; i < count; i++) to[pixels + i] += from[patch + before + i];
      });
  });
}

const bool registered[] = {
    Register<Unfold>("FlamingoUnfold", {"image: float", "sizes: int32"}, {"patches: float"}),
    Register<Fold>("FlamingoFold", {"patches: float", "sizes: int32"}, {"image: float"}),
};

}  // namespace
}  // namespace flamingo
