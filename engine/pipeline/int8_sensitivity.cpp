#include "engine/pipeline/int8_sensitivity.h"

#include <algorithm>
#include <functional>
#include <future>
#include <string>

#include "engine/executor/openvino_runner.h"
#include "engine/pipeline/stored_activations.h"
#include "engine/quant/insert_qdq.h"
#include "engine/quant/int8_nodes.h"
#include "engine/quant/unlike_ranges.h"

namespace pare::engine {
namespace {

using Outputs = std::vector<Tensor>;

// What a graph answers to each of the inputs.
Result<std::vector<Outputs>> run_all(const Graph& graph, const std::vector<Tensor>& inputs) {
  auto runner = make_openvino_runner(graph);
  if (!runner) return runner.error();
  std::vector<Outputs> all;
  for (const Tensor& input : inputs) {
    auto outputs = runner.value()->run({input});
    if (!outputs) return outputs.error();
    all.push_back(std::move(outputs).value());
  }
  return all;
}

// Squared error over variance, of one output over all images.
double relative_error(const std::vector<Outputs>& actual, const std::vector<Outputs>& expected,
                      std::size_t output) {
  double error = 0;
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto a = actual[i][output].values<float>();
    const auto e = expected[i][output].values<float>();
    for (std::size_t k = 0; k < e.size(); ++k) {
      const double miss = double{a[k]} - e[k];
      error += miss * miss;
      sum += e[k];
      squares += double{e[k]} * e[k];
    }
    count += static_cast<double>(e.size());
  }
  const double variance = squares - sum * sum / std::max(count, 1.0);
  return variance > 0 ? error / variance : 0;
}

double damage_of(const std::vector<Outputs>& actual, const std::vector<Outputs>& expected) {
  double total = 0;
  int outputs = 0;
  for (std::size_t o = 0; o < expected.front().size(); ++o) {
    if (expected.front()[o].dtype() != DType::kFloat32) continue;
    total += relative_error(actual, expected, o);
    ++outputs;
  }
  return outputs > 0 ? total / outputs : 0;
}

constexpr const char* kStep = "int8";

// Of the first layers, which an earlier process has measured.
Result<std::vector<double>> known_damages(const Journal& journal, std::size_t layers) {
  const StepState* kept = journal.kept(kStep);
  if (kept == nullptr) return std::vector<double>{};
  const auto found = kept->state.tensors.find("damages");
  if (found == kept->state.tensors.end() || found->second.dtype() != DType::kFloat64 ||
      found->second.size() > static_cast<std::int64_t>(layers)) {
    return Error{ErrorCode::kInvalidArgument, "the damages of int8 are of another network"};
  }
  const auto values = found->second.values<double>();
  return std::vector<double>(values.begin(), values.end());
}

// The convolutions that int8 plans quantize where nothing is kept in fp32.
std::vector<std::string> quantizable(const Graph& graph) {
  const std::vector<bool> int8 = int8_nodes(graph, QdqPlacement::kConvolutions);
  std::vector<std::string> names;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (int8[n] && graph.nodes[n].op == "Conv") names.push_back(graph.nodes[n].name);
  }
  std::ranges::sort(names);
  return names;
}

// What the body answers with one layer in int8 and all others not, layer after layer.  A layer's
// time goes into compiling it, in one thread: the next one is begun meanwhile.
class AloneInInt8 {
 public:
  using Answers = Result<std::vector<Outputs>>;

  AloneInInt8(const Graph& body, const std::vector<std::string>& layers,
              const StoredActivations& stored, const std::vector<Tensor>& inputs)
      : body_(body), layers_(layers), stored_(stored), inputs_(inputs) {}

  // REQUIRES: layers are asked for in their order.
  Answers answers(std::size_t layer) {
    std::future<Answers> current = next_.valid() ? std::move(next_) : begin(layer);
    next_ = layer + 1 < layers_.size() ? begin(layer + 1) : std::future<Answers>();
    return current.get();
  }

 private:
  std::future<Answers> begin(std::size_t layer) const {
    auto quantized = quantized_alone(layer);
    if (!quantized) {
      std::promise<Answers> failed;
      failed.set_value(quantized.error());
      return failed.get_future();
    }
    return std::async(std::launch::async, [this, graph = std::move(quantized).value().graph] {
      return run_all(graph, inputs_);
    });
  }

  Result<QuantizedGraph> quantized_alone(std::size_t layer) const {
    const QuantizationPlan plan{.ranges = RangeMethod::kPercentile,
                                .placement = QdqPlacement::kConvolutions};
    std::vector<std::string> kept = layers_;
    std::erase(kept, layers_[layer]);
    return insert_qdq(body_, plan, stored_.sources(), WeightForm::kSimulated, kept);
  }

  const Graph& body_;
  const std::vector<std::string>& layers_;
  const StoredActivations& stored_;
  const std::vector<Tensor>& inputs_;
  std::future<Answers> next_;  // one of std::async waits where it is destroyed
};

}  // namespace

Result<std::vector<LayerSensitivity>> int8_sensitivity(const Detector& detector,
                                                       const TensorFile& statistics,
                                                       std::size_t images, const ImageSource& image,
                                                       const Int8SensitivityOptions& options,
                                                       const Progress& progress, Journal& journal) {
  const auto body =
      body_at(detector.body, largest_stride(detector.head), options.height, options.width);
  if (!body) return body.error();
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < std::min(images, static_cast<std::size_t>(options.images)); ++i) {
    auto input = image(i, options.height, options.width);
    if (!input) return input.error();
    inputs.push_back(std::move(input).value());
  }
  if (inputs.empty()) {
    return Error{ErrorCode::kInvalidArgument, "there are no calibration images"};
  }
  const auto expected = run_all(body.value(), inputs);
  if (!expected) return expected.error();

  Plan plan;
  plan.height = options.height;
  plan.width = options.width;
  const PrunedGraph whole{body.value(), {}};
  const EqualizedGraph unchanged{body.value(), {}};
  const StoredActivations stored(statistics, plan, whole, unchanged);
  const std::vector<std::string> layers = quantizable(body.value());
  auto known = known_damages(journal, layers.size());
  if (!known) return known.error();
  std::vector<double> damages = std::move(known).value();
  AloneInInt8 alone(body.value(), layers, stored, inputs);
  for (std::size_t l = damages.size(); l < layers.size(); ++l) {
    progress(static_cast<double>(l) / static_cast<double>(layers.size()),
             "int8 in layer " + std::to_string(l + 1) + " of " + std::to_string(layers.size()) +
                 " alone");
    const auto actual = alone.answers(l);
    if (!actual) return actual.error();
    damages.push_back(damage_of(actual.value(), expected.value()));
    journal.did(kStep, std::ssize(damages), damages.size() == layers.size(), [&] {
      TensorFile state;
      state.tensors["damages"] = Tensor::of<double>({std::ssize(damages)}, damages);
      return state;
    });
    journal.tell({{"int8_damage", damages.back()}});
  }
  std::vector<LayerSensitivity> out;
  for (std::size_t l = 0; l < layers.size(); ++l) out.push_back({layers[l], damages[l]});
  std::ranges::stable_sort(out, std::greater{}, &LayerSensitivity::damage);
  return out;
}

std::vector<std::string> int8_notes(const Detector& detector, const TensorFile& statistics) {
  Plan plan;
  plan.height = detector.card.height;
  plan.width = detector.card.width;
  const PrunedGraph whole{detector.body, {}};
  const EqualizedGraph unchanged{detector.body, {}};
  const StoredActivations stored(statistics, plan, whole, unchanged);
  std::vector<std::string> notes;
  for (const UnlikeRanges& found : find_unlike_ranges(detector.body, stored.sources())) {
    notes.push_back(sentence_of(found));
  }
  return notes;
}

}  // namespace pare::engine
