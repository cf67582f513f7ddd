#include "tests/engine/prune/random_flows.h"

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <set>

#include "tests/engine/prune/flow_blocks.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using Ints = std::vector<std::int64_t>;
constexpr int kMostChannels = 48;  // of what a block with a product of channels reads

class FlowWriter {
 public:
  explicit FlowWriter(unsigned seed) : b_(seed, 17), random_(seed) {}

  Graph write() {
    add(b_.conv(b_.input({1, 3, 8, 8}), {.channels = 4 * pick(2, 5)}));
    for (int step = pick(4, 9); step > 0; --step) grow();
    for (const std::string& end : unread_) finish(end);
    return b_.build();
  }

 private:
  int pick(int low, int high) {  // both included
    return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
  }
  bool toss() { return pick(0, 1) == 1; }
  void add(const std::string& tensor) {
    tensors_.push_back(tensor);
    unread_.insert(tensor);
  }
  const std::string& read(const std::string& tensor) {
    unread_.erase(tensor);
    return tensor;
  }
  const std::string& any() {
    return tensors_[static_cast<std::size_t>(pick(0, static_cast<int>(tensors_.size()) - 1))];
  }
  int channels(const std::string& tensor) const { return static_cast<int>(b_.shape(tensor)[1]); }
  std::int64_t side(const std::string& tensor) const { return b_.shape(tensor)[2]; }
  // A divisor of `number` that is neither 1 nor itself, or 1.
  int divisor(int number) {
    std::vector<int> found;
    for (int d = 2; d < number; ++d) {
      if (number % d == 0) found.push_back(d);
    }
    return found.empty()
               ? 1
               : found[static_cast<std::size_t>(pick(0, static_cast<int>(found.size()) - 1))];
  }
  // Another tensor of the same size, and as many channels where that matters; else the same one.
  std::string partner(const std::string& tensor, bool same_channels) {
    std::vector<std::string> fitting;
    for (const std::string& other : tensors_) {
      Shape a = b_.shape(tensor), b = b_.shape(other);
      if (!same_channels) a[1] = b[1];
      if (a == b && other != tensor) fitting.push_back(other);
    }
    return fitting.empty()
               ? tensor
               : fitting[static_cast<std::size_t>(pick(0, static_cast<int>(fitting.size()) - 1))];
  }

  void grow() {
    const std::string x = any();
    const int kind = pick(0, 29);
    if (kind < 10) return add(convolved(x, kind));
    if (kind < 20) return moved(x, kind - 10);
    add(blended(x, kind - 20));
  }

  std::string bent(const std::string& x) {
    static const std::array kBends = {"Relu", "LeakyRelu", "Sigmoid",  "HardSwish", "Tanh", "Elu",
                                      "Abs",  "Softplus",  "Identity", "Erf",       "Neg"};
    const int which = pick(0, static_cast<int>(kBends.size()) + 1);
    if (which == static_cast<int>(kBends.size())) return b_.silu(x);
    if (which > static_cast<int>(kBends.size())) {
      return b_.node("PRelu", {x, b_.constant({channels(x), 1, 1})}, {b_.shape(x)})[0];
    }
    return b_.node(kBends[static_cast<std::size_t>(which)], {x}, {b_.shape(x)})[0];
  }

  // Convolutions of every kind.
  std::string convolved(const std::string& x, int kind) {
    const int c = channels(x);
    switch (kind) {
      case 0:
      case 1:
      case 2: return bent(b_.conv(read(x), {.channels = 4 * pick(1, 5), .kernel = toss() ? 3 : 1}));
      case 3:
      case 4: return bent(b_.batch_norm(b_.conv(read(x), {.channels = c, .groups = c})));
      case 5: return b_.conv(read(x), {.channels = pick(2, 3) * c, .kernel = 1, .groups = c});
      case 6:
      case 7: {
        const int groups = divisor(c);
        return bent(b_.conv(read(x), {.channels = groups * pick(1, 6), .groups = groups}));
      }
      case 8: return transposed(x, false);
      default: return transposed(x, true);
    }
  }
  std::string transposed(const std::string& x, bool depthwise) {
    const std::int64_t c = channels(x), made = depthwise ? c : pick(3, 9), size = side(x);
    if (size > 8) return convolved(x, 0);
    const Shape weights = {c, depthwise ? 1 : made, 2, 2};
    return b_.node("ConvTranspose", {read(x), b_.constant(weights), b_.constant({made})},
                   {{1, made, 2 * size, 2 * size}},
                   {{"strides", Ints{2, 2}}, {"group", depthwise ? c : std::int64_t{1}}})[0];
  }

  // Channels meet, part and change places.
  void moved(const std::string& x, int kind) {
    const int c = channels(x);
    switch (kind) {
      case 0:
      case 1: return residual(x);
      case 2: return add(b_.concat({read(x), read(partner(x, false))}));
      case 3: return halves(x);
      case 4: return add(b_.slice(read(x), 1, c / 4, c));
      case 5: return add(c > 3 ? b_.channel_shuffle(read(x), divisor(c)) : bent(read(x)));
      case 6: return add(channels_last(x));
      case 7: return add(resized(x));
      case 8: return add(shuffled_pixels(x));
      default: return add(bent_apart(x));
    }
  }
  void residual(const std::string& x) {
    const std::string other = partner(x, true);
    const std::string branch =
        other != x ? other : b_.conv(x, {.channels = channels(x), .kernel = 1});
    add(toss() ? b_.add(read(x), read(branch)) : b_.mul(read(x), read(branch)));
  }
  void halves(const std::string& x) {
    const int c = channels(x), first = c / 2;
    if (c < 2) return add(bent(read(x)));
    const auto parts = b_.split(read(x), {first, c - first});
    add(parts[0]);
    add(b_.conv(parts[1], {.channels = 8, .bias = false}));
  }
  // A constant along the channels of 1xHxWxC, and back.
  std::string channels_last(const std::string& x) {
    const std::string turned = b_.transpose(read(x), {0, 2, 3, 1});
    return b_.transpose(b_.add(turned, b_.constant({channels(x)})), {0, 3, 1, 2});
  }
  std::string resized(const std::string& x) {
    if (side(x) <= 4) return b_.upsample(read(x));
    return toss() ? b_.max_pool(read(x), 3, 2) : b_.max_pool(read(x), 1, 2);
  }
  std::string shuffled_pixels(const std::string& x) {
    if (side(x) > 4 && toss()) return folded_pixels(x);
    if (channels(x) % 4 != 0 || side(x) > 8) return bent(read(x));
    if (toss()) return pixel_shuffle_in_pieces(b_, read(x));
    return pixel_shuffle(b_, read(x), toss());
  }
  // Four neighbours become four channels: SpaceToDepth, or slices as YOLOX's Focus has them.
  std::string folded_pixels(const std::string& x) {
    const std::int64_t c = channels(x), half = side(x) / 2;
    if (c > kMostChannels || side(x) % 2 != 0) return b_.max_pool(read(x), 3, 2);
    if (toss()) {
      return b_.node("SpaceToDepth", {read(x)}, {{1, 4 * c, half, half}},
                     {{"blocksize", std::int64_t{2}}})[0];
    }
    const auto quarter = [&](std::int64_t row, std::int64_t column) {
      return b_.slice(b_.slice(read(x), 2, row, 2 * half, 2), 3, column, 2 * half, 2);
    };
    return b_.concat({quarter(0, 0), quarter(1, 0), quarter(0, 1), quarter(1, 1)});
  }
  // Something between two Reshapes that is more than a change of places.
  std::string bent_apart(const std::string& x) {
    const std::int64_t c = channels(x), parts = divisor(channels(x)), size = side(x);
    const std::string apart = b_.reshape(read(x), {1, parts, c / parts, size, size});
    const std::string bend = toss() ? b_.sigmoid(apart) : b_.add(apart, b_.relu(apart));
    const std::string turned = toss() ? b_.transpose(bend, {0, 2, 1, 3, 4}) : bend;
    return b_.reshape(turned, {1, c, size, size});
  }

  // Gates, normalisations and attention.
  std::string blended(const std::string& x, int kind) {
    const int c = channels(x);
    const bool small = c <= kMostChannels && side(x) <= 8;
    const int heads = std::max(1, divisor(c));
    switch (kind) {
      case 0: return channel_gates(b_, read(x), toss());
      case 1: return toss() ? spatial_gates(b_, read(x)) : b_.mul(read(x), b_.sigmoid(mask(x)));
      case 2: return group_norm(b_, read(x), divisor(c));
      case 3: return layer_norm(b_, read(x), toss());
      case 4:
      case 5: return small ? positional_attention(b_, read(x), heads, pick(2, 6)) : bent(read(x));
      case 6: return small ? token_attention(b_, read(x), heads) : bent(read(x));
      case 7: return small ? einsum_attention(b_, read(x), heads) : bent(read(x));
      case 8: return toss() ? token_mlp(b_, read(x), 4 * pick(2, 6)) : grid_sample(b_, read(x));
      default: return toss() && small ? channel_attention(b_, read(x)) : instance_norm(x);
    }
  }
  std::string mask(const std::string& x) { return b_.conv(x, {.channels = 1, .kernel = 1}); }
  std::string instance_norm(const std::string& x) {
    const std::int64_t c = channels(x);
    return b_.node("InstanceNormalization",
                   {read(x), b_.constant({c}, 0.5F, 1.5F), b_.constant({c})}, {b_.shape(x)},
                   {{"epsilon", 0.1F}})[0];
  }

  void finish(const std::string& end) {
    if (pick(0, 3) > 0) return b_.output(b_.conv(end, {.channels = 3}));
    const std::int64_t c = channels(end);
    const std::string flat =
        b_.node("Flatten", {b_.node("GlobalMaxPool", {end}, {{1, c, 1, 1}})[0]}, {{1, c}},
                {{"axis", std::int64_t{1}}})[0];
    b_.output(b_.node("Gemm", {flat, b_.constant({c, 5}), b_.constant({5})}, {{1, 5}})[0]);
  }

  GraphBuilder b_;
  std::mt19937 random_;
  std::vector<std::string> tensors_;
  std::set<std::string> unread_;
};

}  // namespace

Graph random_flows(unsigned seed) {
  return FlowWriter(seed).write();
}

}  // namespace pare::engine::test
