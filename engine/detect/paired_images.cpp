#include "engine/detect/paired_images.h"

#include <cmath>

namespace pare::engine {
namespace {

bool is_finite(const Box& b) {
  return std::isfinite(b.x) && std::isfinite(b.y) && std::isfinite(b.width) &&
         std::isfinite(b.height);
}

// What is wrong with one image; empty if nothing is.
std::string fault(const ImagePair& image, int categories) {
  const auto unknown = [&](int c) {
    return "category " + std::to_string(c) + " of " + std::to_string(categories);
  };
  for (const GroundTruthBox& g : image.truth->boxes) {
    if (g.category < 0 || g.category >= categories) return "box of " + unknown(g.category);
    if (!is_finite(g.box) || !std::isfinite(g.area)) return "a box that is not finite";
  }
  if (image.detections == nullptr) return "";
  for (const Detection& d : image.detections->detections) {
    if (d.category < 0 || d.category >= categories) return "detection of " + unknown(d.category);
    if (!is_finite(d.box) || !std::isfinite(d.score)) return "a detection that is not finite";
  }
  return "";
}

}  // namespace

Error image_error(std::int64_t image, const std::string& what) {
  return {ErrorCode::kInvalidArgument, "image " + std::to_string(image) + ": " + what};
}

Result<PairedImages> pair_images(std::span<const ImageGroundTruth> ground_truth,
                                 std::span<const ImageDetections> detections, int categories) {
  PairedImages images;
  for (const ImageGroundTruth& truth : ground_truth) {
    if (!images.emplace(truth.image_id, ImagePair{&truth, nullptr}).second) {
      return image_error(truth.image_id, "ground truth comes twice");
    }
  }
  for (const ImageDetections& found : detections) {
    const auto image = images.find(found.image_id);
    if (image == images.end()) {
      return image_error(found.image_id, "detections, but no ground truth");
    }
    if (image->second.detections != nullptr) {
      return image_error(found.image_id, "detections come twice");
    }
    image->second.detections = &found;
  }
  for (const auto& [id, image] : images) {
    const std::string what = fault(image, categories);
    if (!what.empty()) return image_error(id, what);
  }
  return images;
}

}  // namespace pare::engine
