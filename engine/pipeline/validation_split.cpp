#include "engine/pipeline/validation_split.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace pare::engine {
namespace {

constexpr std::uint64_t kSplitSeed = 20;

std::set<std::int64_t> ids_held_back(const Dataset& dataset, double share) {
  std::vector<std::int64_t> ids;
  for (const DatasetImage& image : dataset.validation) ids.push_back(image.id);
  std::ranges::sort(ids);
  std::mt19937_64 random(kSplitSeed);
  for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[random() % i]);
  const auto count = static_cast<std::size_t>(std::lround(share * static_cast<double>(ids.size())));
  ids.resize(std::min(count, ids.empty() ? 0 : ids.size() - 1));  // something has to choose
  return {ids.begin(), ids.end()};
}

Dataset part_of(const Dataset& dataset, const std::set<std::int64_t>& held_back, bool them) {
  Dataset part = dataset;
  std::erase_if(part.validation,
                [&](const DatasetImage& image) { return held_back.contains(image.id) != them; });
  std::erase_if(part.ground_truth, [&](const ImageGroundTruth& truth) {
    return held_back.contains(truth.image_id) != them;
  });
  return part;
}

}  // namespace

ValidationSplit split_validation(const Dataset& dataset, double share) {
  const std::set<std::int64_t> held_back = ids_held_back(dataset, share);
  return {part_of(dataset, held_back, false), part_of(dataset, held_back, true)};
}

std::vector<ImageDetections> of_dataset(const std::vector<ImageDetections>& detections,
                                        const Dataset& dataset) {
  std::set<std::int64_t> ids;
  for (const ImageGroundTruth& truth : dataset.ground_truth) ids.insert(truth.image_id);
  std::vector<ImageDetections> kept;
  std::ranges::copy_if(detections, std::back_inserter(kept),
                       [&](const ImageDetections& image) { return ids.contains(image.image_id); });
  return kept;
}

}  // namespace pare::engine
