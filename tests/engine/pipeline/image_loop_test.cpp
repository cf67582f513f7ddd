#include "engine/pipeline/image_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>

namespace pare::engine {
namespace {

Tensor one_value(double value) {
  const std::vector<float> values{static_cast<float>(value)};
  return Tensor::of<float>({1}, values);
}

// Adds a half to its input.
class AddsHalf final : public Runner {
 public:
  const std::vector<std::string>& output_names() const override { return names_; }
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) override {
    const double value = double{inputs.at(0).values<float>()[0]};
    if (value == fails_at) return Error{ErrorCode::kUnavailable, "the runtime died"};
    std::vector<Tensor> outputs;
    outputs.push_back(one_value(value + 0.5));
    return outputs;
  }
  void line_up(std::size_t slot) override { lined_up.push_back(slot); }
  Result<std::monostate> infer(std::size_t slot) override {
    waiting.push_back(lined_up.size());
    return Runner::infer(slot);
  }
  std::optional<Millis> inference_time() const override {
    if (times.empty()) return std::nullopt;
    return Millis(times[std::min(waiting.size(), times.size()) - 1]);
  }
  double fails_at = -1;
  std::vector<double> times;          // of each inference, in ms; empty: not told
  std::vector<std::size_t> lined_up;  // slots
  std::vector<std::size_t> waiting;   // how many were lined up when an inference was waited for

 private:
  std::vector<std::string> names_{"y"};
};

struct Loop {
  AddsHalf runner;
  Stopwatch watch;
  std::vector<double> seen;
  std::optional<std::size_t> no_image, no_use;

  Result<std::monostate> run(std::size_t images) {
    return run_overlapped(
        runner, images,
        [&](std::size_t i) -> Result<InputImage> {
          if (i == no_image) return Error{ErrorCode::kInvalidArgument, "no such image"};
          return InputImage{one_value(static_cast<double>(i)), {.left = static_cast<int>(i)}};
        },
        [&](std::size_t i, const std::vector<Tensor>& outputs,
            const Placement& placement) -> Result<std::monostate> {
          if (i == no_use) return Error{ErrorCode::kUnsupported, "no boxes"};
          EXPECT_EQ(placement.left, static_cast<int>(i));
          seen.push_back(double{outputs.at(0).values<float>()[0]});
          return std::monostate{};
        },
        watch);
  }
};

TEST(ImageLoop, every_image_meets_its_own_outputs_in_order) {
  for (const std::size_t images : {0U, 1U, 2U, 3U, 4U, 50U}) {
    Loop loop;
    ASSERT_TRUE(loop.run(images));
    std::vector<double> expected(images);
    std::iota(expected.begin(), expected.end(), 0.5);
    EXPECT_EQ(loop.seen, expected);
  }
}

TEST(ImageLoop, the_next_image_is_lined_up_before_the_last_one_is_waited_for) {
  Loop loop;
  ASSERT_TRUE(loop.run(5));
  const std::size_t slots = Runner::kSlots;
  EXPECT_EQ(loop.runner.lined_up, (std::vector<std::size_t>{0, 1, 2, 3, 4 % slots}));
  EXPECT_EQ(loop.runner.waiting, (std::vector<std::size_t>{2, 3, 4, 5, 5}));
}

TEST(ImageLoop, the_first_failure_of_any_step_ends_it) {
  for (const std::size_t at : {0U, 1U, 6U, 9U}) {
    Loop unreadable;
    unreadable.no_image = at;
    EXPECT_EQ(unreadable.run(10).error().message, "no such image");
    EXPECT_LE(unreadable.seen.size(), at);

    Loop dying;
    dying.runner.fails_at = static_cast<double>(at);
    EXPECT_EQ(dying.run(10).error().message, "the runtime died");
    EXPECT_LE(dying.seen.size(), at);

    Loop senseless;
    senseless.no_use = at;
    EXPECT_EQ(senseless.run(10).error().message, "no boxes");
    EXPECT_EQ(senseless.seen.size(), at);
  }
}

TEST(ImageLoop, the_stopwatch_learns_of_every_step) {
  Loop loop;
  ASSERT_TRUE(loop.run(3));
  for (const char* phase : {"preprocess", "infer", "exchange", "decode"}) {
    EXPECT_TRUE(loop.watch.seconds().contains(phase)) << phase;
  }
}

TEST(ImageLoop, an_inference_that_ran_while_another_one_was_waited_for_is_no_exchange) {
  Loop loop;
  loop.runner.times = {60'000, 0, 0};  // far longer than all of this takes
  ASSERT_TRUE(loop.run(3));
  EXPECT_EQ(loop.watch.seconds().at("exchange"), 0);
  Loop alone;
  alone.runner.times = {0, 0, 0};
  ASSERT_TRUE(alone.run(3));
  EXPECT_EQ(alone.watch.seconds().at("infer"), 0);
}

}  // namespace
}  // namespace pare::engine
