#include "engine/train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/check.h"
#include "engine/onnx/onnx_io.h"
#include "engine/train/detect/yolox_loss.h"
#include "engine/zoo/board_detector.h"

namespace pare::engine {
namespace {

// Bright squares on a dark ground: one class each for large and small ones.
TrainingSet squares(std::int64_t count, int size) {
  TrainingSet set;
  set.classes = {"small", "large"};
  set.images = torch::full({count, 3, size, size}, 20, torch::kUInt8);
  std::mt19937_64 random(3);
  for (std::int64_t i = 0; i < count; ++i) {
    const int category = static_cast<int>(i % 2);
    const auto side = static_cast<std::int64_t>(category == 0 ? 10 : 20);
    const auto left = static_cast<std::int64_t>(random() % static_cast<unsigned>(size - side));
    const auto top = static_cast<std::int64_t>(random() % static_cast<unsigned>(size - side));
    set.images[i].slice(1, top, top + side).slice(2, left, left + side).fill_(230);
    const auto s = static_cast<float>(side);
    set.objects.push_back(
        {{static_cast<float>(left) + s / 2, static_cast<float>(top) + s / 2, s, s, category}});
  }
  return set;
}

TrainOptions short_run(int epochs) {
  TrainOptions options;
  options.epochs = epochs;
  options.batch = 4;
  options.crop = 64;
  return options;
}

std::vector<double> losses_of(const TrainingSet& set, const TrainOptions& options) {
  std::vector<double> losses;
  const auto trained = train_detector(make_board_detector(2, 64, 1), set, options,
                                      [&](const TrainProgress& p) { losses.push_back(p.loss); });
  EXPECT_TRUE(trained) << trained.error().message;
  return losses;
}

TEST(Trainer, the_loss_falls_on_squares) {
  torch::manual_seed(1);
  const auto losses = losses_of(squares(16, 64), short_run(24));
  ASSERT_EQ(losses.size(), 24U);
  EXPECT_LT(losses.back(), 0.6 * losses.front());
}

// The factors of all batch normalisations of what was trained.
std::vector<float> trained_factors(double thinning) {
  TrainOptions options = short_run(8);
  options.thinning = thinning;
  const auto trained = train_detector(make_board_detector(2, 64, 1), squares(16, 64), options,
                                      [](const TrainProgress&) {});
  PARE_CHECK(trained.has_value(), trained.error().message);
  std::vector<float> factors;
  for (const Node& node : trained.value().nodes) {
    if (node.op != "BatchNormalization") continue;
    const auto own = trained.value().constants.at(node.inputs[1]).values<float>();
    factors.insert(factors.end(), own.begin(), own.end());
  }
  return factors;
}

TEST(Trainer, thinning_draws_the_factors_of_channels_to_nothing) {
  const auto plain = trained_factors(0), thinned = trained_factors(60);
  ASSERT_EQ(plain.size(), thinned.size());
  const auto small = [](float factor) { return std::abs(factor) < 0.1F; };
  EXPECT_LT(std::ranges::count_if(plain, small), std::ssize(plain) / 20);
  EXPECT_GT(std::ranges::count_if(thinned, small), std::ssize(thinned) / 2);
  EXPECT_TRUE(std::ranges::none_of(thinned, [](float factor) { return factor < 0; }));
}

TEST(Trainer, a_resumed_run_ends_where_an_uninterrupted_one_does) {
  at::set_num_threads(1);
  const TrainingSet set = squares(8, 64);
  const ZooDetector detector = make_board_detector(2, 64, 1);
  const auto silent = [](const TrainProgress&) {};
  const auto whole = train_detector(detector, set, short_run(3), silent);
  ASSERT_TRUE(whole);

  TrainOptions options = short_run(3);
  options.checkpoint = std::filesystem::path(testing::TempDir()) / "pare_trainer_test.pt";
  std::filesystem::remove(options.checkpoint);
  const auto stop = [](const TrainProgress& p) {
    if (p.epoch == 2) throw std::runtime_error("power cut");
  };
  EXPECT_THROW((void)train_detector(detector, set, options, stop), std::runtime_error);
  const auto resumed = train_detector(detector, set, options, silent);
  ASSERT_TRUE(resumed) << resumed.error().message;
  EXPECT_EQ(export_onnx(whole.value()), export_onnx(resumed.value()));
  std::filesystem::remove(options.checkpoint);
}

ZooDetector of_the_zoo(const std::string& backbone, const std::string& neck,
                       const std::string& head) {
  auto made = make_zoo_detector({.backbone = backbone,
                                 .neck = neck,
                                 .head = head,
                                 .classes = 2,
                                 .size = 64,
                                 .neck_channels = 16});
  PARE_CHECK(made.has_value(), made.error().message);
  return std::move(made).value();
}

TEST(Trainer, detectors_of_the_zoo_learn_squares_with_either_head_and_assignment) {
  struct Case {
    const char *backbone, *neck, *head;
    LossOptions loss;
  };
  const Case cases[] = {{"mobilenetv3-small", "weighted-fpn", "yolox", {}},
                        {"mobilenetv3-small", "fpn", "centernet", {}},
                        {"shufflenetv2",
                         "single",
                         "yolox",
                         {Assigner::kTaskAligned, BoxLoss::kCiou, ScoreLoss::kQualityFocal}}};
  for (const Case& c : cases) {
    TrainOptions options = short_run(16);
    options.loss = c.loss;
    std::vector<double> losses;
    const auto trained =
        train_detector(of_the_zoo(c.backbone, c.neck, c.head), squares(16, 64), options,
                       [&](const TrainProgress& p) { losses.push_back(p.loss); });
    ASSERT_TRUE(trained) << c.backbone << ": " << trained.error().message;
    ASSERT_EQ(losses.size(), 16U);
    EXPECT_LT(losses.back(), 0.92 * losses.front()) << c.backbone << " " << c.head;
  }
}

TEST(Trainer, the_shares_of_a_weighted_sum_are_learned) {
  const ZooDetector detector = of_the_zoo("mobilenetv3-small", "weighted-fpn", "yolox");
  const auto trained =
      train_detector(detector, squares(8, 64), short_run(2), [](const TrainProgress&) {});
  ASSERT_TRUE(trained);
  int learned = 0;
  for (const Node& node : detector.graph.nodes) {
    if (node.op != "Relu" || !detector.graph.constants.contains(node.inputs[0])) continue;
    if (trained.value().constants.at(node.inputs[0]) != detector.graph.constants.at(node.inputs[0]))
      ++learned;
  }
  EXPECT_EQ(learned, 4);
}

TEST(Trainer, steps_end_in_the_middle_of_an_epoch) {
  TrainOptions options = short_run(20);
  options.steps = 5;  // of 2 an epoch
  TrainProgress last;
  const auto trained = train_detector(make_board_detector(2, 64, 1), squares(8, 64), options,
                                      [&](const TrainProgress& p) { last = p; });
  ASSERT_TRUE(trained);
  EXPECT_EQ(last.step, 5);
  EXPECT_EQ(last.steps, 5);
  EXPECT_EQ(last.epochs, 3);
}

TEST(Trainer, the_learning_rate_rises_and_then_falls_to_a_twentieth) {
  EXPECT_DOUBLE_EQ(schedule(5, 100, 10), 0.5);
  EXPECT_DOUBLE_EQ(schedule(10, 100, 10), 1.0);
  EXPECT_DOUBLE_EQ(schedule(100, 100, 10), 0.05);
}

// Bright above, dark below.
TEST(Augmentation, only_what_has_no_upside_is_turned) {
  TrainingSet set = squares(1, 64);
  set.images.slice(2, 0, 32).fill_(200);
  set.images.slice(2, 32, 64).fill_(0);
  for (const Symmetry symmetry : {Symmetry::kMirrored, Symmetry::kAnyWayUp}) {
    std::mt19937_64 random(9);
    int upright = 0;
    for (int i = 0; i < 40; ++i) {
      const torch::Tensor image = draw_batch(set, {0}, 64, symmetry, random).images[0];
      upright += image.slice(1, 0, 32).min().item<float>() > 100 ? 1 : 0;
    }
    EXPECT_EQ(upright == 40, symmetry == Symmetry::kMirrored);
    EXPECT_GT(upright, 0);
  }
}

TEST(Augmentation, boxes_move_with_their_pixels) {
  const TrainingSet set = squares(20, 96);
  std::mt19937_64 random(9);
  int boxes = 0;
  for (std::int64_t i = 0; i < 20; ++i) {
    const auto symmetry = i < 10 ? Symmetry::kMirrored : Symmetry::kAnyWayUp;
    const Batch batch = draw_batch(set, {i}, 64, symmetry, random);
    EXPECT_EQ(batch.images.sizes(), (std::vector<std::int64_t>{1, 3, 64, 64}));
    for (const ObjectBox& box : batch.objects[0]) {
      const auto left = static_cast<std::int64_t>(box.centre_x - box.width / 2);
      const auto top = static_cast<std::int64_t>(box.centre_y - box.height / 2);
      const torch::Tensor square = batch.images[0]
                                       .slice(1, top, top + static_cast<std::int64_t>(box.height))
                                       .slice(2, left, left + static_cast<std::int64_t>(box.width));
      EXPECT_GT(square.min().item<float>(), 150) << "image " << i;
      ++boxes;
    }
  }
  EXPECT_GT(boxes, 10);
}

TEST(YoloxLoss, a_perfect_prediction_costs_less_than_a_wrong_one) {
  const std::vector<int> strides = {8};
  const AnchorGrid grid = make_anchor_grid(32, strides);
  const std::vector<std::vector<ObjectBox>> objects = {{{12, 12, 8, 8, 1}}};
  const auto heads = [](float object_logit, std::int64_t category) {
    HeadTensors head{torch::zeros({1, 4, 4, 4}), torch::full({1, 1, 4, 4}, -6.0F),
                     torch::full({1, 2, 4, 4}, -6.0F)};
    head.box.slice(1, 0, 2).fill_(0.5);  // the middle of every cell, as large as the cell
    head.objectness[0][0][1][1] = object_logit;
    head.classes[0][category][1][1] = 6;
    return std::vector<HeadTensors>{head};
  };
  const DetectionLoss right = yolox_loss(grid, heads(6, 1), objects);
  const DetectionLoss wrong = yolox_loss(grid, heads(-6, 0), objects);
  EXPECT_EQ(right.assigned, 1U);
  EXPECT_NEAR(right.box, 0, 1e-4);
  EXPECT_LT(right.total.item<double>(), 0.1);
  EXPECT_GT(wrong.total.item<double>(), 5.0);
}

TEST(YoloxLoss, images_without_objects_still_teach_objectness) {
  const std::vector<int> strides = {8};
  const AnchorGrid grid = make_anchor_grid(32, strides);
  const std::vector<HeadTensors> heads = {
      {torch::zeros({2, 4, 4, 4}), torch::zeros({2, 1, 4, 4}), torch::zeros({2, 2, 4, 4})}};
  const DetectionLoss loss = yolox_loss(grid, heads, {{}, {}});
  EXPECT_EQ(loss.assigned, 0U);
  EXPECT_GT(loss.total.item<double>(), 1.0);
}

}  // namespace
}  // namespace pare::engine
