#include "engine/quant/insert_qdq.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "engine/quant/int8_nodes.h"
#include "engine/quant/quantize_weights.h"
#include "engine/quant/unlike_ranges.h"

namespace pare::engine {
namespace {

// ONNX itself has pairs of 16 bits from opset 21 on, which few readers know; these are the same.
constexpr const char* kWideDomain = "com.microsoft";

// Rewrites one graph; made for it, used once.
class QdqWriter {
 public:
  QdqWriter(const Graph& graph, const QuantizationPlan& plan, const QuantizationSources& sources,
            WeightForm form, std::vector<bool> int8)
      : in_(graph),
        plan_(plan),
        sources_(sources),
        form_(form),
        int8_(std::move(int8)),
        edges_(edges_of(graph)) {}

  // Nodes that were to be int8 and read or make a tensor without usable values.  Call it first.
  Result<std::vector<NotLowered>> without_values() {
    choose_tensors();
    if (auto chosen = choose_scales(); !chosen) return chosen.error();
    std::vector<NotLowered> found;
    for (std::size_t n = 0; n < in_.nodes.size() && !unusable_.empty(); ++n) {
      if (!int8_[n]) continue;
      std::vector<std::string> touched(
          in_.nodes[n].inputs.begin(),
          in_.nodes[n].inputs.begin() +
              static_cast<std::ptrdiff_t>(activation_inputs(in_.nodes[n])));
      touched.push_back(in_.nodes[n].outputs[0]);
      for (const std::string& tensor : touched) {
        const auto reason = unusable_.find(tensor);
        if (reason == unusable_.end()) continue;
        found.push_back({in_.nodes[n].name, reason->second});
        break;
      }
    }
    return found;
  }

  // REQUIRES: without_values() found none.
  Result<QuantizedGraph> write() {
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
    for (const auto& [tensor, by] : scaled_by_) {
      if (quantized_.contains(tensor)) out_.scaled_by[tensor] = by;
    }
    return std::move(out_);
  }

 private:
  bool made_in_int8(const std::string& tensor) const {
    const auto maker = edges_.producer.find(tensor);
    return maker != edges_.producer.end() && int8_[maker->second];
  }

  // Where int8 nodes read the tensor.  Behind an int8 producer, or the end of a block that has one,
  // everybody reads there, under the tensor's own name.
  std::string name_behind(const std::string& tensor) const {
    return all_read_behind(tensor) ? tensor : tensor + "/int8";
  }

  bool all_read_behind(const std::string& tensor) const {
    return made_in_int8(tensor) || ends_silu_block(tensor);
  }

  // True for the product of a SiLU behind an int8 convolution, where the plan keeps the two
  // together.
  bool ends_silu_block(const std::string& tensor) const {
    if (plan_.placement != QdqPlacement::kSiluBlocks) return false;
    const auto maker = edges_.producer.find(tensor);
    if (maker == edges_.producer.end() || in_.nodes[maker->second].op != "Mul") return false;
    return std::ranges::any_of(in_.nodes[maker->second].inputs,
                               [&](const std::string& input) { return begins_silu_block(input); });
  }

  // True for the output of an int8 convolution that only a SiLU reads, likewise.
  bool begins_silu_block(const std::string& tensor) const {
    return plan_.placement == QdqPlacement::kSiluBlocks && made_in_int8(tensor) &&
           in_.nodes[edges_.producer.find(tensor)->second].op == "Conv" &&
           followed_by(in_, edges_, tensor) == FollowedBy::kSilu;
  }

  // True between a convolution and the activation that runtimes fold into it.
  bool is_folded(const std::string& tensor) const {
    if (begins_silu_block(tensor)) return true;
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
          if (const auto by = scaled_by_.find(node.inputs[0]); by != scaled_by_.end()) {
            scaled_by_[output] = by->second;
          }
        } else if (node.op == "Sigmoid") {
          scales_[output] = {std::ldexp(1.0F, -plan_.activation_bits), 0, plan_.activation_bits};
        } else if (auto chosen = choose_scale(output); !chosen) {
          return chosen;
        }
      }
    }
    return std::monostate{};
  }

  Result<std::monostate> choose_scale(const std::string& tensor) {
    if (!quantized_.contains(tensor)) return std::monostate{};
    const auto values = sources_.values(tensor);
    if (!values && values.error().code != ErrorCode::kNotFound) return values.error();
    const std::string why = values ? why_no_range(tensor, values.value()) : values.error().message;
    if (!why.empty()) {
      unusable_.emplace(tensor, why);
      return std::monostate{};
    }
    const Calibration calibration{plan_.ranges, plan_.symmetric, followed_by(in_, edges_, tensor)};
    Range range = choose_range(values.value(), calibration);
    if (sources_.range_factor) {
      const auto factor = static_cast<float>(sources_.range_factor(tensor));
      range = {range.low * factor, range.high * factor};
    }
    scales_[tensor] = scale_of(range, plan_.symmetric, plan_.activation_bits);
    scaled_by_[tensor] = tensor;
    return std::monostate{};
  }

  static std::string why_no_range(const std::string& tensor, const Distribution& values) {
    const auto [low, high] = values.limit;
    if (!std::isfinite(low) || !std::isfinite(high)) {
      return "tensor \"" + tensor + "\" holds values that are not finite";
    }
    if (!(high > low)) return "tensor \"" + tensor + "\" held nothing but zeros in every image";
    return "";
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
    std::vector<std::string> quantized;
    for (std::string& output : node.outputs) {
      if (!quantized_.contains(output)) continue;
      quantized.push_back(output);
      if (all_read_behind(output)) output += "/fp32";
    }
    out_.graph.nodes.push_back(std::move(node));
    for (const std::string& output : quantized) {
      const bool renamed = all_read_behind(output);
      add_pair(output, renamed ? output + "/fp32" : output, name_behind(output));
    }
    return std::monostate{};
  }

  Result<std::monostate> quantize_parameters(const Node& original, Node& node) {
    auto rounded = round(original);
    if (!rounded) {
      return Error{rounded.error().code,
                   "layer '" + original.name + "': " + rounded.error().message};
    }
    auto [weights, bias] = std::move(rounded).value();
    if (plan_.bias_correction) {
      if (auto done = correct_bias(original, weights, bias); !done) return done;
    }
    if (form_ == WeightForm::kSimulated) {
      put_constants(original, node, dequantize(weights), bias);
      return std::monostate{};
    }
    // Two convolutions may share weights or a bias and still need scales of their own.
    const std::string own_weights = fresh_name(out_.graph, original.name + "/weights");
    add_dequantized(own_weights, weights.values, weights.scales);
    node.inputs[1] = own_weights + "/dequantized";
    replaced_.insert(original.inputs[1]);
    if (bias) put_bias(original, node, *bias, weights.scales);
    return std::monostate{};
  }

  struct Rounded {
    QuantizedWeights weights;
    std::optional<Tensor> bias;  // nullopt: there is none, and none is needed
  };

  const Tensor* bias_of(const Node& node) const {
    if (node.inputs.size() < 3 || node.inputs[2].empty()) return nullptr;
    const auto found = in_.constants.find(node.inputs[2]);
    return found == in_.constants.end() ? nullptr : &found->second;
  }

  static Tensor zeros(std::int64_t count) {
    const std::vector<float> values(static_cast<std::size_t>(count), 0);
    return Tensor::of<float>({count}, values);
  }

  Result<Rounded> round(const Node& node) const {
    const Tensor& weights = in_.constants.at(node.inputs[1]);
    const Tensor* const bias = bias_of(node);
    const bool dynamic_bias = bias == nullptr && node.inputs.size() > 2 && !node.inputs[2].empty();
    if (plan_.rounding == Rounding::kGram && !dynamic_bias && sources_.moments) {
      if (const auto moments = sources_.moments(node.name)) {
        auto rounded =
            round_second_order(weights, bias == nullptr ? zeros(weights.shape()[0]) : *bias,
                               plan_.weight_bits, *moments);
        if (!rounded) return rounded.error();
        auto [levels, repaired] = std::move(rounded).value();
        return Rounded{std::move(levels), std::move(repaired)};
      }
    }
    auto quantized = quantize_weights(weights, plan_.weight_bits);
    if (!quantized) return quantized.error();
    Rounded out{std::move(quantized).value(), {}};
    if (bias != nullptr) out.bias = *bias;
    return out;
  }

  // Takes the mean error of every output channel, from what rounding did to the weights and eight
  // bits to the mean of every input channel, out of the bias.  Padding counts as the mean.
  Result<std::monostate> correct_bias(const Node& node, const QuantizedWeights& quantized,
                                      std::optional<Tensor>& bias) const {
    const Tensor& weights = in_.constants.at(node.inputs[1]);
    const Shape& shape = weights.shape();
    const std::int64_t per_group = shape[0] / int_attribute(node, "group", 1);
    const std::int64_t inputs = shape[1] * int_attribute(node, "group", 1);
    std::vector<double> means;
    std::vector<double> quantized_means;
    for (std::int64_t c = 0; c < inputs; ++c) {
      const auto values = sources_.channel_values(node.inputs[0], static_cast<int>(c));
      if (!values) return values.error();
      means.push_back(mean(values.value()));
      quantized_means.push_back(quantized_mean(values.value(), scales_.at(node.inputs[0])));
    }
    const Tensor& before = bias ? *bias : zeros(shape[0]);
    const auto old = before.values<float>();
    std::vector<float> corrected(old.begin(), old.end());
    const Tensor rounded = dequantize(quantized);
    const auto w = weights.values<float>();
    const auto q = rounded.values<float>();
    const std::size_t kernel = w.size() / static_cast<std::size_t>(shape[0] * shape[1]);
    for (std::int64_t o = 0; o < shape[0]; ++o) {
      double error = 0;
      for (std::int64_t i = 0; i < shape[1]; ++i) {
        const auto channel = static_cast<std::size_t>(o / per_group * shape[1] + i);
        const auto first = static_cast<std::size_t>(o * shape[1] + i) * kernel;
        for (std::size_t k = first; k < first + kernel; ++k) {
          error += double{q[k]} * quantized_means[channel] - double{w[k]} * means[channel];
        }
      }
      corrected[static_cast<std::size_t>(o)] -= static_cast<float>(error);
    }
    bias = Tensor::of<float>({shape[0]}, corrected);
    return std::monostate{};
  }

  void put_constant(const Node& original, Node& node, std::size_t input, const char* role,
                    Tensor value) {
    const std::string own = fresh_name(out_.graph, original.name + role);
    out_.graph.constants[own] = std::move(value);
    if (node.inputs.size() <= input) node.inputs.resize(input + 1);
    if (input < original.inputs.size()) replaced_.insert(original.inputs[input]);
    node.inputs[input] = own;
  }

  void put_constants(const Node& original, Node& node, Tensor weights,
                     const std::optional<Tensor>& bias) {
    put_constant(original, node, 1, "/weights", std::move(weights));
    if (bias) put_constant(original, node, 2, "/bias", *bias);
  }

  // Beside activations of 16 bits a level of the bias is so small that a large one has too many.
  bool fits_int32(const Tensor& bias, const std::vector<float>& scales) const {
    if (plan_.activation_bits == 8) return true;
    const auto values = bias.values<float>();
    for (std::size_t o = 0; o < values.size(); ++o) {
      if (std::abs(double{values[o]} / scales[o]) > std::numeric_limits<std::int32_t>::max()) {
        return false;
      }
    }
    return true;
  }

  void put_bias(const Node& original, Node& node, const Tensor& bias,
                const std::vector<float>& scales) {
    const float input_scale = scales_.at(original.inputs[0]).scale;
    std::vector<float> bias_scales;
    bias_scales.reserve(scales.size());
    for (const float scale : scales) bias_scales.push_back(scale * input_scale);
    if (!fits_int32(bias, bias_scales)) {
      put_constant(original, node, 2, "/bias", bias);
      return;
    }
    const std::string own = fresh_name(out_.graph, original.name + "/bias");
    add_dequantized(own, quantize_bias(bias, input_scale, scales), bias_scales);
    if (node.inputs.size() < 3) node.inputs.resize(3);
    node.inputs[2] = own + "/dequantized";
    if (original.inputs.size() > 2) replaced_.insert(original.inputs[2]);
  }

  // name/int8 (constant) -> DequantizeLinear -> name/dequantized, one scale for each channel.
  void add_dequantized(const std::string& name, Tensor values, const std::vector<float>& scales) {
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

  static Tensor zero_point_of(const ActivationScale& scale) {
    if (scale.bits == 16) return Tensor::of<std::uint16_t>({}, std::array{scale.zero_point});
    return Tensor::of<std::uint8_t>({}, std::array{static_cast<std::uint8_t>(scale.zero_point)});
  }

  // from -> QuantizeLinear -> DequantizeLinear -> to, with the tensor's scale.
  void add_pair(const std::string& tensor, const std::string& from, const std::string& to) {
    Graph& graph = out_.graph;
    const ActivationScale scale = scales_.at(tensor);
    const bool wide = scale.bits == 16;
    if (wide) graph.domains.emplace(kWideDomain, 1);
    graph.constants[scale_name(tensor)] = Tensor::of<float>({}, std::array{scale.scale});
    graph.constants[tensor + "/zero_point"] = zero_point_of(scale);
    const std::string levels = tensor + (wide ? "/uint16" : "/uint8");
    const auto node = [&](const char* op, const std::string& input, const std::string& output) {
      graph.nodes.push_back(Node{.name = tensor + "/" + op,
                                 .op = op,
                                 .domain = wide ? kWideDomain : "",
                                 .inputs = {input, scale_name(tensor), tensor + "/zero_point"},
                                 .outputs = {output},
                                 .attributes = {}});
    };
    node("QuantizeLinear", from, levels);
    node("DequantizeLinear", levels, to);
  }

  void remove_if_unread(const std::string& constant) {
    for (const Node& node : out_.graph.nodes) {
      if (std::ranges::find(node.inputs, constant) != node.inputs.end()) return;
    }
    out_.graph.constants.erase(constant);
  }

  const Graph& in_;
  const QuantizationPlan& plan_;
  const QuantizationSources& sources_;
  WeightForm form_;
  std::vector<bool> int8_;
  Edges edges_;
  std::set<std::string, std::less<>> quantized_;  // activations with a Q/DQ pair
  std::map<std::string, ActivationScale> scales_;
  std::map<std::string, std::string> scaled_by_;              // of those that values chose
  std::map<std::string, std::string, std::less<>> unusable_;  // of those, without a range, and why
  std::set<std::string, std::less<>> replaced_;               // constants that may be unread now
  QuantizedGraph out_;
};

std::string text_of(const Shape& shape) {
  std::string text;
  for (const std::int64_t side : shape) text += (text.empty() ? "" : "x") + std::to_string(side);
  return text;
}

// Why this convolution cannot be lowered, whatever its activations; empty: it can.
std::string why_unfit(const Graph& graph, const Node& node) {
  const auto weights = graph.constants.find(node.inputs.at(1));
  if (weights == graph.constants.end()) {
    return "its weights, \"" + node.inputs[1] + "\", are computed while it runs";
  }
  const Tensor& values = weights->second;
  if (values.dtype() != DType::kFloat32) {
    return "its weights are " + std::string(name_of(values.dtype())) + ", not float32";
  }
  if (values.shape().size() != 4) {
    return "its weights are " + text_of(values.shape()) +
           ": only convolutions over height and width become int8";
  }
  if (!std::ranges::all_of(values.values<float>(), [](float w) { return std::isfinite(w); })) {
    return "its weights hold values that are not finite";
  }
  const auto bias =
      node.inputs.size() > 2 ? graph.constants.find(node.inputs[2]) : graph.constants.end();
  if (bias != graph.constants.end() && bias->second.dtype() != DType::kFloat32) {
    return "its bias is " + std::string(name_of(bias->second.dtype())) + ", not float32";
  }
  return "";
}

std::vector<NotLowered> unfit_convolutions(const Graph& graph,
                                           const std::vector<std::string>& kept) {
  std::vector<NotLowered> unfit;
  for (const Node& node : graph.nodes) {
    if (!node.domain.empty() || node.op != "Conv") continue;
    if (std::ranges::binary_search(kept, node.name)) continue;
    if (std::string why = why_unfit(graph, node); !why.empty()) {
      unfit.push_back({node.name, std::move(why)});
    }
  }
  return unfit;
}

std::vector<NotLowered> in_order_of(const Graph& graph, std::vector<NotLowered> found) {
  std::map<std::string_view, std::size_t> place;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) place[graph.nodes[n].name] = n;
  std::ranges::stable_sort(
      found, {}, [&](const NotLowered& one) { return place.at(std::string_view(one.node)); });
  return found;
}

}  // namespace

std::string scale_name(const std::string& tensor) {
  return tensor + "/scale";
}

Result<QuantizedGraph> insert_qdq(const Graph& graph, const QuantizationPlan& plan,
                                  const QuantizationSources& sources, WeightForm form,
                                  const std::vector<std::string>& kept) {
  if (graph.opset < 13) {
    return Error{ErrorCode::kUnsupported,
                 "int8 with a scale for each channel needs opset 13, the "
                 "graph has " +
                     std::to_string(graph.opset)};
  }
  if (const auto known = check_layers(graph, kept); !known) return known.error();
  std::vector<std::string> apart = kept;
  if (plan.placement == QdqPlacement::kOperators) {
    for (const UnlikeRanges& found : find_unlike_ranges(graph, sources))
      apart.push_back(found.node);
    std::ranges::sort(apart);
  }
  std::vector<NotLowered> not_lowered;
  const auto set_apart = [&](std::vector<NotLowered> found) {
    for (NotLowered& one : found) {
      apart.push_back(one.node);
      not_lowered.push_back(std::move(one));
    }
    std::ranges::sort(apart);
  };
  set_apart(unfit_convolutions(graph, kept));
  while (true) {
    // What is set apart takes with it what would have read it in int8: a round may bare more.
    QdqWriter writer(graph, plan, sources, form, int8_nodes(graph, plan.placement, apart));
    auto found = writer.without_values();
    if (!found) return found.error();
    if (found.value().empty()) {
      auto written = writer.write();
      if (!written) return written;
      QuantizedGraph out = std::move(written).value();
      out.not_lowered = in_order_of(graph, std::move(not_lowered));
      return out;
    }
    set_apart(std::move(found).value());
  }
}

}  // namespace pare::engine
