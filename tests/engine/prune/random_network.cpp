#include "tests/engine/prune/random_network.h"

#include <algorithm>
#include <random>
#include <set>

#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

class Writer {
 public:
  explicit Writer(unsigned seed) : builder_(seed), random_(seed) {}

  Graph write() {
    add(builder_.conv(builder_.input({1, 3, 16, 16}), {.channels = 4 * pick(2, 5)}));
    for (int step = 0; step < 12; ++step) grow();
    for (const std::string& end : unread_) builder_.output(builder_.conv(end, {.channels = 3}));
    return builder_.build();
  }

 private:
  int pick(int low, int high) {  // both included
    return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
  }
  void add(const std::string& tensor) {
    tensors_.push_back(tensor);
    unread_.insert(tensor);
  }
  const std::string& read(const std::string& tensor) {
    unread_.erase(tensor);
    return tensor;
  }
  std::string any() {
    return tensors_[static_cast<std::size_t>(pick(0, int(tensors_.size()) - 1))];
  }
  int channels(const std::string& tensor) const {
    return static_cast<int>(builder_.shape(tensor)[1]);
  }
  // Another tensor that agrees in all dimensions, or but for the channels; else the same one.
  std::string partner(const std::string& tensor, bool same_channels) {
    std::vector<std::string> fitting;
    for (const std::string& other : tensors_) {
      Shape a = builder_.shape(tensor), b = builder_.shape(other);
      if (!same_channels) a[1] = b[1];
      if (a == b && other != tensor) fitting.push_back(other);
    }
    return fitting.empty() ? tensor
                           : fitting[static_cast<std::size_t>(pick(0, int(fitting.size()) - 1))];
  }

  void grow() {
    const std::string x = any();
    const int c = channels(x);
    switch (pick(0, 12)) {
      case 0: return add(builder_.silu(builder_.conv(read(x), {.channels = 4 * pick(1, 4)})));
      case 1: return residual(x);
      case 2: return add(builder_.concat({read(x), read(partner(x, false))}));
      case 3: return halves(x);
      case 4: return add(builder_.slice(read(x), 1, c / 4, c));
      case 5: return add(c % 2 == 0 ? builder_.channel_shuffle(read(x), c % 4 == 0 ? 4 : 2) : x);
      case 6: return add(builder_.relu(builder_.conv(read(x), {.channels = c, .groups = c})));
      case 7: return add(builder_.batch_norm(read(x)));
      case 8: return add(builder_.mul(read(x), builder_.constant({1, c, 1, 1})));
      case 9: return resized(x);
      case 10: return attention(x);
      case 11: return add(bent(x));
      default: return add(channels_last(x));
    }
  }

  void residual(const std::string& x) {
    const std::string other = partner(x, true);
    const std::string branch =
        other != x ? other : builder_.conv(x, {.channels = channels(x), .kernel = 1});
    add(builder_.add(read(x), read(branch)));
  }
  void halves(const std::string& x) {
    const int c = channels(x), first = c / 2;
    const auto parts = builder_.split(read(x), {first, c - first});
    add(parts[0]);
    add(builder_.conv(parts[1], {.channels = 8, .bias = false}));
  }
  void resized(const std::string& x) {
    if (builder_.shape(x)[2] > 4) return add(builder_.max_pool(read(x), 3, 2));
    add(builder_.upsample(read(x)));
  }
  // Squeeze and excitation: one scale a channel, computed from the whole map.
  void attention(const std::string& x) {
    const int c = channels(x);
    const std::string mean = builder_.node("GlobalAveragePool", {x}, {{1, c, 1, 1}})[0];
    const std::string few = builder_.relu(builder_.conv(mean, {.channels = 4, .kernel = 1}));
    const std::string scale = builder_.sigmoid(builder_.conv(few, {.channels = c, .kernel = 1}));
    add(builder_.mul(read(x), scale));
  }
  // A constant along the channels of 1xHxWxC, and back.
  std::string channels_last(const std::string& x) {
    const std::string turned = builder_.transpose(read(x), {0, 2, 3, 1});
    const std::string moved = builder_.add(turned, builder_.constant({channels(x)}));
    return builder_.transpose(moved, {0, 3, 1, 2});
  }
  std::string bent(const std::string& x) {
    const std::string slopes = builder_.constant({channels(x), 1, 1});
    return builder_.node("PRelu", {read(x), slopes}, {builder_.shape(x)})[0];
  }

  GraphBuilder builder_;
  std::mt19937 random_;
  std::vector<std::string> tensors_;
  std::set<std::string> unread_;
};

}  // namespace

Graph random_network(unsigned seed) {
  return Writer(seed).write();
}

}  // namespace pare::engine::test
