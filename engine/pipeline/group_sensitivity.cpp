#include "engine/pipeline/group_sensitivity.h"

#include <algorithm>
#include <utility>

#include "engine/ops/all_ops.h"
#include "engine/pipeline/output_sensitivity.h"
#include "engine/pipeline/output_shares.h"
#include "engine/pipeline/sample_images.h"
#include "engine/prune/allocation.h"
#include "engine/prune/importance.h"
#include "engine/prune/output_worth.h"

namespace pare::engine {
namespace {

Result<Ranking> calibrated_ranking(const Detector& detector, const TensorFile& file,
                                   std::size_t images, const ImageSource& image,
                                   const Progress& progress, Journal& journal) {
  const auto statistics = load_statistics(file);
  if (!statistics) return statistics.error();
  const auto orders = load_orders(file, Importance::kGram);
  if (!orders) return orders.error();
  const auto samples = sample_images(detector, images, image);
  if (!samples) return samples.error();
  const auto sensitivity = measure_output_sensitivity(detector, statistics.value(), orders.value(),
                                                      samples.value(), progress, journal);
  if (!sensitivity) return sensitivity.error();
  const auto worth = output_worth(detector.body, detector.groups, statistics.value(),
                                  sensitivity.value(), output_shares(detector));
  if (!worth) return worth.error();
  return rank_by_gram(detector.body, detector.groups, statistics.value(), worth.value());
}

}  // namespace

Result<GroupGuidance> group_sensitivity(const Detector& detector, TensorFile& statistics,
                                        std::size_t images, const ImageSource& image,
                                        const GroupSensitivityOptions& options,
                                        const Progress& progress, Journal& journal) {
  const auto used = std::min(images, static_cast<std::size_t>(options.images));
  const auto ranking = calibrated_ranking(detector, statistics, used, image, progress, journal);
  if (!ranking) return ranking.error();
  const auto costs = WidthCosts::make(detector.body, detector.observed, all_ops(), detector.groups,
                                      ranking.value().orders);
  if (!costs) return costs.error();
  store(ranking.value(), statistics);
  return GroupGuidance{sensitivities(detector.groups, costs.value(), ranking.value()),
                       allocate(detector.groups, costs.value(), ranking.value(), options.savings)};
}

}  // namespace pare::engine
