#include "engine/pipeline/part_sensitivity.h"

#include <utility>

#include "engine/executor/openvino_runner.h"
#include "engine/ops/all_ops.h"
#include "engine/pipeline/output_error.h"
#include "engine/pipeline/output_shares.h"
#include "engine/prune/skip_fit.h"

namespace pare::engine {
namespace {

// The original's outputs on every image, and how far another network's are from them.
class Measured {
 public:
  static Result<Measured> make(const Detector& detector, std::span<const SampleImage> images) {
    Measured measured(images);
    const auto runner = make_openvino_runner(detector.body);
    if (!runner) return runner.error();
    for (const SampleImage& image : images) {
      const auto outputs = runner.value()->run({image.input});
      if (!outputs) return outputs.error();
      auto& references = measured.references_.emplace_back();
      for (std::size_t o = 0; o < outputs.value().size(); ++o) {
        references.emplace_back(outputs.value()[o], image.weights);
        if (measured.variance_.size() <= o) {
          measured.variance_.emplace_back(references[o].channels(), 0);
        }
        references[o].add_variance(measured.variance_[o]);
      }
    }
    const auto shares = output_shares(detector);
    for (const TensorInfo& output : detector.body.outputs) {
      measured.shares_.push_back(shares.at(output.name));
    }
    return measured;
  }

  Result<double> damage_of(const Graph& graph) const {
    const auto runner = make_openvino_runner(graph);
    if (!runner) return runner.error();
    PerChannel error;
    for (const auto& channels : variance_) error.emplace_back(channels.size(), 0);
    for (std::size_t i = 0; i < images_.size(); ++i) {
      const auto outputs = runner.value()->run({images_[i].input});
      if (!outputs) return outputs.error();
      for (std::size_t o = 0; o < error.size(); ++o) {
        references_[i][o].add_error(outputs.value()[o], error[o]);
      }
    }
    return scale_ * relative(error, variance_, shares_);
  }

  Result<std::monostate> set_unit(const UnitOfDamage& unit) {
    const auto own = damage_of(unit.graph);
    if (!own) return own.error();
    if (own.value() > 0 && unit.expected > 0) scale_ = unit.expected / own.value();
    return std::monostate{};
  }

 private:
  explicit Measured(std::span<const SampleImage> images) : images_(images) {}

  std::span<const SampleImage> images_;
  std::vector<std::vector<Reference>> references_;  // by image, output
  PerChannel variance_, shares_;
  double scale_ = 1;
};

struct Told {
  const Progress& progress;
  std::size_t choices = 0, done = 0;

  void one() {
    ++done;
    progress(static_cast<double>(done) / static_cast<double>(choices),
             "blocks and kernels: " + std::to_string(done) + " of " + std::to_string(choices));
  }
};

Result<StageSensitivity> stage_sensitivity(const Detector& detector, const SkipStage& stage,
                                           const Statistics& statistics, const Measured& measured,
                                           std::int64_t macs, Told& told) {
  StageSensitivity out;
  for (std::size_t k = 0; k < stage.blocks.size(); ++k) {
    const auto less = skip_blocks(detector.body, detector.observed, statistics, {stage},
                                  SkipLevels{static_cast<int>(k) + 1});
    if (!less) return less.error();
    const auto cost = cost_of(less.value().graph, less.value().observed);
    if (!cost) return cost.error();
    const auto damage = measured.damage_of(less.value().graph);
    if (!damage) return damage.error();
    out.blocks.push_back(stage.blocks[k].name);
    out.damage.push_back(damage.value());
    out.macs_saved.push_back(macs - cost.value().macs);
    told.one();
  }
  return out;
}

Result<KernelSensitivity> kernel_sensitivity(const Detector& detector, const ElasticKernel& kernel,
                                             const Statistics& statistics, const Measured& measured,
                                             Told& told) {
  const Node& node = detector.body.nodes[kernel.node];
  const auto facts = facts_of(node, detector.body, detector.observed);
  if (!facts) return facts.error();
  const std::int64_t macs =
      find_op(all_ops(), node.op)->macs(facts.value().view(node, detector.body.opset));
  const std::int64_t side = facts.value().input_shapes[1][2];
  KernelSensitivity out{node.name, kernel.sizes, {}, {}};
  for (const int size : kernel.sizes) {
    const auto less =
        shrink_kernels(detector.body, detector.observed, statistics, {kernel}, {{node.name, size}});
    if (!less) return less.error();
    const auto damage = measured.damage_of(less.value().graph);
    if (!damage) return damage.error();
    out.damage.push_back(damage.value());
    out.macs_saved.push_back(macs - macs / (side * side) * (std::int64_t{size} * size));
    told.one();
  }
  return out;
}

}  // namespace

Result<PartGuidance> part_sensitivity(const Detector& detector, const ElasticParts& parts,
                                      const Statistics& statistics,
                                      std::span<const SampleImage> images,
                                      const std::optional<UnitOfDamage>& unit,
                                      const Progress& progress) {
  PartGuidance guidance;
  Told told{progress};
  for (const SkipStage& stage : parts.stages) told.choices += stage.blocks.size();
  for (const ElasticKernel& kernel : parts.kernels) told.choices += kernel.sizes.size();
  if (told.choices == 0) return guidance;
  const auto all = cost_of(detector.body, detector.observed);
  if (!all) return all.error();
  auto made = Measured::make(detector, images);
  if (!made) return made.error();
  Measured measured = std::move(made).value();
  if (unit) {
    const auto set = measured.set_unit(*unit);
    if (!set) return set.error();
  }
  for (const SkipStage& stage : parts.stages) {
    auto row = stage_sensitivity(detector, stage, statistics, measured, all.value().macs, told);
    if (!row) return row.error();
    guidance.blocks.push_back(std::move(row).value());
  }
  for (const ElasticKernel& kernel : parts.kernels) {
    auto row = kernel_sensitivity(detector, kernel, statistics, measured, told);
    if (!row) return row.error();
    guidance.kernels.push_back(std::move(row).value());
  }
  return guidance;
}

}  // namespace pare::engine
