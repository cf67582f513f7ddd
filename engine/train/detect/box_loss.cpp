#include "engine/train/detect/box_loss.h"

#include <numbers>

namespace pare::engine {
namespace {

constexpr double kTiny = 1e-7;

torch::Tensor low(const torch::Tensor& t) {
  return t.slice(1, 0, 2) - t.slice(1, 2, 4) / 2;
}

torch::Tensor high(const torch::Tensor& t) {
  return t.slice(1, 0, 2) + t.slice(1, 2, 4) / 2;
}

torch::Tensor area(const torch::Tensor& sides) {
  return sides.select(1, 0) * sides.select(1, 1);
}

// Sides of the smallest box around both.
torch::Tensor hull(const torch::Tensor& a, const torch::Tensor& b) {
  return torch::max(high(a), high(b)) - torch::min(low(a), low(b));
}

torch::Tensor aspect(const torch::Tensor& t) {
  return torch::atan(t.select(1, 2) / (t.select(1, 3) + kTiny));
}

}  // namespace

torch::Tensor box_loss(const torch::Tensor& predicted, const torch::Tensor& wanted, BoxLoss kind) {
  const torch::Tensor both =
      area((torch::min(high(predicted), high(wanted)) - torch::max(low(predicted), low(wanted)))
               .clamp_min(0));
  const torch::Tensor either =
      area(predicted.slice(1, 2, 4)) + area(wanted.slice(1, 2, 4)) - both + kTiny;
  const torch::Tensor overlap = both / either;
  const torch::Tensor around = hull(predicted, wanted);
  if (kind == BoxLoss::kGiou) {
    const torch::Tensor whole = area(around) + kTiny;
    return 1.0 - (overlap - (whole - either) / whole);
  }
  const torch::Tensor apart =
      torch::pow(predicted.slice(1, 0, 2) - wanted.slice(1, 0, 2), 2).sum(1);
  const torch::Tensor diagonal = torch::pow(around, 2).sum(1) + kTiny;
  const torch::Tensor turned = torch::pow(aspect(predicted) - aspect(wanted), 2) *
                               (4.0 / (std::numbers::pi * std::numbers::pi));
  const torch::Tensor weight = turned / (1.0 - overlap + turned + kTiny);
  return 1.0 - overlap + apart / diagonal + weight * turned;
}

}  // namespace pare::engine
