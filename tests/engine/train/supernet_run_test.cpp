// Whole runs of a small super-network.  Each is a process of its own: some are killed, and torch's
// threads do not survive a fork.
#include "engine/train/run/supernet_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "engine/train/graph/torch_tensor.h"
#include "engine/train/run/judge.h"
#include "engine/train/run/threads.h"
#include "tests/engine/train/elastic_network.h"

namespace pare::engine::test {
namespace {

using testing::Each;
using testing::Gt;

constexpr std::int64_t kSteps = 24;

std::vector<Image> photographs() {
  std::vector<Image> images;
  for (unsigned i = 0; i < 6; ++i) {
    Image image;
    image.height = 40;
    image.width = 56;
    const Tensor noise = random_tensor({3 * 40 * 56}, 90 + i, 0, 255);
    for (const float x : noise.values<float>()) image.bgr.push_back(static_cast<std::uint8_t>(x));
    images.push_back(std::move(image));
  }
  return images;
}

Preprocessing preprocessing() {
  Preprocessing form;
  form.std = {255, 255, 255};
  return form;
}

RunOptions options_of(StateKeeper* keeper) {
  RunOptions options;
  options.knots = {0.15, 0.35};
  options.steps = kSteps;
  options.batch = 4;
  options.looks = 4;
  options.optimizer.rate = 2e-3;
  options.keeper = keeper;
  options.about = "a test";
  return options;
}

Result<TrainedCorrection> run(const RunOptions& options,
                              const std::function<void(const RunProgress&)>& report) {
  set_threads(1);
  const ElasticNetwork network;
  const PoolSpace space = space_of_widths(network.body(), network.ranking).value();
  const auto pool =
      draw_pool(space, {.plans = 6, .least = 0.1, .most = 0.35, .noise = 0.4, .seed = 1});
  const auto judged = expected_plans(space, options.knots);
  const std::vector<Image> images = photographs();
  const torch::Tensor held = to_torch(random_tensor({4, 3, 32, 48}, 7, 0, 1));
  return train_supernet(network.body(), network.ranking.orders, pool, judged,
                        {images, {held}, {32, 48, preprocessing()}}, options, report);
}

class SupernetRun : public testing::Test {
 protected:
  SupernetRun() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~SupernetRun() override { std::filesystem::remove_all(folder_); }

  // A run in a process of its own that is killed once it reports this step (0: never) and leaves
  // its artifact otherwise.  What wait() says of it.
  int run_apart(const std::filesystem::path& checkpoint, const std::filesystem::path& artifact,
                std::int64_t killed_at) {
    const pid_t child = ::fork();
    if (child == 0) {
      FileKeeper keeper(checkpoint, 0);  // after every step
      const auto trained = run(options_of(&keeper), [&](const RunProgress& p) {
        if (killed_at > 0 && p.step >= killed_at) ::raise(SIGKILL);
      });
      const bool written =
          trained && write_tensor_file(to_tensor_file(trained.value().supernet), artifact);
      ::_exit(written ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  static std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "pare_supernet_run";
};

// First: no thread of torch's is there yet.
TEST_F(SupernetRun, killed_three_times_and_once_truncated_it_ends_as_if_it_had_never_been) {
  ASSERT_EQ(run_apart(folder_ / "whole", folder_ / "expected", 0), 0);
  const auto checkpoint = folder_ / "state";
  for (const std::int64_t step : {6, 12, 18}) {
    const int status = run_apart(checkpoint, folder_ / "never", step);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "at step " << step;
    ASSERT_TRUE(std::filesystem::exists(checkpoint)) << "at step " << step;
    if (step == 12) {
      std::filesystem::resize_file(checkpoint, std::filesystem::file_size(checkpoint) / 2);
    }
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "never"));
  ASSERT_EQ(run_apart(checkpoint, folder_ / "actual", 0), 0);
  EXPECT_FALSE(bytes_of(folder_ / "expected").empty());
  EXPECT_TRUE(bytes_of(folder_ / "expected") == bytes_of(folder_ / "actual"));
}

TEST_F(SupernetRun, training_lowers_the_loss_on_images_that_it_never_saw) {
  RunOptions options = options_of(nullptr);
  options.steps = 150;
  options.optimizer.rate = 3e-4;
  std::vector<std::vector<double>> looks;
  const auto trained = run(options, [&](const RunProgress& p) {
    if (!p.held_out.empty()) looks.push_back(p.held_out);
  });
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_THAT(trained.value().before, Each(Gt(0)));
  ASSERT_EQ(trained.value().after.size(), trained.value().before.size());
  for (std::size_t j = 0; j < trained.value().after.size(); ++j) {
    EXPECT_LT(trained.value().after[j], 0.9 * trained.value().before[j]) << j;
  }
  EXPECT_GE(looks.size(), 4U);
  EXPECT_EQ(trained.value().supernet.lineage.steps, 150);
}

// A rate that ruins every network.
TEST_F(SupernetRun, images_that_were_learned_from_are_looked_at_in_the_end_too) {
  set_threads(1);
  const ElasticNetwork network;
  const PoolSpace space = space_of_widths(network.body(), network.ranking).value();
  const auto pool =
      draw_pool(space, {.plans = 6, .least = 0.1, .most = 0.35, .noise = 0.4, .seed = 1});
  RunOptions options = options_of(nullptr);
  const auto judged = expected_plans(space, options.knots);
  const std::vector<Image> images = photographs();
  const torch::Tensor held = to_torch(random_tensor({4, 3, 32, 48}, 7, 0, 1));
  const torch::Tensor seen = to_torch(random_tensor({4, 3, 32, 48}, 8, 0, 1));
  const auto trained = train_supernet(network.body(), network.ranking.orders, pool, judged,
                                      {images, {held}, {32, 48, preprocessing()}, {seen}}, options,
                                      [](const RunProgress&) {});
  ASSERT_TRUE(trained) << trained.error().message;
  ASSERT_EQ(trained.value().seen.size(), judged.size());
  EXPECT_THAT(trained.value().seen, Each(Gt(0)));
  EXPECT_NE(trained.value().seen, trained.value().after);
}

TEST(ImageAdvice, more_images_where_held_out_losses_are_well_above_those_of_images_learned_from) {
  EXPECT_EQ(image_advice({2, 8}, {2.1, 8.5}, 900), "");
  EXPECT_EQ(image_advice({2, 8}, {1.9, 7.5}, 900), "");
  EXPECT_EQ(image_advice({0, 0}, {0, 0}, 900), "");
  EXPECT_EQ(image_advice({2, 8}, {4, 11}, 51),
            "More images would help: on those held out its sub-networks are 1.5 times as far from "
            "the original as on those learned from (51).");
}

TEST_F(SupernetRun, a_knot_that_is_no_better_than_closed_form_is_left_out) {
  RunOptions options = options_of(nullptr);
  options.optimizer.rate = 30;
  const auto trained = run(options, [](const RunProgress&) {});
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_THAT(trained.value().kept, Each(false));
  EXPECT_EQ(trained.value().after, trained.value().before);
  for (const auto& [layer, changes] : trained.value().supernet.changes) {
    for (const LayerChange& change : changes) {
      EXPECT_THAT(change.weights.values<float>(), Each(0.0F)) << layer;
    }
  }
}

}  // namespace
}  // namespace pare::engine::test
