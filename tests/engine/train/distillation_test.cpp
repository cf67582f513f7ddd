#include "engine/train/distill/distillation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/train/distill/feature_loss.h"

namespace pare::engine {
namespace {

// A level of each head that the project knows.
struct Subject {
  HeadMatch head;
  std::vector<std::int64_t> channels;  // of each tensor
};

std::vector<Subject> subjects() {
  const auto level = [](std::size_t tensors, std::size_t anchors) {
    HeadLevel made{.stride = 8, .tensors = {}};
    for (std::size_t t = 0; t < tensors; ++t) made.tensors.push_back("t" + std::to_string(t));
    made.anchors.resize(anchors, {10, 10});
    return made;
  };
  return {{{.head = "yolox", .classes = 3, .levels = {level(3, 0)}}, {4, 1, 3}},
          {{.head = "yolov5", .classes = 3, .levels = {level(1, 2)}}, {16}},
          {{.head = "nanodet", .classes = 3, .levels = {level(1, 0)}, .bins = 5}, {23}},
          {{.head = "nanodet", .classes = 3, .levels = {level(2, 0)}, .bins = 5}, {3, 20}},
          {{.head = "yolov3", .classes = 3, .levels = {level(1, 2)}}, {16}},
          {{.head = "yolov8", .classes = 3, .levels = {level(2, 0)}, .bins = 5}, {20, 3}},
          {{.head = "ssd", .classes = 3, .levels = {level(2, 2)}}, {8, 8}},
          {{.head = "fastestdet", .classes = 3, .levels = {level(3, 0)}}, {1, 4, 3}}};
}

std::vector<torch::Tensor> random_maps(const Subject& subject, std::uint64_t seed) {
  torch::manual_seed(seed);
  std::vector<torch::Tensor> maps;
  for (const std::int64_t c : subject.channels) maps.push_back(torch::randn({2, c, 5, 6}));
  return maps;
}

HeadChannels channels_of(const Subject& subject) {
  return head_channels(subject.head, subject.head.levels[0].tensors);
}

TEST(HeadLoss, equal_outputs_cost_nothing_and_every_channel_of_every_head_counts) {
  for (const Subject& subject : subjects()) {
    const HeadChannels head = channels_of(subject);
    const auto teacher = random_maps(subject, 1);
    EXPECT_NEAR(head_loss(head, teacher, teacher).item<double>(), 0, 1e-5) << subject.head.head;
    for (std::size_t t = 0; t < teacher.size(); ++t) {
      for (std::int64_t c = 0; c < teacher[t].size(1); ++c) {
        auto other = teacher;
        other[t] = teacher[t].clone();
        other[t].select(1, c).add_(1.5);
        EXPECT_GT(head_loss(head, other, teacher).item<double>(), 1e-3)
            << subject.head.head << ", tensor " << t << ", channel " << c;
      }
    }
  }
}

TEST(HeadLoss, its_gradient_leads_from_anywhere_to_the_teacher) {
  for (const Subject& subject : subjects()) {
    const HeadChannels head = channels_of(subject);
    const auto teacher = random_maps(subject, 1);
    auto student = random_maps(subject, 2);
    for (torch::Tensor& map : student) map.set_requires_grad(true);
    double before = 0, after = 0;
    for (int step = 0; step < 200; ++step) {
      const torch::Tensor loss = head_loss(head, student, teacher);
      after = loss.item<double>();
      if (step == 0) before = after;
      for (torch::Tensor& map : student) map.mutable_grad() = torch::Tensor();
      loss.backward();
      const torch::NoGradGuard no_grad;
      for (torch::Tensor& map : student) map.sub_(map.grad(), 2.0);
    }
    EXPECT_LT(after, 0.5 * before) << subject.head.head;
  }
}

// One place, one class: by hand.
TEST(HeadLoss, a_yolox_place_costs_what_its_parts_do) {
  const Subject subject{{.head = "yolox", .classes = 1, .levels = subjects()[0].head.levels}, {}};
  const auto map = [](std::vector<float> values) {
    return torch::tensor(values).view({1, static_cast<std::int64_t>(values.size()), 1, 1});
  };
  const std::vector<torch::Tensor> teacher = {map({0, 0, 0, 0}), map({3}), map({2})};
  const std::vector<torch::Tensor> student = {map({0.05F, 0, 0, 2}), map({1}), map({2})};
  const double p = 1 / (1 + std::exp(-3.0)), q = 1 / (1 + std::exp(-1.0));
  const double objectness = p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
  const double box = 8 * p * (0.0125 + 1.95);  // smooth L1 of .05 and 2, bent at .1
  EXPECT_NEAR(head_loss(channels_of(subject), student, teacher).item<double>(),
              (objectness + box) / 1, 1e-5);  // fewer places than one count as one
}

TEST(FeatureLoss, its_value_and_gradient_are_those_of_the_formula) {
  torch::manual_seed(1);
  const torch::Tensor teacher = torch::randn({2, 4, 3, 5}) * 3 + 1;
  const torch::Tensor weights = torch::rand({2, 1, 3, 5});
  torch::Tensor student = torch::randn({2, 4, 3, 5}).set_requires_grad(true);
  torch::Tensor same = student.detach().clone().set_requires_grad(true);
  const torch::Tensor ours =
      feature_loss(student, teacher, {}, inverse_variances(teacher), weights);
  const torch::Tensor variance = teacher.var(torch::IntArrayRef{0, 2, 3}, false, true);
  const torch::Tensor theirs = ((same - teacher).square() * weights / variance).mean();
  EXPECT_NEAR(ours.item<double>(), theirs.item<double>(), 1e-5);
  (ours * 3).backward();
  (theirs * 3).backward();
  EXPECT_LT((student.grad() - same.grad()).abs().max().item<double>(), 1e-5);
}

TEST(FeatureLoss, a_student_of_fewer_channels_is_compared_with_those_that_it_has) {
  torch::manual_seed(2);
  const torch::Tensor teacher = torch::randn({2, 6, 3, 5}), student = torch::randn({2, 3, 3, 5});
  const torch::Tensor weights = torch::rand({2, 1, 3, 5});
  const torch::Tensor rows = torch::tensor({0, 2, 5}, torch::kInt64);
  const torch::Tensor chosen = teacher.index_select(1, rows);
  EXPECT_NEAR(
      feature_loss(student, teacher, rows, inverse_variances(teacher), weights).item<double>(),
      feature_loss(student, chosen, {}, inverse_variances(chosen), weights).item<double>(), 1e-5);
}

TEST(FeatureLoss, a_channel_that_never_varies_stays_finite) {
  torch::Tensor teacher = torch::randn({2, 3, 4, 4});
  teacher.select(1, 1).fill_(2);
  const torch::Tensor loss = feature_loss(teacher + 0.1, teacher, {}, inverse_variances(teacher),
                                          torch::ones({2, 1, 4, 4}));
  EXPECT_TRUE(std::isfinite(loss.item<double>()));
}

TEST(PlaceWeights, objects_weigh_more_at_every_size_and_the_mean_is_one) {
  torch::Tensor scores = torch::zeros({1, 1, 8, 8});
  scores[0][0][2][5] = 1;
  for (const std::int64_t size : {16, 8, 4, 2}) {
    const torch::Tensor weights = place_weights(scores, size, size);
    EXPECT_NEAR(weights.mean().item<double>(), 1, 1e-6);
    const std::int64_t y = 2 * size / 8, x = 5 * size / 8;
    EXPECT_NEAR(weights[0][0][y][x].item<double>() / weights[0][0][size - 1][0].item<double>(), 5,
                1e-5)
        << size;
  }
}

}  // namespace
}  // namespace pare::engine
