#include "engine/pipeline/group_sensitivity.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/ops/all_ops.h"
#include "engine/pipeline/output_sensitivity.h"
#include "engine/pipeline/output_shares.h"
#include "engine/pipeline/part_sensitivity.h"
#include "engine/pipeline/sample_images.h"
#include "engine/prune/allocation.h"
#include "engine/prune/importance.h"
#include "engine/prune/output_worth.h"
#include "engine/prune/prune.h"
#include "engine/prune/reconstruct.h"

namespace pare::engine {
namespace {

constexpr double kGroupsEnd = 0.6;  // of the progress

Progress progress_part(const Progress& whole, double first, double last) {
  return [=, &whole](double share, const std::string& message) {
    whole(first + share * (last - first), message);
  };
}

constexpr double kUnitSaving = 0.1;  // of the MACs, by widths whose damage sets the unit

struct Calibrated {
  Statistics statistics;
  std::vector<SampleImage> samples;
  Ranking ranking;
};

Result<Calibrated> calibrate(const Detector& detector, const TensorFile& file, std::size_t images,
                             const ImageSource& image, const Progress& progress, Journal& journal) {
  auto statistics = load_statistics(file);
  if (!statistics) return statistics.error();
  const auto orders = load_orders(file, Importance::kGram);
  if (!orders) return orders.error();
  auto samples = sample_images(detector, images, image);
  if (!samples) return samples.error();
  const auto sensitivity = measure_output_sensitivity(detector, statistics.value(), orders.value(),
                                                      samples.value(), progress, journal);
  if (!sensitivity) return sensitivity.error();
  const auto worth = output_worth(detector.body, detector.groups, statistics.value(),
                                  sensitivity.value(), output_shares(detector));
  if (!worth) return worth.error();
  auto ranking = rank_by_gram(detector.body, detector.groups, statistics.value(), worth.value());
  if (!ranking) return ranking.error();
  return Calibrated{std::move(statistics).value(), std::move(samples).value(),
                    std::move(ranking).value()};
}

// The first of the allocations that saves a tenth; nullopt: there is none.
Result<std::optional<UnitOfDamage>> unit_of(const Detector& detector, const Calibrated& calibrated,
                                            const std::vector<Allocation>& widths) {
  const auto enough =
      std::ranges::find_if(widths, [](const Allocation& a) { return a.macs_saved >= kUnitSaving; });
  if (enough == widths.end()) return std::optional<UnitOfDamage>{};
  const auto removed = select_units(detector.groups, enough->widths, calibrated.ranking.orders);
  if (!removed) return removed.error();
  const auto body =
      reconstruct(detector.body, detector.groups, removed.value(), calibrated.statistics);
  if (!body) return body.error();
  auto pruned = prune(body.value(), detector.observed, all_ops(), detector.groups, removed.value());
  if (!pruned) return pruned.error();
  return std::optional(UnitOfDamage{std::move(pruned).value().graph, enough->damage});
}

}  // namespace

Result<GroupGuidance> group_sensitivity(const Detector& detector, TensorFile& statistics,
                                        std::size_t images, const ImageSource& image,
                                        const GroupSensitivityOptions& options,
                                        const Progress& progress, Journal& journal) {
  const auto used = std::min(images, static_cast<std::size_t>(options.images));
  const auto calibrated =
      calibrate(detector, statistics, used, image, progress_part(progress, 0, kGroupsEnd), journal);
  if (!calibrated) return calibrated.error();
  const Ranking& ranking = calibrated.value().ranking;
  const auto costs = WidthCosts::make(detector.body, detector.observed, all_ops(), detector.groups,
                                      ranking.orders);
  if (!costs) return costs.error();
  GroupGuidance guidance{sensitivities(detector.groups, costs.value(), ranking),
                         {},
                         {},
                         allocate(detector.groups, costs.value(), ranking, options.savings)};
  const auto unit = unit_of(detector, calibrated.value(), guidance.allocations);
  if (!unit) return unit.error();
  const auto parts = elastic_parts(detector);
  if (!parts) return parts.error();
  const auto measured = part_sensitivity(detector, parts.value(), calibrated.value().statistics,
                                         calibrated.value().samples, unit.value(),
                                         progress_part(progress, kGroupsEnd, 1));
  if (!measured) return measured.error();
  guidance.blocks = measured.value().blocks;
  guidance.kernels = measured.value().kernels;
  // Behind the allocations of widths alone those of all three that have blocks or kernels in them.
  WidthCosts of_all = costs.value();
  const auto added = add_parts(detector, parts.value(), ranking.orders, of_all);
  if (!added) return added.error();
  const PartChoices choices{guidance.blocks, guidance.kernels};
  for (Allocation& one : allocate(detector.groups, of_all, ranking, options.savings, {}, choices)) {
    if (!one.skip.empty() || !one.kernels.empty()) guidance.allocations.push_back(std::move(one));
  }
  store(ranking, statistics);
  return guidance;
}

}  // namespace pare::engine
