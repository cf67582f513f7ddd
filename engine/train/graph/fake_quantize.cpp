#include "engine/train/graph/fake_quantize.h"

#include <limits>

namespace pare::engine {

std::vector<torch::Tensor> run_fake_quantize(const TorchCall& call) {
  constexpr std::int64_t kLowest = 0, kHighest = 255;
  const torch::Tensor scale = call.inputs[1].reshape({1});
  const torch::Tensor zero_point = call.inputs[2].to(torch::kFloat32).reshape({1});
  return {torch::_fake_quantize_learnable_per_tensor_affine(call.inputs[0], scale, zero_point,
                                                            kLowest, kHighest)};
}

torch::Tensor fake_quantize_rows(const torch::Tensor& weights, int bits) {
  const std::int64_t limit = bits == 8 ? 127 : 63;
  const std::int64_t rows = weights.size(0);
  const torch::Tensor largest =
      std::get<0>(weights.detach().abs().reshape({rows, -1}).max(1)).to(torch::kFloat32);
  const torch::Tensor scales = torch::where(
      largest > 0,
      (largest / static_cast<double>(limit)).clamp_min(std::numeric_limits<float>::min()),
      torch::ones_like(largest));
  const torch::Tensor zero_points = torch::zeros({rows}, torch::kInt32);
  return torch::fake_quantize_per_channel_affine(weights, scales, zero_points, 0, -limit, limit);
}

}  // namespace pare::engine
