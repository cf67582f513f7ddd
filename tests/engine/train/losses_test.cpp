#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <vector>

#include "engine/train/detect/box_loss.h"
#include "engine/train/detect/centernet_loss.h"
#include "engine/train/detect/detection_loss.h"
#include "engine/train/detect/score_loss.h"

namespace pare::engine {
namespace {

using Loss = std::function<torch::Tensor(const torch::Tensor&)>;

// Largest difference between the gradient and central differences, by the gradient's largest value.
double gradient_error(const Loss& loss, const torch::Tensor& at) {
  constexpr double kStep = 1e-6;
  const torch::Tensor x = at.clone().to(torch::kFloat64).set_requires_grad(true);
  loss(x).backward();
  const torch::Tensor gradient = x.grad().flatten();
  double worst = 0;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const auto shifted = [&](double by) {
      torch::Tensor moved = x.detach().clone();
      moved.view(-1)[i] += by;
      return loss(moved).item<double>();
    };
    const double measured = (shifted(kStep) - shifted(-kStep)) / (2 * kStep);
    worst = std::max(worst, std::abs(measured - gradient[i].item<double>()));
  }
  const double largest = gradient.abs().max().item<double>();
  EXPECT_GT(largest, 1e-3);
  return worst / largest;
}

torch::Tensor boxes(unsigned seed) {
  torch::manual_seed(seed);
  return torch::cat({torch::rand({12, 2}) * 30 + 20, torch::rand({12, 2}) * 20 + 5}, 1)
      .to(torch::kFloat64);
}

TEST(BoxLoss, its_gradients_are_what_finite_differences_say) {
  const torch::Tensor wanted = boxes(2);
  for (const BoxLoss kind : {BoxLoss::kGiou, BoxLoss::kCiou}) {
    const Loss loss = [&](const torch::Tensor& x) { return box_loss(x, wanted, kind).sum(); };
    EXPECT_LT(gradient_error(loss, boxes(1)), 1e-5) << static_cast<int>(kind);
  }
}

TEST(BoxLoss, is_zero_for_the_box_itself_and_grows_with_distance) {
  const torch::Tensor wanted = boxes(2);
  const torch::Tensor aside = torch::tensor({{1.0, 0.0, 0.0, 0.0}}, torch::kFloat64);
  for (const BoxLoss kind : {BoxLoss::kGiou, BoxLoss::kCiou}) {
    EXPECT_LT(box_loss(wanted, wanted, kind).abs().max().item<double>(), 1e-6);
    double last = 0;
    for (const double shift : {2.0, 10.0, 50.0, 100.0}) {  // also where nothing overlaps
      const double now = box_loss(wanted + aside * shift, wanted, kind).sum().item<double>();
      EXPECT_GT(now, last);
      last = now;
    }
  }
}

TEST(ScoreLoss, its_gradients_are_what_finite_differences_say) {
  torch::manual_seed(3);
  const torch::Tensor targets = torch::rand({4, 5}, torch::kFloat64);
  for (const ScoreLoss kind : {ScoreLoss::kCrossEntropy, ScoreLoss::kQualityFocal}) {
    const Loss loss = [&](const torch::Tensor& x) { return score_loss(x, targets, kind); };
    EXPECT_LT(gradient_error(loss, torch::randn({4, 5})), 1e-5);
  }
}

TEST(ScoreLoss, quality_focal_is_least_where_the_score_says_the_target) {
  const torch::Tensor target = torch::full({1}, 0.3);
  const auto at = [&](double score) {
    const torch::Tensor logit = torch::full({1}, std::log(score / (1 - score)));
    return score_loss(logit, target, ScoreLoss::kQualityFocal).item<double>();
  };
  EXPECT_NEAR(at(0.3), 0, 1e-6);
  EXPECT_GT(at(0.2), at(0.29));
  EXPECT_GT(at(0.6), at(0.4));
}

struct Points {
  torch::Tensor heat, size, offset;
  explicit Points(unsigned seed) {
    torch::manual_seed(seed);
    heat = torch::randn({2, 3, 8, 8}, torch::kFloat64);
    size = torch::randn({2, 2, 8, 8}, torch::kFloat64);
    offset = torch::randn({2, 2, 8, 8}, torch::kFloat64);
  }
};

const std::vector<std::vector<ObjectBox>> kObjects = {{{10, 9, 12, 8, 1}, {25, 22, 6, 14, 0}},
                                                      {{16, 16, 20, 20, 2}}};

TEST(CenternetLoss, its_gradients_are_what_finite_differences_say) {
  const Points at(4);
  const auto total = [](const torch::Tensor& heat, const torch::Tensor& size,
                        const torch::Tensor& offset) {
    return centernet_loss(4, {heat, size, offset}, kObjects).total;
  };
  EXPECT_LT(gradient_error([&](auto& x) { return total(x, at.size, at.offset); }, at.heat), 1e-5);
  EXPECT_LT(gradient_error([&](auto& x) { return total(at.heat, x, at.offset); }, at.size), 1e-5);
  EXPECT_LT(gradient_error([&](auto& x) { return total(at.heat, at.size, x); }, at.offset), 1e-5);
}

TEST(CenternetLoss, maps_that_say_the_objects_cost_next_to_nothing) {
  Points said(5);
  said.heat.fill_(-20);
  for (std::size_t i = 0; i < kObjects.size(); ++i) {
    for (const ObjectBox& o : kObjects[i]) {
      const auto image = static_cast<std::int64_t>(i);
      const auto x = static_cast<std::int64_t>(o.centre_x / 4);
      const auto y = static_cast<std::int64_t>(o.centre_y / 4);
      said.heat[image][o.category][y][x] = 20;
      said.size[image][0][y][x] = o.width / 4;
      said.size[image][1][y][x] = o.height / 4;
      said.offset[image][0][y][x] = o.centre_x / 4 - static_cast<float>(x);
      said.offset[image][1][y][x] = o.centre_y / 4 - static_cast<float>(y);
    }
  }
  const DetectionLoss right = centernet_loss(4, {said.heat, said.size, said.offset}, kObjects);
  EXPECT_EQ(right.assigned, 3U);
  EXPECT_LT(right.total.item<double>(), 1e-6);
  const DetectionLoss wrong = centernet_loss(4, {-said.heat, said.size, said.offset}, kObjects);
  EXPECT_GT(wrong.total.item<double>(), 100);
}

TEST(CenternetLoss, a_box_shifted_by_the_radius_still_overlaps_as_much) {
  for (const auto& [width, height] : {std::pair{10.0, 10.0}, {30.0, 6.0}, {4.0, 17.0}}) {
    const double r = gaussian_radius(width, height, 0.7);
    EXPECT_GT(r, 0);
    const auto w = static_cast<float>(width), h = static_cast<float>(height);
    const auto d = static_cast<float>(r);
    const ObjectBox own{50, 50, w, h, 0};
    EXPECT_GE(intersection_over_union(own, {50 + d, 50 + d, w, h, 0}), 0.699F);
    EXPECT_GE(intersection_over_union(own, {50, 50, w - 2 * d, h - 2 * d, 0}), 0.699F);
    EXPECT_GE(intersection_over_union(own, {50, 50, w + 2 * d, h + 2 * d, 0}), 0.699F);
  }
}

TEST(DetectionLoss, a_head_that_cannot_be_trained_is_refused_by_name) {
  const std::vector<int> strides = {16};
  const auto loss = detection_loss_of("fastestdet", strides, 64, {});
  ASSERT_FALSE(loss);
  EXPECT_EQ(loss.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(loss.error().message,
            "head \"fastestdet\" cannot be trained with labels; centernet and yolox can");
}

}  // namespace
}  // namespace pare::engine
