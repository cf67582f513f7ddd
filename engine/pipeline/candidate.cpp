#include "engine/pipeline/candidate.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/graph/image_layout.h"
#include "engine/onnx/onnx_io.h"
#include "engine/ops/all_ops.h"
#include "engine/pipeline/candidate_file.h"
#include "engine/pipeline/elastic_parts.h"
#include "engine/pipeline/file_card.h"
#include "engine/pipeline/prepare.h"
#include "engine/pipeline/stored_activations.h"
#include "engine/pipeline/verify_written.h"
#include "engine/prune/importance.h"
#include "engine/prune/prune.h"
#include "engine/prune/reconstruct.h"
#include "engine/prune/sequential.h"
#include "engine/quant/equalize.h"
#include "engine/quant/insert_qdq.h"
#include "engine/quant/int8_nodes.h"
#include "engine/quant/sparsify.h"
#include "engine/quant/store_weights.h"

namespace pare::engine {
namespace {

constexpr std::size_t kSequentialImages = 32;  // at most

// `prepare` ranked by Gram matrices, pare-train by gradients where it was asked to; the other kinds
// are cheap enough to rank now.
Result<UnitOrders> orders_for(const Detector& detector, const TensorFile& file,
                              Importance importance) {
  if (importance == Importance::kGram || needs_gradients(importance)) {
    return load_orders(file, importance);
  }
  if (importance != Importance::kThinet) {
    return rank_units(detector.body, detector.groups, importance, {});
  }
  const auto statistics = load_statistics(file);
  if (!statistics) return statistics.error();
  return rank_units(detector.body, detector.groups, importance, statistics.value());
}

Result<Graph> repair_in_sequence(const Detector& detector, const Graph& start,
                                 const RemovedUnits& removed, const CalibrationImages& images) {
  if (images.count == 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "a sequential reconstruction needs calibration images"};
  }
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < std::min(images.count, kSequentialImages); ++i) {
    auto input = images.image(i, detector.card.height, detector.card.width);
    if (!input) return input.error();
    inputs.push_back(std::move(input).value());
  }
  const RunnerFactory executor = [](const Graph& graph, const std::vector<std::string>& wanted) {
    return make_openvino_runner(graph, wanted);
  };
  return reconstruct_in_sequence(detector.body, start, detector.observed, detector.groups, removed,
                                 inputs, executor);
}

// The body at full width whose consumers do without what goes.
Result<Graph> repair(const Detector& detector, const TensorFile& file, const RemovedUnits& removed,
                     Reconstruction reconstruction, const CalibrationImages& images) {
  if (reconstruction == Reconstruction::kNone) return detector.body;
  const auto statistics = load_statistics(file);
  if (!statistics) return statistics.error();
  auto repaired = reconstruct(detector.body, detector.groups, removed, statistics.value());
  if (!repaired || reconstruction == Reconstruction::kIndependent) return repaired;
  // Sets out from the independent repair: better than from the original weights (our own trials).
  return repair_in_sequence(detector, repaired.value(), removed, images);
}

Result<PrunedGraph> prune_body(const Detector& detector, const TensorFile& file, const Plan& plan,
                               const CalibrationImages& images) {
  if (plan.widths.empty()) return PrunedGraph{detector.body, {}};
  const auto orders = orders_for(detector, file, plan.importance);
  if (!orders) return orders.error();
  const auto removed = select_units(detector.groups, plan.widths, orders.value());
  if (!removed) return removed.error();
  const auto body = repair(detector, file, removed.value(), plan.reconstruction, images);
  if (!body) return body.error();
  return prune(body.value(), detector.observed, all_ops(), detector.groups, removed.value());
}

// The plan's quantization; sparse weights are rounded to nearest, since what makes up for the
// rounding of another weight would be zero no more.
QuantizationPlan quantization_of(const Plan& plan) {
  QuantizationPlan quantization = *plan.quantization;
  if (plan.sparsity) quantization.rounding = Rounding::kNearest;
  return quantization;
}

Result<Graph> quantize(const Graph& body, const PrunedGraph& pruned, const TensorFile& file,
                       const Plan& plan, const RangeFactors& factors) {
  const QuantizationPlan quantization = quantization_of(plan);
  const EqualizedGraph equal =
      quantization.equalization ? equalize(body) : EqualizedGraph{body, {}};
  const StoredActivations stored(file, plan, pruned, equal);
  QuantizationSources sources = stored.sources();
  sources.range_factor = [&](const std::string& tensor) {
    const auto factor = factors.find(tensor);
    return factor == factors.end() ? 1 : factor->second;
  };
  auto quantized =
      insert_qdq(equal.graph, quantization, sources, WeightForm::kInteger, float_layers(plan));
  if (!quantized) return quantized.error();
  return std::move(quantized).value().graph;
}

// What the layers of the body read, while none of them has been scaled.
LayerMoments moments_of(const StoredActivations& stored) {
  return stored.sources().moments;
}

Result<Graph> make_sparse(Graph body, const PrunedGraph& pruned, const TensorFile& file,
                          const Plan& plan) {
  if (!plan.sparsity) return body;
  const EqualizedGraph as_it_is{body, {}};
  const StoredActivations stored(file, plan, pruned, as_it_is);
  auto sparse = sparsify(body, *plan.sparsity, moments_of(stored));
  if (!sparse) return sparse.error();
  return std::move(sparse).value().graph;
}

bool stores_weights(const Plan& plan) {
  return plan.storage || std::ranges::any_of(plan.layers, [](const auto& layer) {
           return layer.second.storage.has_value();
         });
}

Result<Graph> store(Graph body, const PrunedGraph& pruned, const TensorFile& file,
                    const Plan& plan) {
  if (!stores_weights(plan)) return body;
  for (const auto& [layer, directive] : plan.layers) {
    if (!directive.storage) continue;
    if (const auto known = check_layers(body, {layer}); !known) return known.error();
  }
  const EqualizedGraph as_it_is{body, {}};
  const StoredActivations stored(file, plan, pruned, as_it_is);
  const auto storage = [&](const std::string& layer) { return storage_of(plan, layer); };
  // Equalization changed what layers read; zeros must stay zeros.
  const bool equalized = plan.quantization && plan.quantization->equalization;
  if (equalized || plan.sparsity) return store_weights(body, storage);
  return store_weights(body, storage, moments_of(stored));
}

// The edges of the original's file, at the size of the plan.
FileInterface interface_at(const Detector& detector, const Plan& plan) {
  FileInterface file = detector.file;
  if (plan.height == detector.card.height && plan.width == detector.card.width) return file;
  file.inputs.at(0).shape = image_shape(detector.edges.channels_last, plan.height, plan.width);
  for (TensorInfo& output : file.outputs) output.shape.clear();
  return file;
}

// The whole detector as a file, looked at once more before anybody gets it.
Result<std::string> write(const Detector& detector, Graph body, const Plan& plan) {
  Provenance about = detector.body.about;
  auto attached = attach_head(std::move(body), detector.head);
  if (!attached) return attached.error();
  Graph whole = with_edge_types(std::move(attached).value(), detector.edges);
  whole.about = std::move(about);
  whole.about.metadata = metadata_at(std::move(whole.about.metadata), {plan.height, plan.width});
  whole.about.metadata.erase(std::string(kFloatsName));
  if (plan.floats != Precision::kFp32) {
    whole.about.metadata.emplace(kFloatsName, name_of(plan.floats));
  }
  std::string onnx = export_onnx(whole);
  const auto sound = verify_written(std::as_bytes(std::span(onnx)), interface_at(detector, plan));
  if (!sound) return sound.error();
  return onnx;
}

std::map<std::string, std::pair<int, int>> widths_of(const Detector& detector, const Plan& plan) {
  std::map<std::string, std::pair<int, int>> widths;
  for (const Group& group : detector.groups.groups) {
    const auto chosen = plan.widths.find(group.name);
    const int all = static_cast<int>(group.units.size());
    widths[group.name] = {chosen == plan.widths.end() ? all : chosen->second, all};
  }
  return widths;
}

}  // namespace

namespace {

// Of a plan that keeps all blocks and kernels.
Result<Candidate> build_reduced(const Detector& detector, const TensorFile& statistics,
                                const Plan& plan, const CalibrationImages& images,
                                const RangeFactors& factors) {
  const auto pruned = prune_body(detector, statistics, plan, images);
  if (!pruned) return pruned.error();
  auto body = body_at(pruned.value().graph, largest_stride(detector.head), plan.height, plan.width);
  if (!body) return body.error();
  const auto observed = observe(body.value());
  if (!observed) return observed.error();
  const auto cost = cost_of(body.value(), observed.value());
  if (!cost) return cost.error();
  body = make_sparse(std::move(body).value(), pruned.value(), statistics, plan);
  if (!body) return body.error();
  if (plan.quantization) {
    body = quantize(body.value(), pruned.value(), statistics, plan, factors);
    if (!body) return body.error();
  }
  body = store(std::move(body).value(), pruned.value(), statistics, plan);
  if (!body) return body.error();
  auto onnx = write(detector, std::move(body).value(), plan);
  if (!onnx) return onnx.error();
  return Candidate{std::move(onnx).value(), cost.value(), widths_of(detector, plan)};
}

}  // namespace

Result<Candidate> build_candidate(const Detector& detector, const TensorFile& statistics,
                                  const Plan& plan, const CalibrationImages& images,
                                  const RangeFactors& factors) {
  if (plan.skip.empty() && plan.kernels.empty()) {
    return build_reduced(detector, statistics, plan, images, factors);
  }
  const auto reduced = reduce(detector, statistics, plan);
  if (!reduced) return reduced.error();
  const auto& [left, its_statistics, rest] = reduced.value();
  auto candidate = build_reduced(left, its_statistics, rest, images, factors);
  if (!candidate) return candidate.error();
  Candidate built = std::move(candidate).value();
  for (const Group& group : detector.groups.groups) {  // of those that went nothing is kept
    built.widths.try_emplace(group.name, 0, static_cast<int>(group.units.size()));
  }
  return built;
}

}  // namespace pare::engine
