#include "engine/pipeline/group_sensitivity.h"

#include <algorithm>
#include <utility>

#include "engine/ops/all_ops.h"
#include "engine/pipeline/output_sensitivity.h"
#include "engine/pipeline/output_shares.h"
#include "engine/pipeline/part_sensitivity.h"
#include "engine/pipeline/sample_images.h"
#include "engine/prune/allocation.h"
#include "engine/prune/importance.h"
#include "engine/prune/output_worth.h"

namespace pare::engine {
namespace {

constexpr double kGroupsEnd = 0.6;  // of the progress

Progress progress_part(const Progress& whole, double first, double last) {
  return [=, &whole](double share, const std::string& message) {
    whole(first + share * (last - first), message);
  };
}

struct Calibrated {
  Ranking ranking;
  ElasticParts parts;
  PartGuidance guidance;
};

// Allocations of widths alone, then those of all three that have blocks or kernels in them.
Result<std::vector<Allocation>> allocations_of(const Detector& detector, const WidthCosts& costs,
                                               const Calibrated& calibrated,
                                               std::span<const double> savings) {
  const Ranking& ranking = calibrated.ranking;
  std::vector<Allocation> all = allocate(detector.groups, costs, ranking, savings);
  WidthCosts of_all = costs;
  const auto added = add_parts(detector, calibrated.parts, ranking.orders, of_all);
  if (!added) return added.error();
  const PartChoices choices{calibrated.guidance.blocks, calibrated.guidance.kernels};
  for (Allocation& one : allocate(detector.groups, of_all, ranking, savings, {}, choices)) {
    if (!one.skip.empty() || !one.kernels.empty()) all.push_back(std::move(one));
  }
  return all;
}

Result<Calibrated> calibrate(const Detector& detector, const TensorFile& file, std::size_t images,
                             const ImageSource& image, const Progress& progress, Journal& journal) {
  const auto statistics = load_statistics(file);
  if (!statistics) return statistics.error();
  const auto orders = load_orders(file, Importance::kGram);
  if (!orders) return orders.error();
  const auto samples = sample_images(detector, images, image);
  if (!samples) return samples.error();
  const auto sensitivity =
      measure_output_sensitivity(detector, statistics.value(), orders.value(), samples.value(),
                                 progress_part(progress, 0, kGroupsEnd), journal);
  if (!sensitivity) return sensitivity.error();
  const auto worth = output_worth(detector.body, detector.groups, statistics.value(),
                                  sensitivity.value(), output_shares(detector));
  if (!worth) return worth.error();
  auto ranking = rank_by_gram(detector.body, detector.groups, statistics.value(), worth.value());
  if (!ranking) return ranking.error();
  auto parts = elastic_parts(detector);
  if (!parts) return parts.error();
  auto guidance = part_sensitivity(detector, parts.value(), statistics.value(), samples.value(),
                                   progress_part(progress, kGroupsEnd, 1));
  if (!guidance) return guidance.error();
  return Calibrated{std::move(ranking).value(), std::move(parts).value(),
                    std::move(guidance).value()};
}

}  // namespace

Result<GroupGuidance> group_sensitivity(const Detector& detector, TensorFile& statistics,
                                        std::size_t images, const ImageSource& image,
                                        const GroupSensitivityOptions& options,
                                        const Progress& progress, Journal& journal) {
  const auto used = std::min(images, static_cast<std::size_t>(options.images));
  auto made = calibrate(detector, statistics, used, image, progress, journal);
  if (!made) return made.error();
  Calibrated calibrated = std::move(made).value();
  const Ranking& ranking = calibrated.ranking;
  const auto costs = WidthCosts::make(detector.body, detector.observed, all_ops(), detector.groups,
                                      ranking.orders);
  if (!costs) return costs.error();
  auto allocations = allocations_of(detector, costs.value(), calibrated, options.savings);
  if (!allocations) return allocations.error();
  store(ranking, statistics);
  PartGuidance& parts = calibrated.guidance;
  return GroupGuidance{sensitivities(detector.groups, costs.value(), ranking),
                       std::move(parts.blocks), std::move(parts.kernels),
                       std::move(allocations).value()};
}

}  // namespace pare::engine
