#include "engine/passes/resize_input.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/graph/messages.h"
#include "engine/passes/size_growth.h"

namespace pare::engine {
namespace {

using Done = Result<std::monostate>;
using Ints = std::vector<std::int64_t>;

bool any_grows(const Growths& growths) {
  return !std::ranges::all_of(growths, &Growth::is_fixed);
}

// Goes through the nodes once, in the order they run; used once.
class Resizer {
 public:
  Resizer(const Graph& graph, const Observation& observed, SizeChange change)
      : graph_(graph), observed_(observed), change_(change) {}

  Result<Graph> run() {
    TensorInfo& input = graph_.inputs[0];
    growths_[input.name] = {{0, 0}, {0, 0}, {1, 0}, {0, 1}};
    input.shape[2] = change_.height;
    input.shape[3] = change_.width;
    for (Node& node : graph_.nodes) {
      if (Done done = follow(node); !done) return done.error();
    }
    for (TensorInfo& output : graph_.outputs) declare(output);
    return std::move(graph_);
  }

 private:
  using Handler = Done (Resizer::*)(Node&);

  Done follow(Node& node) {
    if (observed_.constants.contains(node.outputs[0])) return std::monostate{};
    static const std::map<std::string, Handler, std::less<>> kHandlers = {
        {"Transpose", &Resizer::transpose},
        {"Reshape", &Resizer::reshape},
        {"Flatten", &Resizer::same_elements},
        {"Squeeze", &Resizer::same_elements},
        {"Unsqueeze", &Resizer::same_elements},
        {"Resize", &Resizer::resize},
        {"Slice", &Resizer::slice},
        {"Split", &Resizer::split},
        {"Gather", &Resizer::gather},
        {"MatMul", &Resizer::matmul},
        {"Gemm", &Resizer::dense},
        {"Expand", &Resizer::fixed_shape},
        {"Tile", &Resizer::fixed_shape},
        {"Add", &Resizer::elementwise},
        {"Sub", &Resizer::elementwise},
        {"Mul", &Resizer::elementwise},
        {"Div", &Resizer::elementwise},
        {"Pow", &Resizer::elementwise},
        {"Max", &Resizer::elementwise},
        {"Min", &Resizer::elementwise},
        {"Sum", &Resizer::elementwise},
        {"Where", &Resizer::elementwise},
        {"Concat", &Resizer::concat},
        {"PRelu", &Resizer::elementwise},
    };
    const auto handler = kHandlers.find(node.op);
    return handler == kHandlers.end() ? same_axes(node) : (this->*handler->second)(node);
  }

  const Shape& shape(const std::string& tensor) const { return observed_.shapes.at(tensor); }

  // All fixed for constants and what follows from them.
  Growths growths(const std::string& tensor) const {
    const auto found = growths_.find(tensor);
    return found != growths_.end() ? found->second : Growths(shape(tensor).size());
  }

  // What does not exist in this operator is fixed; a rank that changes is not understood.
  Done same_axes(Node& node) {
    const Growths in = growths(node.inputs.empty() ? node.outputs[0] : node.inputs[0]);
    for (const std::string& output : node.outputs) {
      if (output.empty()) continue;
      Growths out(shape(output).size());
      if (any_grows(in)) {
        if (in.size() != out.size()) return cannot(node, "changes the rank of a feature map");
        for (std::size_t axis = 0; axis < out.size(); ++axis) {
          if (shape(output)[axis] != 1 || shape(node.inputs[0])[axis] == 1) out[axis] = in[axis];
        }
      }
      growths_[output] = std::move(out);
    }
    return std::monostate{};
  }

  Done elementwise(Node& node) {
    Growths out(shape(node.outputs[0]).size());
    for (const std::string& input : node.inputs) {
      const Growths in = growths(input);
      for (std::size_t i = 0; i < in.size(); ++i) {
        if (!in[i].is_fixed()) out[out.size() - in.size() + i] = in[i];
      }
    }
    for (const std::string& input : node.inputs) {
      const Growths in = growths(input);
      for (std::size_t i = 0; i < in.size(); ++i) {
        const Growth& wanted = out[out.size() - in.size() + i];
        if (in[i] != wanted && shape(input)[i] != 1 && !is_computed(input)) {
          return cannot(node, "combines a feature map with " + in_quotes(input) +
                                  " of fixed size " + to_string(shape(input)));
        }
      }
    }
    growths_[node.outputs[0]] = std::move(out);
    return std::monostate{};
  }

  Done transpose(Node& node) {
    const Growths in = growths(node.inputs[0]);
    Ints reversed;
    for (auto axis = std::ssize(in); axis-- > 0;) reversed.push_back(axis);
    Growths out;
    for (const std::int64_t axis : ints_attribute(node, "perm", reversed)) {
      out.push_back(in[static_cast<std::size_t>(axis)]);
    }
    growths_[node.outputs[0]] = std::move(out);
    return std::monostate{};
  }

  Done same_elements(Node& node) {
    const Shape& to = shape(node.outputs[0]);
    auto out = reshaped(shape(node.inputs[0]), growths(node.inputs[0]), to, change_);
    if (!out) return cannot(node, "cuts an axis that grows into the shape " + to_string(to));
    growths_[node.outputs[0]] = *std::move(out);
    return std::monostate{};
  }

  Done reshape(Node& node) {
    if (Done done = same_elements(node); !done) return done;
    const Growths& out = growths_.at(node.outputs[0]);
    return any_grows(out) ? rewrite(node, 1, out) : Done(std::monostate{});
  }

  Done resize(Node& node) {
    if (Done done = same_axes(node); !done) return done;
    const Growths& out = growths_.at(node.outputs[0]);
    const bool has_sizes = node.inputs.size() > 3 && !node.inputs[3].empty();
    return has_sizes && any_grows(out) ? rewrite(node, 3, out) : Done(std::monostate{});
  }

  // Scales the sizes that the node reads as a constant; 0 and -1 say "as it is" and "the rest".
  Done rewrite(Node& node, std::size_t input, const Growths& out) {
    const std::string old_name = node.inputs[input];
    const auto constant = graph_.constants.find(old_name);
    if (constant == graph_.constants.end()) {
      if (is_computed(old_name)) return std::monostate{};  // by Shape: follows by itself
      return cannot(node, "takes its sizes from " + in_quotes(old_name));
    }
    Ints sizes = integers(constant->second);
    for (std::size_t axis = 0; axis < sizes.size() && axis < out.size(); ++axis) {
      if (sizes[axis] <= 0) continue;
      const auto grown = change_.grown(sizes[axis], out[axis]);
      if (!grown) {
        return cannot(node, "has the size " + std::to_string(sizes[axis]) +
                                ", which does not scale to a whole one");
      }
      sizes[axis] = *grown;
    }
    const std::string name = fresh_name(graph_, old_name);  // the old one may have other readers
    graph_.constants[name] = Tensor::of<std::int64_t>(constant->second.shape(), sizes);
    node.inputs[input] = name;
    return std::monostate{};
  }

  // A stride over a whole axis scales; a part of an axis, or one whose end is written down, does
  // not.
  Done slice(Node& node) {
    if (Done done = same_axes(node); !done) return done;
    const Growths in = growths(node.inputs[0]);
    if (!any_grows(in)) return std::monostate{};
    const Ints starts = sliced(node, "starts", 1);
    const Ints ends = sliced(node, "ends", 2);
    const Ints axes = sliced(node, "axes", 3);
    const Ints steps = sliced(node, "steps", 4);
    constexpr std::int64_t kOpenEnd = std::numeric_limits<std::int32_t>::max();
    for (std::size_t i = 0; i < std::max(starts.size(), axes.size()); ++i) {
      auto axis = axes.empty() ? static_cast<std::int64_t>(i) : axes[i];
      if (axis < 0) axis += std::ssize(in);
      if (in[static_cast<std::size_t>(axis)].is_fixed()) continue;
      const std::int64_t step = steps.empty() ? 1 : steps[i];
      const bool is_known = i < starts.size() && i < ends.size();
      if (!is_known || starts[i] < 0 || starts[i] >= step || ends[i] < kOpenEnd) {
        return cannot(node, "takes a fixed part of a feature map");
      }
    }
    return std::monostate{};
  }

  // An attribute before opset 10, an input since; empty where it is absent or not a constant.
  Ints sliced(const Node& node, std::string_view attribute, std::size_t input) const {
    if (node.inputs.size() == 1) return ints_attribute(node, attribute, {});
    if (input >= node.inputs.size()) return {};
    const auto found = observed_.constants.find(node.inputs[input]);
    if (found == observed_.constants.end()) return {};
    return integers(found->second);
  }

  static Ints integers(const Tensor& tensor) {
    if (tensor.dtype() == DType::kInt32) {
      const auto values = tensor.values<std::int32_t>();
      return {values.begin(), values.end()};
    }
    const auto values = tensor.values<std::int64_t>();
    return {values.begin(), values.end()};
  }

  // What lies side by side must grow alike, the constants among it included.
  Done concat(Node& node) {
    const Growths first = growths(node.inputs[0]);
    for (const std::string& input : node.inputs) {
      if (growths(input) == first) continue;
      return cannot(node,
                    "joins parts that grow with parts that do not, such as " + in_quotes(input));
    }
    growths_[node.outputs[0]] = first;
    return std::monostate{};
  }

  Done split(Node& node) {
    const Growths in = growths(node.inputs[0]);
    const auto rank = std::ssize(in);
    const std::int64_t axis = int_attribute(node, "axis", 0);
    if (!in[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)].is_fixed()) {
      return cannot(node, "splits an axis that grows");
    }
    return same_axes(node);
  }

  Done gather(Node& node) {
    Growths out = growths(node.inputs[0]);
    const std::int64_t axis = int_attribute(node, "axis", 0);
    const auto at = out.begin() + (axis < 0 ? axis + std::ssize(out) : axis);
    if (!at->is_fixed()) return cannot(node, "picks from an axis that grows");
    const auto place = out.erase(at);
    out.insert(place, shape(node.inputs[1]).size(), Growth{});
    growths_[node.outputs[0]] = std::move(out);
    return std::monostate{};
  }

  Done dense(Node& node) {
    if (any_grows(growths(node.inputs[0])) || any_grows(growths(node.inputs[1]))) {
      return cannot(node, "multiplies matrices whose size would change");
    }
    growths_[node.outputs[0]] = Growths(shape(node.outputs[0]).size());
    return std::monostate{};
  }

  // Rows and columns may grow, as in attention over positions; what is summed over must be as long
  // on either side.
  Done matmul(Node& node) {
    const Growths a = growths(node.inputs[0]);
    const Growths b = growths(node.inputs[1]);
    if (!any_grows(a) && !any_grows(b)) return dense(node);
    if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) {
      return cannot(node, "multiplies matrices that would no longer fit together");
    }
    Growths out(shape(node.outputs[0]).size());
    for (const auto& [in, name] : {std::pair(a, node.inputs[0]), std::pair(b, node.inputs[1])}) {
      for (std::size_t axis = 0; axis + 2 < in.size(); ++axis) {
        Growth& wanted = out[out.size() - in.size() + axis];
        if (in[axis].is_fixed()) continue;
        if (!wanted.is_fixed() && wanted != in[axis]) {
          return cannot(node, "multiplies batches that grow unlike each other");
        }
        wanted = in[axis];
      }
    }
    for (const auto& [in, name] : {std::pair(a, node.inputs[0]), std::pair(b, node.inputs[1])}) {
      for (std::size_t axis = 0; axis + 2 < in.size(); ++axis) {
        const bool fits = in[axis] == out[out.size() - in.size() + axis] || shape(name)[axis] == 1;
        if (!fits) return cannot(node, "multiplies batches that grow unlike each other");
      }
    }
    out[out.size() - 2] = a[a.size() - 2];
    out.back() = b.back();
    growths_[node.outputs[0]] = std::move(out);
    return std::monostate{};
  }

  Done fixed_shape(Node& node) {
    if (any_grows(growths(node.inputs[0]))) return cannot(node, "has a fixed shape");
    return same_axes(node);
  }

  // Made by a node, from shapes or weights, rather than written in the file.
  bool is_computed(const std::string& tensor) const {
    return observed_.constants.contains(tensor) && !graph_.constants.contains(tensor);
  }

  Error cannot(const Node& node, const std::string& why) const {
    return unsupported(describe(node) + " " + why + ", so the input cannot become " +
                       std::to_string(change_.height) + "x" + std::to_string(change_.width));
  }

  // Declared as far as it is known: a map that does not divide the input may be rounded either way.
  void declare(TensorInfo& output) const {
    const Growths out = growths(output.name);
    Shape grown = shape(output.name);
    for (std::size_t axis = 0; axis < out.size(); ++axis) {
      std::int64_t pixels = 1;  // of the input, along what this axis grows with
      for (int i = 0; i < out[axis].height; ++i) pixels *= change_.old_height;
      for (int i = 0; i < out[axis].width; ++i) pixels *= change_.old_width;
      const auto length = change_.grown(grown[axis], out[axis]);
      if (!length || (!out[axis].is_fixed() && pixels % grown[axis] != 0)) {
        grown[axis] = kAnySize;
      } else {
        grown[axis] = *length;
      }
    }
    output.shape = std::move(grown);
  }

  Graph graph_;
  const Observation& observed_;
  SizeChange change_;
  std::map<std::string, Growths, std::less<>> growths_;
};

}  // namespace

Result<Graph> resize_input(const Graph& graph, const Observation& observed, int height, int width) {
  if (height < 1 || width < 1) {
    return invalid("an input of " + std::to_string(height) + "x" + std::to_string(width) +
                   " is not possible");
  }
  if (graph.inputs.size() != 1 || graph.inputs[0].shape.size() != 4) {
    return invalid("only a graph with one 4-dimensional input can be resized");
  }
  const Shape& shape = graph.inputs[0].shape;
  return Resizer(graph, observed, {shape[2], shape[3], height, width}).run();
}

}  // namespace pare::engine
