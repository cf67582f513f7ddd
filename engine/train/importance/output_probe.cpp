#include "engine/train/importance/output_probe.h"

namespace pare::engine {
namespace {

constexpr double kDifference = 0.01;  // of an output; the losses of boxes are quadratic up to .1

torch::Tensor signs_like(const torch::Tensor& map, at::Generator& random) {
  return torch::randint(0, 2, map.sizes(), random, map.options()) * 2 - 1;
}

// One over the variance of each channel, shared out over its places.
torch::Tensor spread_curvature(const torch::Tensor& map) {
  if (map.dim() < 2) return torch::zeros_like(map);
  std::vector<std::int64_t> rest;
  for (std::int64_t d = 0; d < map.dim(); ++d) {
    if (d != 1) rest.push_back(d);
  }
  const torch::Tensor variance = map.var(rest, false, true);
  const double places = static_cast<double>(map.numel()) / static_cast<double>(map.size(1));
  return (variance > 0).to(map.dtype()) / (variance.clamp_min(1e-12) * places) *
         torch::ones_like(map);
}

std::vector<torch::Tensor> head_curvature(const HeadChannels& head,
                                          const std::vector<torch::Tensor>& outputs,
                                          at::Generator& random) {
  std::vector<torch::Tensor> moved, shifts, curvature;
  for (const torch::Tensor& output : outputs) {
    shifts.push_back(signs_like(output, random) * kDifference);
    moved.push_back((output + shifts.back()).requires_grad_());
  }
  const auto gradients = torch::autograd::grad({head_loss(head, moved, outputs)}, moved, {},
                                               c10::nullopt, false, /*allow_unused=*/true);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    curvature.push_back(gradients[i].defined() ? (gradients[i] / shifts[i]).clamp_min(0)
                                               : torch::zeros_like(outputs[i]));
  }
  return curvature;
}

}  // namespace

std::vector<torch::Tensor> output_probe(const HeadChannels& head,
                                        const std::vector<torch::Tensor>& outputs,
                                        std::uint64_t seed) {
  auto random = at::detail::createCPUGenerator(seed);
  std::vector<torch::Tensor> fixed, curvature;
  for (const torch::Tensor& output : outputs) fixed.push_back(output.detach());
  if (head.levels.empty()) {
    for (const torch::Tensor& output : fixed) curvature.push_back(spread_curvature(output));
  } else {
    curvature = head_curvature(head, fixed, random);
  }
  std::vector<torch::Tensor> probe;
  for (const torch::Tensor& c : curvature) probe.push_back(c.sqrt() * signs_like(c, random));
  return probe;
}

}  // namespace pare::engine
