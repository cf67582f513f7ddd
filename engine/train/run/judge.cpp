#include "engine/train/run/judge.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace pare::engine {
namespace {

// A ratio of losses.  Chosen: a fifth of the held-out loss is more than looks at other images
// differ by.
constexpr double kLearnedByHeart = 1.25;

}  // namespace

Result<std::vector<double>> held_out_losses(Distillation& distillation,
                                            std::vector<SubNetwork>& judged,
                                            const std::vector<torch::Tensor>& batches) {
  const torch::NoGradGuard no_grad;
  std::vector<double> losses(judged.size(), 0);
  double images = 0;
  for (const torch::Tensor& batch : batches) {
    const auto teacher = distillation.teacher(batch);
    if (!teacher) return teacher.error();
    const auto count = static_cast<double>(batch.size(0));
    images += count;
    for (std::size_t j = 0; j < judged.size(); ++j) {
      const auto loss = distillation.loss(judged[j], batch, teacher.value());
      if (!loss) return loss.error();
      losses[j] += count * (loss.value().features + loss.value().heads);
    }
  }
  for (double& loss : losses) loss /= images;
  return losses;
}

std::string image_advice(const std::vector<double>& seen, const std::vector<double>& held_out,
                         int images) {
  const double ratio = std::accumulate(held_out.begin(), held_out.end(), 0.0) /
                       std::accumulate(seen.begin(), seen.end(), 0.0);
  if (!std::isfinite(ratio) || ratio < kLearnedByHeart) return "";
  std::array<char, 16> times{};
  std::snprintf(times.data(), times.size(), "%.1f", ratio);
  return std::string("More images would help: on those held out its sub-networks are ") +
         times.data() + " times as far from the original as on those learned from (" +
         std::to_string(images) + ").";
}

std::size_t nearest_to(const std::vector<SubNetwork>& judged, double share) {
  std::size_t nearest = 0;
  for (std::size_t j = 1; j < judged.size(); ++j) {
    const double here = std::abs(judged[j].share() - share);
    if (here < std::abs(judged[nearest].share() - share)) nearest = j;
  }
  return nearest;
}

}  // namespace pare::engine
