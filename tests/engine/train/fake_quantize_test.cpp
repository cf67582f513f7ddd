#include "engine/train/graph/fake_quantize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/quant/quantize_weights.h"
#include "engine/train/graph/torch_tensor.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

torch::Tensor fake_quantized(const torch::Tensor& x, const torch::Tensor& scale, int zero_point) {
  static const Node node{"pair", "DequantizeLinear", "", {}, {}, {}};
  const std::vector<torch::Tensor> inputs{x, scale, torch::tensor(zero_point, torch::kUInt8)};
  return run_fake_quantize({.node = node, .inputs = inputs})[0];
}

TEST(FakeQuantize, an_activation_becomes_what_onnx_makes_of_it_and_gradients_are_those_of_lsq) {
  constexpr double kScale = 0.05;
  constexpr int kZero = 40;
  const torch::Tensor x = to_torch(random_tensor({1, 3, 8, 8}, 1, -4, 14)).set_requires_grad(true);
  const torch::Tensor scale = torch::tensor({kScale}, torch::kFloat32).set_requires_grad(true);
  const torch::Tensor y = fake_quantized(x, scale, kZero);
  y.sum().backward();
  double scale_gradient = 0;
  int outside = 0;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double value = x.detach().view({-1})[i].item<double>();
    const double level = std::nearbyint(value / kScale) + kZero;
    const bool within = level >= 0 && level <= 255;
    outside += within ? 0 : 1;
    const double kept = std::min(255.0, std::max(0.0, level)) - kZero;
    EXPECT_NEAR(y.detach().view({-1})[i].item<double>(), kept * kScale, 1e-5);
    EXPECT_EQ(x.grad().view({-1})[i].item<double>(), within ? 1 : 0);
    scale_gradient += within ? kept - value / kScale : kept;
  }
  EXPECT_GT(outside, 10);
  EXPECT_NEAR(scale.grad().item<double>(), scale_gradient, 1e-2);
}

TEST(FakeQuantize, weights_become_what_the_exported_integers_stand_for) {
  for (const int bits : {8, 7}) {
    torch::Tensor drawn = to_torch(random_tensor({5, 4, 3, 3}, 2, -0.3F, 0.4F));
    drawn[1].zero_();  // a row of nothing
    const Tensor weights = from_torch(drawn);
    const torch::Tensor ours = to_torch(weights).set_requires_grad(true);
    const torch::Tensor made = fake_quantize_rows(ours, bits);
    const Tensor expected = dequantize(quantize_weights(weights, bits).value());
    EXPECT_LT((made - to_torch(expected)).abs().max().item<double>(), 1e-6) << bits;
    EXPECT_GT((made - ours).abs().max().item<double>(), 1e-5) << "nothing was rounded";
    made.sum().backward();
    EXPECT_EQ(ours.grad().min().item<double>(), 1) << bits;
  }
}

}  // namespace
}  // namespace pare::engine::test
