#include "engine/pipeline/detector.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "engine/executor/observe.h"
#include "engine/graph/convert.h"
#include "engine/onnx/onnx_io.h"
#include "engine/onnx/opset_upgrade.h"
#include "engine/ops/all_ops.h"
#include "engine/passes/passes.h"
#include "engine/pipeline/comparable.h"
#include "engine/pipeline/complete_card.h"
#include "engine/pipeline/elastic_parts.h"
#include "engine/pipeline/file_card.h"
#include "engine/pipeline/plugin_nms.h"
#include "engine/pipeline/quantized.h"

namespace pare::engine {
namespace {

constexpr int kPerChannelScalesOpset = 13;

// The input's height and width; it is known to be (1, 3, height, width).
Result<std::pair<int, int>> image_size(const Graph& graph) {
  const Shape& shape = graph.inputs.at(0).shape;
  if (shape.size() != 4 || shape[0] != 1 || shape[1] != 3 || shape[2] <= 0 || shape[3] <= 0) {
    std::string seen;
    for (const std::int64_t dimension : shape)
      seen += (seen.empty() ? "" : "x") + std::to_string(dimension);
    return Error{ErrorCode::kUnsupported, "input '" + graph.inputs[0].name + "' is " + seen +
                                              "; a detector takes 1x3xHxW or 1xHxWx3"};
  }
  return std::pair(static_cast<int>(shape[2]), static_cast<int>(shape[3]));
}

std::string all_in_quotes(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text;
}

// The head that the card names, or that is found, at the outputs or before what the model does with
// its boxes.  Where none is, it is the raw head, and the notes say why each head we know is not its
// own.
Result<HeadMatch> head_of(const Graph& graph, const Observation& observed, const PartialCard& card,
                          std::vector<std::string>& notes) {
  const std::string& named = card.head;
  if (named == kRawHead) return raw_head(graph, observed);
  if (card.head_description) {
    return find_described_head(graph, observed, named.empty() ? kDescribedHead : named,
                               *card.head_description);
  }
  if (!card.scored.empty()) return find_head_within(graph, observed, named, card.scored);
  auto match = find_head(graph, observed, named);
  if (match || match.error().code != ErrorCode::kUnsupported) return match;
  auto within = find_head_within(graph, observed, named);
  if (within) {
    notes.push_back("The model goes on behind its head: boxes are read from " +
                    all_in_quotes(within.value().outputs) +
                    ", and candidates keep all that follows and all outputs.");
    return within;
  }
  if (!named.empty()) return match;
  notes.push_back("Head: " + match.error().message + ".");
  notes.push_back(
      "So what follows the last convolutions stays as it is, the input keeps its size, and "
      "accuracy "
      "is agreement with the original's raw outputs.");
  return raw_head(graph, observed);
}

// What stands for the outputs: the card's, the head's own where the model goes on behind it, or,
// of a raw head, those that can be compared.
Result<std::monostate> choose_scored(const Graph& whole, const Observation& observed,
                                     const PartialCard& said, Detector& detector) {
  std::vector<std::string>& scored = detector.card.scored;
  if (detector.head.head != kRawHead) {
    if (!detector.head.behind.outputs.empty()) scored = detector.head.outputs;
    detector.outputs = outputs_compared_by(whole, observed, detector.head.outputs);
    return std::monostate{};
  }
  const Comparable comparable = comparable_outputs(whole, observed);
  scored = said.scored.empty() ? comparable.tensors : said.scored;
  if (scored.empty()) {
    return Error{ErrorCode::kUnsupported,
                 "nothing that the model answers can be compared: output \"" +
                     comparable.outputs.front().name +
                     "\": " + comparable.outputs.front().why_not_compared};
  }
  detector.outputs = outputs_compared_by(whole, observed, scored);
  if (scored == detector.head.outputs) {
    scored.clear();
    return std::monostate{};
  }
  detector.notes.push_back("Not all outputs can be compared: agreement is that of " +
                           all_in_quotes(scored) + ", and candidates keep all outputs.");
  return std::monostate{};
}

// Per-channel int8 needs opset 13; a body that cannot be brought there still offers all the rest.
Graph with_per_channel_scales(Graph body, const Observation& observed,
                              std::vector<std::string>& notes) {
  const int opset = body.opset;
  auto upgraded = upgrade_opset(body, observed, kPerChannelScalesOpset);
  if (upgraded && opset < kPerChannelScalesOpset) {
    notes.push_back("The file is of opset " + std::to_string(opset) + ", candidates are of opset " +
                    std::to_string(kPerChannelScalesOpset) + ".");
  }
  if (upgraded) return std::move(upgraded).value();
  notes.push_back("No int8 plans: " + upgraded.error().message);
  return body;
}

Layer layer_of(const Node& node, const Graph& graph, const NodeView& view, const OpDef& op) {
  Layer layer{.name = node.name, .op = node.op, .kernel = {}, .groups = 1};
  if (view.input_shapes[0].size() > 1)
    layer.in_channels = static_cast<int>(view.input_shapes[0][1]);
  if (view.output_shapes[0].size() > 1)
    layer.out_channels = static_cast<int>(view.output_shapes[0][1]);
  layer.groups = static_cast<int>(int_attribute(node, "group", 1));
  const Shape& weights = view.input_shapes.size() > 1 ? view.input_shapes[1] : view.input_shapes[0];
  for (std::size_t axis = 2; axis < weights.size(); ++axis) {
    layer.kernel.push_back(static_cast<int>(weights[axis]));
  }
  layer.macs = op.macs(view);
  for (const std::string& input : node.inputs) {
    const auto constant = graph.constants.find(input);
    if (constant != graph.constants.end()) layer.parameters += constant->second.size();
  }
  return layer;
}

Result<std::vector<Layer>> layers_of(const Graph& graph, const Observation& observed) {
  std::vector<Layer> layers;
  for (const Node& node : graph.nodes) {
    const OpDef* const op = find_op(all_ops(), node.op);
    if (!is_layer(node) || op == nullptr) continue;
    const auto facts = facts_of(node, graph, observed);
    if (!facts) return facts.error();
    layers.push_back(layer_of(node, graph, facts.value().view(node, graph.opset), *op));
  }
  return layers;
}

// Operators that bend what goes through them: what int8 kernels of a runtime may get wrong.
std::vector<std::string> activations_of(const Graph& graph) {
  constexpr std::array<std::string_view, 12> kActivations = {
      "Clip", "Elu",   "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu",
      "Mish", "PRelu", "Relu", "Sigmoid",     "Softplus",  "Tanh"};
  std::set<std::string> found;
  for (const Node& node : graph.nodes) {
    const bool known = std::ranges::find(kActivations, node.op) != kActivations.end();
    if (node.domain.empty() && known) found.insert(node.op);
  }
  return {found.begin(), found.end()};
}

// The convolutions from which an output is reached without another one in between.
std::vector<std::string> output_layers_of(const Graph& graph) {
  const Edges edges = edges_of(graph);
  std::set<std::string> seen;
  std::vector<std::string> open;
  std::vector<std::string> layers;
  for (const TensorInfo& output : graph.outputs) open.push_back(output.name);
  while (!open.empty()) {
    const std::string tensor = std::move(open.back());
    open.pop_back();
    const auto maker = edges.producer.find(tensor);
    if (!seen.insert(tensor).second || maker == edges.producer.end()) continue;
    const Node& node = graph.nodes[maker->second];
    if (node.domain.empty() && node.op == "Conv") {
      layers.push_back(node.name);
    } else {
      std::ranges::copy(tensors_read(node), std::back_inserter(open));
    }
  }
  std::ranges::sort(layers);
  return layers;
}

// A file as it was uploaded, and as a network of floats whose channels come second.
struct ReadFile {
  Graph as_uploaded;
  FloatNetwork network;
  bool was_int8 = false;
  std::vector<std::string> notes;
};

Result<ReadFile> read_as_floats(std::span<const std::byte> onnx, const PartialCard& card,
                                const FileCard& file) {
  ImportOptions options{.input_size = file.size};
  if (card.height > 0 && card.width > 0) options.input_size = {card.height, card.width};
  auto read = read_onnx(onnx, options);
  if (!read) return read.error();
  ImportedModel imported = std::move(read).value();
  imported.graph = without_plugin_nms(std::move(imported.graph), imported.notes);
  ReadFile made{imported.graph, {}, false, {}};
  auto turned_back = without_int8(std::move(imported.graph));
  if (!turned_back) return turned_back.error();
  WithoutInt8 real = std::move(turned_back).value();
  auto floats = in_float32(std::move(real.graph));
  if (!floats) return floats.error();
  auto upright = with_channels_second(std::move(floats).value());
  if (!upright) return upright.error();
  made.network = std::move(upright).value();
  made.was_int8 = real.was_int8;
  made.notes = std::move(imported.notes);
  std::ranges::move(real.notes, std::back_inserter(made.notes));
  std::ranges::move(made.network.notes, std::back_inserter(made.notes));
  return made;
}

// A tail that is kept must be in the body's opset: it is cut off last.
Result<std::monostate> take_body(const Graph& whole, const Observation& observed,
                                 Detector& detector) {
  const bool raw = detector.head.head == kRawHead;
  Graph body = fold_constants(raw ? whole : cut(whole, observed, detector.head), observed);
  body = fold_batch_norm(remove_dead_ends(std::move(body)));
  detector.body = with_per_channel_scales(std::move(body), observed, detector.notes);
  auto seen = observe(detector.body);
  if (!seen) return seen.error();
  if (raw) {
    detector.head = raw_head(detector.body, seen.value());
    detector.body = cut(detector.body, seen.value(), detector.head);
    seen = observe(detector.body);
    if (!seen) return seen.error();
  }
  detector.observed = std::move(seen).value();
  return std::monostate{};
}

}  // namespace

bool is_layer(const Node& node) {
  return node.domain.empty() && (node.op == "Conv" || node.op == "ConvTranspose" ||
                                 node.op == "Gemm" || node.op == "MatMul");
}

Result<Detector> open_detector(std::span<const std::byte> onnx, const PartialCard& card) {
  const auto about = provenance_of(onnx);
  if (!about) return about.error();
  const FileCard file = file_card(about.value().metadata);
  auto read = read_as_floats(onnx, card, file);
  if (!read) return read.error();
  ReadFile floats = std::move(read).value();
  const Graph whole = remove_identities(std::move(floats.network.graph));
  const auto size = image_size(whole);
  if (!size) return size.error();
  const auto observed = observe(whole);
  if (!observed) return observed.error();
  Detector detector;
  detector.notes = std::move(floats.notes);
  detector.was_int8 = floats.was_int8;
  detector.edges = std::move(floats.network.edges);
  detector.file = interface_of(floats.as_uploaded, observed.value());
  auto match = head_of(whole, observed.value(), card, detector.notes);
  if (!match) return match.error();
  detector.head = std::move(match).value();
  if (auto done = choose_scored(whole, observed.value(), card, detector); !done) {
    return done.error();
  }
  const OwnScaling own = own_scaling(whole, observed.value());
  if (auto done = complete_card(card, file, size.value(), own, detector); !done) {
    return done.error();
  }
  if (auto done = take_body(whole, observed.value(), detector); !done) return done.error();
  auto groups = find_groups(detector.body, detector.observed, all_ops());
  if (!groups) return groups.error();
  detector.groups = std::move(groups).value();
  return detector;
}

Result<Cost> cost_of(const Graph& graph, const Observation& observed) {
  const auto layers = layers_of(graph, observed);
  if (!layers) return layers.error();
  Cost cost;
  for (const Layer& layer : layers.value()) {
    cost.macs += layer.macs;
    cost.parameters += layer.parameters;
  }
  return cost;
}

Result<ModelSummary> summarize(const Detector& detector, std::span<const std::byte> onnx) {
  auto layers = layers_of(detector.body, detector.observed);
  if (!layers) return layers.error();
  ModelSummary summary;
  summary.card = detector.card;
  summary.origins = detector.origins;
  summary.notes = detector.notes;
  summary.opset = detector.body.opset;
  summary.bytes = static_cast<std::int64_t>(onnx.size());
  summary.stride = largest_stride(detector.head);
  summary.layers = std::move(layers).value();
  summary.output_layers = output_layers_of(detector.body);
  summary.activations = activations_of(detector.body);
  summary.class_count = detector.head.classes;
  for (const Layer& layer : summary.layers) {
    summary.macs += layer.macs;
    summary.parameters += layer.parameters;
  }
  if (summary.macs == 0) {
    return Error{ErrorCode::kUnsupported,
                 "the model has no convolution and no matrix product: there is nothing to make "
                 "smaller or faster"};
  }
  GroupSummary groups = summarize(detector.groups, detector.body);
  summary.groups = std::move(groups.groups);
  summary.frozen = std::move(groups.frozen);
  const auto parts = elastic_parts(detector);
  if (!parts) return parts.error();
  summarize(detector, parts.value(), summary);
  return summary;
}

}  // namespace pare::engine
