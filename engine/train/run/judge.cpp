#include "engine/train/run/judge.h"

#include <cmath>

namespace pare::engine {

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

std::size_t nearest_to(const std::vector<SubNetwork>& judged, double share) {
  std::size_t nearest = 0;
  for (std::size_t j = 1; j < judged.size(); ++j) {
    const double here = std::abs(judged[j].share() - share);
    if (here < std::abs(judged[nearest].share() - share)) nearest = j;
  }
  return nearest;
}

}  // namespace pare::engine
