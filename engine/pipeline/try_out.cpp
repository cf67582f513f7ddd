#include "engine/pipeline/try_out.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "core/input_sizes.h"
#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_check.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/comparable.h"
#include "engine/pipeline/edge_types.h"
#include "engine/pipeline/prepare.h"
#include "engine/pipeline/stored_activations.h"
#include "engine/quant/insert_qdq.h"

namespace pare::engine {
namespace {

constexpr double kSmallest = 0.5;    // as SpaceLimits has it
constexpr std::size_t kMostRun = 4;  // of the sizes; the others are made only
constexpr double kAnyScore = 0.1;    // of boxes that nobody counts

// Runs a whole detector once, and reads boxes where its head is known.
Result<std::monostate> run_once(const Graph& whole, const ModelCard& card, InputSize size) {
  auto runner = make_openvino_runner(whole, card.scored);
  if (!runner) return runner.error();
  const auto outputs = runner.value()->run({noise_image(card, size.height, size.width)});
  if (!outputs) return outputs.error();
  if (card.head == kRawHead) return std::monostate{};
  const auto head = head_for(card.head, card.head_description);
  if (!head) return head.error();
  const auto boxes = head.value().decode(outputs.value(), size.height, size.width, kAnyScore);
  if (!boxes) return boxes.error();
  return std::monostate{};
}

// As a candidate is written: the file is looked at, too.
Result<Graph> put_together(const Detector& detector, Graph body) {
  auto whole = attach_head(std::move(body), detector.head);
  if (!whole) return whole;
  const std::string file = export_onnx(with_edge_types(whole.value(), detector.edges));
  if (auto sound = check_onnx(std::as_bytes(std::span(file))); !sound) return sound.error();
  return whole;
}

// The detector at another size, made, and run where that is asked for.
Result<std::monostate> try_size(const Detector& detector, InputSize size, bool run) {
  const auto body = body_at(detector.body, largest_stride(detector.head), size.height, size.width);
  if (!body) return body.error();
  const auto whole = put_together(detector, body.value());
  if (!whole) return whole.error();
  if (run) return run_once(whole.value(), detector.card, size);
  if (auto observed = observe(whole.value()); !observed) return observed.error();
  return std::monostate{};
}

// The model's own, and what a search may go down to.
std::vector<InputSize> sizes_of(const Detector& detector) {
  const ModelCard& card = detector.card;
  const InputSize own{card.height, card.width};
  const int stride = largest_stride(detector.head);
  if (stride == 0) return {own};
  std::vector<InputSize> sizes =
      sizes_between(card, stride, kSmallest * card.height - 1e-9, card.height);
  if (std::ranges::find(sizes, own) == sizes.end()) sizes.insert(sizes.begin(), own);
  return sizes;
}

// Every so many, the first and the last among them.
bool is_run(std::size_t i, std::size_t count) {
  if (count <= kMostRun) return true;
  const auto place = [&](std::size_t k) { return k * (kMostRun - 1) / (count - 1); };
  return i == 0 || place(i) != place(i - 1);
}

Result<std::vector<TriedSize>> try_sizes(const Detector& detector) {
  const std::vector<InputSize> sizes = sizes_of(detector);
  std::vector<TriedSize> tried;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto done = try_size(detector, sizes[i], is_run(i, sizes.size()));
    if (!done && !is_of_the_model(done.error())) return done.error();
    tried.push_back({sizes[i].height, sizes[i].width, done ? "" : done.error().message});
  }
  return tried;
}

class Int8Trial {
 public:
  explicit Int8Trial(const Detector& detector) : detector_(detector) {}

  Result<std::monostate> run(Tried& tried) {
    const ModelCard& card = detector_.card;
    for (const Node& node : detector_.body.nodes) {
      if (!is_layer(node) || node.op == "Conv") continue;
      not_lowered_[node.name] = "it is a " + node.op + ": only convolutions become int8";
    }
    if (detector_.body.opset < 13) {
      tried.why_no_int8 = "the model stays at opset " + std::to_string(detector_.body.opset) +
                          ", and int8 with a scale for each channel needs 13";
      return std::monostate{};
    }
    const auto noise = [&](std::size_t, int height, int width) -> Result<Tensor> {
      return noise_image(card, height, width);
    };
    auto done = collect_histograms(
        detector_, {card.height, card.width}, 1, noise, [](double, const std::string&) {}, ranges_);
    for (const QdqPlacement placement : kAllPlacements) {
      if (done) done = try_placement(placement);
    }
    if (!done && !is_of_the_model(done.error())) return done;
    if (!done) tried.why_no_int8 = done.error().message;
    for (const Node& node : detector_.body.nodes) {
      const auto reason = not_lowered_.find(node.name);
      if (reason != not_lowered_.end()) tried.fp32_layers.push_back({node.name, reason->second});
    }
    if (done && layers_.empty()) {
      tried.why_no_int8 = "no layer can be int8" +
                          (tried.fp32_layers.empty() ? std::string()
                                                     : ": " + tried.fp32_layers.front().layer +
                                                           ": " + tried.fp32_layers.front().reason);
    }
    return std::monostate{};
  }

 private:
  Result<std::monostate> try_placement(QdqPlacement placement) {
    Plan plan;
    plan.height = detector_.card.height;
    plan.width = detector_.card.width;
    const PrunedGraph whole{detector_.body, {}};
    const EqualizedGraph unchanged{detector_.body, {}};
    const StoredActivations stored(ranges_, plan, whole, unchanged);
    auto quantized = insert_qdq(
        detector_.body, {.ranges = RangeMethod::kMinMax, .placement = placement}, stored.sources());
    if (!quantized) return quantized.error();
    QuantizedGraph made = std::move(quantized).value();
    layers_.insert(made.int8_layers.begin(), made.int8_layers.end());
    for (const NotLowered& one : made.not_lowered) {
      const Node* const node = find_node(detector_.body, one.node);
      if (node != nullptr && is_layer(*node)) not_lowered_[one.node] = one.reason;
    }
    const auto candidate = put_together(detector_, std::move(made.graph));
    if (!candidate) return candidate.error();
    if (placement != kAllPlacements.front()) return std::monostate{};
    return run_once(candidate.value(), detector_.card,
                    {detector_.card.height, detector_.card.width});
  }

  const Detector& detector_;
  TensorFile ranges_;
  std::set<std::string> layers_;  // that became int8
  std::map<std::string, std::string> not_lowered_;
};

}  // namespace

Tensor noise_image(const ModelCard& card, int height, int width) {
  std::mt19937 random(1);
  const auto positions = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  std::vector<float> values;
  values.reserve(3 * positions);
  for (std::size_t c = 0; c < 3; ++c) {
    const double mean = card.preprocessing.mean[c];
    const double std = card.preprocessing.std[c];
    for (std::size_t i = 0; i < positions; ++i) {
      values.push_back(static_cast<float>((static_cast<double>(random() % 256) - mean) / std));
    }
  }
  return Tensor::of<float>({1, 3, height, width}, values);
}

Result<Tried> try_out(const Detector& detector) {
  const auto start = std::chrono::steady_clock::now();
  const ModelCard& card = detector.card;
  Tried tried;
  auto sizes = try_sizes(detector);
  if (!sizes) return sizes.error();
  tried.sizes = std::move(sizes).value();
  for (const TriedSize& size : tried.sizes) {
    const bool own = size.height == card.height && size.width == card.width;
    if (!own || size.why_not.empty()) continue;
    return Error{ErrorCode::kUnsupported,
                 "the model cannot be run at its own size: " + size.why_not};
  }
  if (auto done = Int8Trial(detector).run(tried); !done) return done.error();
  tried.outputs = detector.outputs;
  tried.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return tried;
}

}  // namespace pare::engine
