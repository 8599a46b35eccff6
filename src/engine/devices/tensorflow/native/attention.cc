// Attention of one head at a time over blocks of queries, so that scores live in the cache and never all at once.

#include <algorithm>
#include <vector>

#include "gemm.h"
#include "operation.h"
#include "team.h"
#include "vectorMath.h"

namespace flamingo {
namespace {

// Queries whose scores are held at once.
constexpr int64_t kBlock = 64;

struct Attention {
  const float *query, *key, *value;
  Input mask;
  const float* slopes;
  float scale;
  // `keys` are those that count, of `room` in memory; a mask has one element for each of `groups` groups of keys.
  int64_t batch, queries, keys, room, heads, depth, groups;
  bool causal, uniform;

  int64_t width() const { return heads * depth; }
  // Where this head of this batch element begins in a tensor [batch, length, heads·depth].
  int64_t HeadOf(int64_t item, int64_t length) const { return item / heads * length * width() + item % heads * depth; }
  double cost() const { return 2. * batch * queries * keys * width(); }

  bool Sees(int64_t batch, int64_t query, int64_t group) const {
    const int64_t at = (batch * queries + query) * groups + group;
    return mask.is_bool() ? mask.bytes()[at] != 0 : mask.integers()[at] != 0;
  }
  // Of the keys in front, how many are not hidden by coming later.
  int64_t Visible(int64_t query) const {
    return causal ? std::clamp<int64_t>(query + keys - queries + 1, 0, keys) : keys;
  }
  bool SeesNothing(int64_t batch, int64_t query) const {
    const int64_t visible = Visible(query);
    if (visible == 0 || mask.count() == 0) return visible == 0;
    for (int64_t group = 0; group * (keys / groups) < visible; group++)
      if (Sees(batch, query, group)) return false;
    return true;
  }
};

FOR_EACH_PROCESSOR void Scale(float* scores, int64_t count, float scale, float slope, float last) {
  if (slope == 0)
    for (int64_t j = 0; j < count; j++) scores[j] *= scale;
  else
    for (int64_t j = 0; j < count; j++) scores[j] = scores[j] * scale - slope * (last - j);
}

FOR_EACH_PROCESSOR void Softmax(float* scores, int64_t count, int64_t visible, float largest) {
  const float part = 1 / Exponentials(scores, scores, visible, largest);
  for (int64_t j = 0; j < visible; j++) scores[j] *= part;
  for (int64_t j = visible; j < count; j++) scores[j] = 0;
}

FOR_EACH_PROCESSOR float LargestOf(const float* scores, int64_t count) { return Largest(scores, count); }

// ds = scale·p·(ds − Σ p·ds)
FOR_EACH_PROCESSOR void SoftmaxGradient(const float* p, float* ds, int64_t count, float scale) {
  const float sum = SumOfProducts(p, ds, count);
  for (int64_t j = 0; j < count; j++) ds[j] = p[j] * scale * (ds[j] - sum);
}

// The weights of `count` queries from `first` on.
void Weigh(const Attention& at, int64_t item, int64_t first, int64_t count, float* scores) {
  const int64_t width = at.width(), keys = at.keys;
  Product product{count, keys, at.depth};
  product.a = {at.query + at.HeadOf(item, at.queries) + first * width, width, 1};
  product.b = {at.key + at.HeadOf(item, at.room), 1, width};
  product.c = scores;
  product.step = keys;
  MultiplyAlone(product);
  const float slope = at.slopes ? at.slopes[item % at.heads] : 0;
  const int64_t size = keys / at.groups;
  for (int64_t query = first; query < first + count; query++, scores += keys) {
    const int64_t visible = at.Visible(query);
    Scale(scores, visible, at.scale, slope, query + keys - at.queries);
    if (at.mask.count() > 0)
      for (int64_t group = 0; group < at.groups && group * size < visible; group++)
        if (!at.Sees(item / at.heads, query, group))
          std::fill(scores + group * size, scores + std::min((group + 1) * size, visible), -INFINITY);
    const float largest = LargestOf(scores, visible);
    if (largest == -INFINITY) std::fill_n(scores, keys, at.uniform ? 1.f / keys : 0.f);
    else Softmax(scores, keys, visible, largest);
  }
}

FOR_EACH_PROCESSOR bool AreFinite(const float* x, int64_t count) {
  float zero = 0;
  for (int64_t i = 0; i < count; i++) zero += x[i] * 0;
  return zero == 0;
}

// The result of one query from the values that it sees. A product of all of them would have 0·NaN of a value that is hidden.
void MixVisible(const Attention& at, int64_t item, int64_t query, const float* weights, float* result) {
  const int64_t batch = item / at.heads, size = at.keys / at.groups;
  const bool blind = at.SeesNothing(batch, query);
  std::fill_n(result, at.depth, 0.f);
  if (blind && !at.uniform) return;
  const int64_t end = blind ? at.keys : at.Visible(query);
  for (int64_t key = 0; key < end; key++) {
    if (!blind && at.mask.count() > 0 && !at.Sees(batch, query, key / size)) continue;
    const float* value = at.value + at.HeadOf(item, at.room) + key * at.width();
    for (int64_t d = 0; d < at.depth; d++) result[d] += weights[key] * value[d];
  }
}

// Inputs: query, key, value, mask and slopes, which may be absent, sizes and the scale.
Attention Read(Call& call) {
  const Input query = call.input(0), key = call.input(1), value = call.input(2), mask = call.input(3);
  const Input slopes = call.input(4), sizes = call.input(5), scale = call.input(6);
  if (!call.ok()) return {nullptr, nullptr, nullptr, mask};
  const int32_t* s = sizes.integers();
  return {query.floats(), key.floats(), value.floats(), mask, slopes.floats(), scale.floats()[0], s[0], s[1], s[2],
          s[3],           s[4],         s[5],           s[6], s[7] != 0,       s[8] != 0};
}

void AttentionForward(Call& call) {
  const Attention at = Read(call);
  if (!call.ok()) return;
  const int64_t width = at.width(), block = std::min(kBlock, at.queries);
  float* output = call.Output(0, {at.batch, at.queries, width});
  if (!call.ok()) return;
  Team& team = Team::Get();
  std::vector<float> room(team.size() * block * at.keys);
  team.Share(at.batch * at.heads, at.cost(), [&](int64_t item, int member) {
    float* scores = room.data() + member * block * at.keys;
    for (int64_t first = 0; first < at.queries; first += block) {
      const int64_t count = std::min(block, at.queries - first);
      Weigh(at, item, first, count, scores);
      Product product{count, at.depth, at.keys};
      product.a = {scores, at.keys, 1};
      product.b = {at.value + at.HeadOf(item, at.room), width, 1};
      product.c = output + at.HeadOf(item, at.queries) + first * width;
      product.step = width;
      MultiplyAlone(product);
      if (!at.causal && at.mask.count() == 0) continue;
      for (int64_t i = 0; i < count; i++)
        if (!AreFinite(product.c + i * width, at.depth))
          MixVisible(at, item, first + i, scores + i * at.keys, product.c + i * width);
    }
  });
}

// With p the weights and dp = dy·vᵀ: ds = scale·p·(dp − Σ p·dp), dq = ds·k, dk = dsᵀ·q, dv = pᵀ·dy. Inputs: those of
// the forward pass, dy, and which of the three are wanted; the others come out empty.
void AttentionGradient(Call& call) {
  const Attention at = Read(call);
  const Input dy = call.input(7), wanted = call.input(8);
  if (!call.ok()) return;
  const int64_t width = at.width(), keys = at.keys, block = std::min(kBlock, at.queries);
  float* gradients[3];
  for (int which = 0; which < 3; which++) {
    const int64_t length = which == 0 ? at.queries : at.room;
    float* place = wanted.integers()[which] ? call.Output(which, {at.batch, length, width}) : call.Output(which, {0});
    gradients[which] = wanted.integers()[which] ? place : nullptr;
  }
  if (!call.ok()) return;
  float *const dq = gradients[0], *const dk = gradients[1], *const dv = gradients[2];
  Team& team = Team::Get();
  std::vector<float> room(2 * team.size() * block * keys);
  team.Share(at.batch * at.heads, 2.5 * at.cost(), [&](int64_t item, int member) {
    float *weights = room.data() + 2 * member * block * keys, *slopes = weights + block * keys;
    const int64_t ofQuery = at.HeadOf(item, at.queries), ofKey = at.HeadOf(item, at.room);
    // A key that is not there yet, or that nobody asks, has a gradient of 0.
    for (float* gradient : {dk, dv})
      for (int64_t key = at.queries > 0 ? keys : 0; gradient && key < at.room; key++)
        std::fill_n(gradient + ofKey + key * width, at.depth, 0.f);
    for (int64_t first = 0; first < at.queries; first += block) {
      const int64_t count = std::min(block, at.queries - first), here = ofQuery + first * width;
      Weigh(at, item, first, count, weights);
      if (dv)
        MultiplyAlone({keys,
                       at.depth,
                       count,
                       {weights, 1, keys},
                       {dy.floats() + here, width, 1},
                       dv + ofKey,
                       width,
                       nullptr,
                       first > 0});
      if (!dq && !dk) continue;
      MultiplyAlone(
          {count, keys, at.depth, {dy.floats() + here, width, 1}, {at.value + ofKey, 1, width}, slopes, keys});
      for (int64_t i = 0; i < count; i++) {
        // A row that may attend to nothing has weights that do not depend on its scores.
        const bool blind = at.uniform && at.SeesNothing(item / at.heads, first + i);
        SoftmaxGradient(weights + i * keys, slopes + i * keys, keys, blind ? 0 : at.scale);
      }
      if (dq) MultiplyAlone({count, at.depth, keys, {slopes, keys, 1}, {at.key + ofKey, width, 1}, dq + here, width});
      if (dk)
        MultiplyAlone({keys,
                       at.depth,
                       count,
                       {slopes, 1, keys},
                       {at.query + here, width, 1},
                       dk + ofKey,
                       width,
                       nullptr,
                       first > 0});
    }
  });
}

#define ATTENTION_INPUTS \
  "query: float", "key: float", "value: float", "mask: T", "slopes: float", "sizes: int32", "scale: float"

const bool registered[] = {
    Register<AttentionForward>("FlamingoAttention", {ATTENTION_INPUTS}, {"output: float"}, {"T: {bool, int32}"}),
    Register<AttentionGradient>("FlamingoAttentionGradient", {ATTENTION_INPUTS, "dy: float", "wanted: int32"},
                                {"dquery: float", "dkey: float", "dvalue: float"}, {"T: {bool, int32}"}),
};

}  // namespace
}  // namespace flamingo
