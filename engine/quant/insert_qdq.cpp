#include "engine/quant/insert_qdq.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "engine/quant/int8_nodes.h"
#include "engine/quant/quantize_weights.h"

namespace pare::engine {
namespace {

struct ActivationScale {
  float scale = 1;
  std::uint8_t zero_point = 0;
};

ActivationScale scale_of(Range range) {
  const float low = std::min(range.low, 0.0F);
  const float high = std::max(range.high, 0.0F);
  if (!(high - low > 0)) return {};
  const float scale = (high - low) / 255.0F;
  const float zero = std::clamp(std::nearbyint(-low / scale), 0.0F, 255.0F);
  return {scale, static_cast<std::uint8_t>(zero)};
}

// Rewrites one graph; made for it, used once.
class QdqWriter {
 public:
  QdqWriter(const Graph& graph, const QuantizationPlan& plan, const RangeOf& range_of,
            std::vector<bool> int8)
      : in_(graph),
        plan_(plan),
        range_of_(range_of),
        int8_(std::move(int8)),
        edges_(edges_of(graph)) {}

  Result<QuantizedGraph> write() {
    choose_tensors();
    if (auto chosen = choose_scales(); !chosen) return chosen.error();
    out_.graph = in_;
    out_.graph.nodes.clear();
    for (const TensorInfo& input : in_.inputs) {
      if (quantized_.contains(input.name))
        add_pair(input.name, input.name, name_behind(input.name));
    }
    for (std::size_t n = 0; n < in_.nodes.size(); ++n) {
      if (auto written = write_node(n); !written) return written.error();
    }
    for (const std::string& name : replaced_) remove_if_unread(name);
    return std::move(out_);
  }

 private:
  bool made_in_int8(const std::string& tensor) const {
    const auto maker = edges_.producer.find(tensor);
    return maker != edges_.producer.end() && int8_[maker->second];
  }

  // Where int8 nodes read the tensor.  Behind an int8 producer everybody reads there, under the
  // tensor's own name.
  std::string name_behind(const std::string& tensor) const {
    return made_in_int8(tensor) ? tensor : tensor + "/int8";
  }

  // True between a convolution and the activation that runtimes fold into it.
  bool is_folded(const std::string& tensor) const {
    const auto maker = edges_.producer.find(tensor);
    const auto readers = edges_.consumers.find(tensor);
    if (maker == edges_.producer.end() || readers == edges_.consumers.end()) return false;
    return in_.nodes[maker->second].op == "Conv" && readers->second.size() == 1 &&
           int8_[readers->second.front()] &&
           folds_into_convolution(in_.nodes[readers->second.front()]);
  }

  // How many of a node's inputs are activations; the rest are parameters.
  static std::size_t activation_inputs(const Node& node) {
    return node.op == "Concat" || node.op == "Add" || node.op == "Mul" ? node.inputs.size() : 1;
  }

  void choose_tensors() {
    for (std::size_t n = 0; n < in_.nodes.size(); ++n) {
      if (!int8_[n]) continue;
      const Node& node = in_.nodes[n];
      for (std::size_t i = 0; i < activation_inputs(node); ++i) {
        if (!is_folded(node.inputs[i])) quantized_.insert(node.inputs[i]);
      }
      if (!is_folded(node.outputs[0])) quantized_.insert(node.outputs[0]);
    }
  }

  // In the order of the nodes, so that an operator that moves values finds its input's scale.
  Result<std::monostate> choose_scales() {
    for (const TensorInfo& input : in_.inputs) {
      if (auto chosen = choose_scale(input.name); !chosen) return chosen;
    }
    for (const Node& node : in_.nodes) {
      const auto moved = scales_.find(node.inputs.empty() ? "" : node.inputs[0]);
      for (const std::string& output : node.outputs) {
        if (keeps_scale(node) && moved != scales_.end()) {
          scales_[output] = moved->second;
        } else if (node.op == "Sigmoid") {
          scales_[output] = {1.0F / 256.0F, 0};
        } else if (auto chosen = choose_scale(output); !chosen) {
          return chosen;
        }
      }
    }
    return std::monostate{};
  }

  Result<std::monostate> choose_scale(const std::string& tensor) {
    if (!quantized_.contains(tensor)) return std::monostate{};
    const auto range = range_of_(tensor);
    if (!range) return range.error();
    scales_[tensor] = scale_of(range.value());
    return std::monostate{};
  }

  Result<std::monostate> write_node(std::size_t n) {
    Node node = in_.nodes[n];
    if (int8_[n]) {
      for (std::size_t i = 0; i < activation_inputs(node); ++i) {
        if (quantized_.contains(node.inputs[i])) node.inputs[i] = name_behind(node.inputs[i]);
      }
      if (node.op == "Conv") {
        if (auto done = quantize_parameters(in_.nodes[n], node); !done) return done;
        out_.int8_layers.push_back(node.name);
      }
    }
    const std::vector<std::string> outputs = node.outputs;
    if (int8_[n] && quantized_.contains(outputs[0])) node.outputs[0] = outputs[0] + "/fp32";
    const std::string made = node.outputs.empty() ? "" : node.outputs[0];
    out_.graph.nodes.push_back(std::move(node));
    for (const std::string& output : outputs) {
      if (!quantized_.contains(output)) continue;
      add_pair(output, int8_[n] ? made : output, name_behind(output));
    }
    return std::monostate{};
  }

  Result<std::monostate> quantize_parameters(const Node& original, Node& node) {
    const std::string& weights = original.inputs[1];
    const Tensor& values = in_.constants.at(weights);
    auto quantized = quantize_weights(values, plan_.weight_bits);
    if (!quantized) {
      return Error{quantized.error().code,
                   "layer '" + original.name + "': " + quantized.error().message};
    }
    const std::vector<float>& scales = quantized.value().scales;
    add_dequantized(weights, quantized.value().values, scales);
    node.inputs[1] = weights + "/dequantized";
    if (original.inputs.size() > 2 && !original.inputs[2].empty() &&
        in_.constants.contains(original.inputs[2])) {
      // Two convolutions may share a bias and still need scales of their own.
      const std::string bias = original.inputs[2];
      const float input_scale = scales_.at(original.inputs[0]).scale;
      std::vector<float> bias_scales;
      for (const float scale : scales) bias_scales.push_back(scale * input_scale);
      const std::string own = fresh_name(out_.graph, original.name + "/bias");
      add_dequantized(own, quantize_bias(in_.constants.at(bias), input_scale, scales), bias_scales);
      node.inputs[2] = own + "/dequantized";
      replaced_.insert(bias);
    }
    replaced_.insert(weights);
    return std::monostate{};
  }

  // name/int8 (constant) -> DequantizeLinear -> name/dequantized, one scale for each channel.
  void add_dequantized(const std::string& name, Tensor values, const std::vector<float>& scales) {
    if (!dequantized_.insert(name).second) return;
    Graph& graph = out_.graph;
    const auto channels = static_cast<std::int64_t>(scales.size());
    const bool is_weight = values.dtype() == DType::kInt8;
    Node node{.name = name + "/DequantizeLinear",
              .op = "DequantizeLinear",
              .domain = "",
              .inputs = {name + "/int8", name + "/scale"},
              .outputs = {name + "/dequantized"},
              .attributes = {{"axis", std::int64_t{0}}}};
    if (is_weight) {
      const std::vector<std::int8_t> zeros(scales.size(), 0);
      graph.constants[name + "/zero_point"] = Tensor::of<std::int8_t>({channels}, zeros);
      node.inputs.push_back(name + "/zero_point");
    }
    graph.constants[name + "/int8"] = std::move(values);
    graph.constants[name + "/scale"] = Tensor::of<float>({channels}, scales);
    graph.nodes.push_back(std::move(node));
  }

  // from -> QuantizeLinear -> DequantizeLinear -> to, with the tensor's scale.
  void add_pair(const std::string& tensor, const std::string& from, const std::string& to) {
    Graph& graph = out_.graph;
    const ActivationScale scale = scales_.at(tensor);
    graph.constants[tensor + "/scale"] = Tensor::of<float>({}, std::array{scale.scale});
    graph.constants[tensor + "/zero_point"] =
        Tensor::of<std::uint8_t>({}, std::array{scale.zero_point});
    const auto node = [&](const char* op, const std::string& input, const std::string& output) {
      graph.nodes.push_back(Node{.name = tensor + "/" + op,
                                 .op = op,
                                 .domain = "",
                                 .inputs = {input, tensor + "/scale", tensor + "/zero_point"},
                                 .outputs = {output},
                                 .attributes = {}});
    };
    node("QuantizeLinear", from, tensor + "/uint8");
    node("DequantizeLinear", tensor + "/uint8", to);
  }

  void remove_if_unread(const std::string& constant) {
    for (const Node& node : out_.graph.nodes) {
      if (std::ranges::find(node.inputs, constant) != node.inputs.end()) return;
    }
    out_.graph.constants.erase(constant);
  }

  const Graph& in_;
  const QuantizationPlan& plan_;
  const RangeOf& range_of_;
  std::vector<bool> int8_;
  Edges edges_;
  std::set<std::string, std::less<>> quantized_;  // activations with a Q/DQ pair
  std::map<std::string, ActivationScale> scales_;
  std::set<std::string, std::less<>> dequantized_;  // constants that have their DQ
  std::set<std::string, std::less<>> replaced_;     // constants that may be unread now
  QuantizedGraph out_;
};

}  // namespace

Result<QuantizedGraph> insert_qdq(const Graph& graph, const QuantizationPlan& plan,
                                  const RangeOf& range_of) {
  if (graph.opset < 13) {
    return Error{ErrorCode::kUnsupported,
                 "int8 with a scale for each channel needs opset 13, the "
                 "graph has " +
                     std::to_string(graph.opset)};
  }
  auto int8 = int8_nodes(graph, plan);
  if (!int8) return int8.error();
  return QdqWriter(graph, plan, range_of, std::move(int8).value()).write();
}

}  // namespace pare::engine
