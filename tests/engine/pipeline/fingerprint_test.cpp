#include "engine/pipeline/fingerprint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pare::engine {
namespace {

// Answers with the image itself, as a float, and with a count that is none.
class Echo final : public Runner {
 public:
  const std::vector<std::string>& output_names() const override { return names_; }
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) override {
    return std::vector<Tensor>{inputs.front(), count_};
  }

 private:
  std::vector<std::string> names_ = {"echo", "count"};
  Tensor count_ = Tensor::of<std::int64_t>({1}, std::vector<std::int64_t>{7});
};

Tensor image(const std::vector<float>& values) {
  return Tensor::of<float>({std::ssize(values)}, values);
}

TEST(Fingerprint, has_the_moments_of_every_floating_point_output_over_all_images) {
  Echo runner;
  Stopwatch watch;
  const auto found = fingerprint(runner, {image({1, 2}), image({3, 6})}, watch);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found.value().size(), 1U);
  const OutputMoments& echo = found.value().at("echo");
  EXPECT_DOUBLE_EQ(echo.mean, 3);
  EXPECT_DOUBLE_EQ(echo.deviation, std::sqrt(3.5));
  EXPECT_DOUBLE_EQ(echo.peak, 6);
  EXPECT_DOUBLE_EQ(echo.finite, 1);
}

TEST(Fingerprint, counts_what_is_no_number_and_leaves_it_out) {
  Echo runner;
  Stopwatch watch;
  const float none = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  const auto found = fingerprint(runner, {image({none, 4, 2, infinite})}, watch).value();
  EXPECT_EQ(found.at("echo"), (OutputMoments{3, 1, 4, 0.5}));
  const auto nothing = fingerprint(runner, {image({none})}, watch).value();
  EXPECT_EQ(nothing.at("echo"), (OutputMoments{.finite = 0}));
}

TEST(Fingerprint, of_no_image_is_empty) {
  Echo runner;
  Stopwatch watch;
  EXPECT_TRUE(fingerprint(runner, {}, watch).value().empty());
}

}  // namespace
}  // namespace pare::engine
