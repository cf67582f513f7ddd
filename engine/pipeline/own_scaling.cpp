#include "engine/pipeline/own_scaling.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/convert.h"

namespace pare::engine {
namespace {

using Three = std::array<double, 3>;

constexpr double kPixelFactor = 1.0 / 32;  // of a factor that pixels are made small with
constexpr double kPixelOffset = 8;         // of an offset that only pixels have

// Follows the image; used once.
class Walk {
 public:
  Walk(const Graph& graph, const Observation& observed) : graph_(graph), observed_(observed) {}

  OwnScaling run() {
    const Edges edges = edges_of(graph_);
    std::string tensor = graph_.inputs.at(0).name;
    for (;;) {
      const auto readers = edges.consumers.find(tensor);
      if (readers == edges.consumers.end() || readers->second.size() != 1) return own_;
      const Node& node = graph_.nodes[readers->second.front()];
      if (is_graph_output(graph_, tensor) || !node.domain.empty() || !take(node, tensor)) {
        return own_;
      }
      tensor = node.outputs[0];
    }
  }

 private:
  bool take(const Node& node, const std::string& image) {
    if (node.op == "Cast" || node.op == "Identity") return true;
    if (node.op == "Transpose") return turn(node);
    if (node.op == "Gather") return gather(node, image);
    if (node.op == "BatchNormalization") return normalise(node);
    if (node.op == "Slice") return reverse(node);
    return node.inputs.size() == 2 && compute(node, node.inputs[0] == image);
  }

  bool turn(const Node& node) {
    const auto order = ints_attribute(node, "perm", {});
    const auto at = std::ranges::find(order, axis_);
    if (order.size() != 4 || at == order.end()) return false;
    axis_ = at - order.begin();
    return true;
  }

  const Tensor* constant(const Node& node, std::size_t input) const {
    if (input >= node.inputs.size()) return nullptr;
    const auto found = observed_.constants.find(node.inputs[input]);
    return found == observed_.constants.end() ? nullptr : &found->second;
  }

  std::vector<std::int64_t> integers(const Node& node, std::size_t input) const {
    const Tensor* tensor = constant(node, input);
    if (tensor == nullptr) return {};
    const Tensor wide = converted(*tensor, DType::kInt64);
    return {wide.values<std::int64_t>().begin(), wide.values<std::int64_t>().end()};
  }

  // One number, or one a channel where the channels are.
  std::optional<Three> numbers(const Node& node, std::size_t input) const {
    const Tensor* tensor = constant(node, input);
    if (tensor == nullptr || (tensor->size() != 1 && tensor->size() != 3)) return std::nullopt;
    const Tensor floats = converted(*tensor, DType::kFloat32);
    const auto values = floats.values<float>();
    if (values.size() == 1) return Three{values[0], values[0], values[0]};
    const auto from_end = static_cast<std::size_t>(4 - axis_);
    const Shape& shape = tensor->shape();
    if (shape.size() < from_end || shape[shape.size() - from_end] != 3) return std::nullopt;
    return Three{values[0], values[1], values[2]};
  }

  bool compute(const Node& node, bool image_first) {
    const auto by = numbers(node, image_first ? 1 : 0);
    const bool turned = !image_first && (node.op == "Sub" || node.op == "Div");
    if (!by || turned) return false;
    for (std::size_t c = 0; c < 3; ++c) {
      if (node.op == "Add") {
        own_.offset.at(c) += by->at(c);
      } else if (node.op == "Sub") {
        own_.offset.at(c) -= by->at(c);
      } else if (node.op == "Mul") {
        scale(c, by->at(c));
      } else if (node.op == "Div" && by->at(c) != 0) {
        scale(c, 1 / by->at(c));
      } else {
        return false;
      }
    }
    return true;
  }

  void scale(std::size_t channel, double factor) {
    own_.scale.at(channel) *= factor;
    own_.offset.at(channel) *= factor;
  }

  bool normalise(const Node& node) {
    std::vector<Three> values;
    for (std::size_t input = 1; input < 5; ++input) {
      const Tensor* tensor = constant(node, input);
      if (tensor == nullptr || tensor->size() != 3 || axis_ != 1) return false;
      const Tensor floats = converted(*tensor, DType::kFloat32);
      values.push_back(
          {floats.values<float>()[0], floats.values<float>()[1], floats.values<float>()[2]});
    }
    const double epsilon = float_attribute(node, "epsilon", 1e-5F);
    for (std::size_t c = 0; c < 3; ++c) {
      own_.offset.at(c) -= values[2].at(c);
      scale(c, values[0].at(c) / std::sqrt(values[3].at(c) + epsilon));
      own_.offset.at(c) += values[1].at(c);
    }
    return true;
  }

  bool gather(const Node& node, const std::string& image) {
    const auto order = integers(node, 1);
    const auto axis = int_attribute(node, "axis", 0);
    if (node.inputs[0] != image || (axis < 0 ? axis + 4 : axis) != axis_) return false;
    return reorder(order);
  }

  // From the last channel to the first.
  bool reverse(const Node& node) {
    const auto axes = integers(node, 3), steps = integers(node, 4);
    if (axes.size() != 1 || steps.size() != 1 || steps[0] != -1) return false;
    if ((axes[0] < 0 ? axes[0] + 4 : axes[0]) != axis_) return false;
    return reorder({2, 1, 0});
  }

  bool reorder(const std::vector<std::int64_t>& order) {
    if (!std::ranges::is_permutation(order, std::vector<std::int64_t>{0, 1, 2})) return false;
    const OwnScaling old = own_;
    for (std::size_t c = 0; c < 3; ++c) {
      const auto from = static_cast<std::size_t>(order[c]);
      own_.scale.at(c) = old.scale.at(from);
      own_.offset.at(c) = old.offset.at(from);
      own_.channel.at(c) = old.channel.at(from);
    }
    return true;
  }

  const Graph& graph_;
  const Observation& observed_;
  OwnScaling own_;
  std::ptrdiff_t axis_ = 1;  // of the channels
};

struct Way {
  double mean, std;
};

bool is(const Preprocessing& how, const Way& way) {
  for (std::size_t c = 0; c < 3; ++c) {
    if (std::abs(how.std[c] - way.std) > 0.01 * way.std) return false;
    if (std::abs(how.mean[c] - way.mean) > 0.01 * way.std) return false;
  }
  return true;
}

// What has to be done to pixels so that the network's own scaling brings them to `wanted`.
std::optional<Preprocessing> undone(const Preprocessing& wanted, const OwnScaling& own) {
  Preprocessing how = wanted;
  for (std::size_t c = 0; c < 3; ++c) {
    if (own.scale.at(c) == 0) return std::nullopt;
    const auto from = static_cast<std::size_t>(own.channel.at(c));
    how.std[from] = wanted.std[c] * own.scale.at(c);
    how.mean[from] = wanted.mean[c] + own.offset.at(c) * wanted.std[c];
  }
  return how;
}

}  // namespace

bool OwnScaling::scales() const {
  return scale != std::array<double, 3>{1, 1, 1} || offset != std::array<double, 3>{0, 0, 0};
}

OwnScaling own_scaling(const Graph& graph, const Observation& observed) {
  return Walk(graph, observed).run();
}

Preprocessing given_its_scaling(const Preprocessing& wanted, const OwnScaling& own) {
  Preprocessing how = wanted;
  how.rgb = own.turns_channels() ? !wanted.rgb : wanted.rgb;
  if (!own.scales()) return how;
  const auto set = [&](const Way& way) {
    how.mean.assign(3, way.mean);
    how.std.assign(3, way.std);
    return how;
  };
  constexpr std::array kUsual = {Way{0, 1}, Way{0, 255}, Way{127.5, 127.5}};
  if (const auto needed = undone(wanted, own)) {
    for (const Way& way : kUsual) {
      if (is(*needed, way)) return set(way);
    }
  }
  const bool of_pixels =
      std::ranges::all_of(own.scale, [](double s) { return std::abs(s) <= kPixelFactor; }) ||
      std::ranges::any_of(own.offset, [](double o) { return std::abs(o) > kPixelOffset; });
  return set(of_pixels ? kUsual[0] : kUsual[1]);
}

}  // namespace pare::engine
