#include "engine/pipeline/parity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

namespace pare::engine {
namespace {

using ::testing::HasSubstr;

constexpr double kTolerance = 1e-3;

// Answers the same to every image.
class Fixed final : public Runner {
 public:
  explicit Fixed(const std::vector<std::pair<std::string, Tensor>>& outputs) {
    for (const auto& [name, value] : outputs) {
      names_.push_back(name);
      values_.push_back(value);
    }
  }
  const std::vector<std::string>& output_names() const override { return names_; }
  Result<std::vector<Tensor>> run(const std::vector<Tensor>&) override { return values_; }

 private:
  std::vector<std::string> names_;
  std::vector<Tensor> values_;
};

Tensor floats(const std::vector<float>& values) {
  return Tensor::of<float>({std::ssize(values)}, values);
}
Tensor integers(const std::vector<std::int64_t>& values) {
  return Tensor::of<std::int64_t>({std::ssize(values)}, values);
}
// Of values whose halves are the upper bits alone: 0, 1, 2, 2.0020 (one step more).
Tensor halves(const std::vector<std::uint16_t>& bits) {
  const auto* const first = reinterpret_cast<const std::byte*>(bits.data());
  return Tensor(DType::kFloat16, {std::ssize(bits)},
                std::vector<std::byte>(first, first + 2 * bits.size()));
}

Result<Parity> compare(Fixed expected, Fixed actual) {
  Stopwatch watch;
  return compare_outputs(expected, actual, {floats({0})}, kTolerance, watch);
}

TEST(Parity, of_answers_near_nothing_forgives_what_a_sigmoid_rounds) {
  const auto near =
      compare(Fixed({{"a", floats({0, 1.3e-5F})}}), Fixed({{"a", floats({1.3e-7F, 1.31e-5F})}}));
  EXPECT_TRUE(near.value().agrees()) << near.value().max_error;
  const auto far =
      compare(Fixed({{"a", floats({0, 1.3e-5F})}}), Fixed({{"a", floats({0, 3e-5F})}}));
  EXPECT_FALSE(far.value().agrees());
  const auto large = compare(Fixed({{"a", floats({1000, 1000.1F})}}),
                             Fixed({{"a", floats({1000.0005F, 1000.1F})}}));
  EXPECT_TRUE(large.value().agrees()) << large.value().max_error;
}

TEST(Parity, names_the_output_that_is_furthest_from_what_it_may_be) {
  const auto parity = compare(Fixed({{"a", floats({0, 10})}, {"b", floats({0, 1})}}),
                              Fixed({{"b", floats({0, 1.25F})}, {"a", floats({0, 11})}}));
  ASSERT_TRUE(parity) << parity.error().message;
  EXPECT_EQ(parity.value().output, "b");
  EXPECT_NEAR(parity.value().max_error, 0.25, 1e-5);
  EXPECT_FALSE(parity.value().agrees());
}

TEST(Parity, labels_and_indices_accuse_nobody) {
  const auto parity = compare(Fixed({{"a", floats({0, 1})}, {"labels", integers({1, 2})}}),
                              Fixed({{"a", floats({0, 1})}, {"labels", integers({1, 2, 3})}}));
  ASSERT_TRUE(parity) << parity.error().message;
  EXPECT_TRUE(parity.value().agrees());
  const auto none = compare(Fixed({{"labels", integers({1})}}), Fixed({{"labels", integers({1})}}));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUnsupported);
}

TEST(Parity, half_precision_may_differ_by_ten_times_as_much) {
  const auto one_step = compare(Fixed({{"h", halves({0, 0x3c00, 0x4000})}}),   // 0, 1, 2
                                Fixed({{"h", halves({0, 0x3c00, 0x4001})}}));  // 0, 1, 2.00195
  ASSERT_TRUE(one_step) << one_step.error().message;
  EXPECT_NEAR(one_step.value().max_error, 0.00195 / 2, 1e-5);
  EXPECT_DOUBLE_EQ(one_step.value().tolerance, kHalfTolerance * kTolerance);
  EXPECT_TRUE(one_step.value().agrees());
  const auto many = compare(Fixed({{"h", halves({0, 0x3c00, 0x4000})}}),
                            Fixed({{"h", halves({0, 0x3c00, 0x4020})}}));
  ASSERT_TRUE(many) << many.error().message;
  EXPECT_FALSE(many.value().agrees());
}

TEST(Parity, what_is_no_number_agrees_with_the_same_alone) {
  const float nan = std::nanf("");
  const float infinity = std::numeric_limits<float>::infinity();
  const auto same = compare(Fixed({{"a", floats({0, nan, -infinity, 1})}}),
                            Fixed({{"a", floats({0, nan, -infinity, 1})}}));
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_EQ(same.value().max_error, 0);
  for (const float other : {0.0F, infinity}) {
    const auto different =
        compare(Fixed({{"a", floats({0, 1, nan})}}), Fixed({{"a", floats({0, 1, other})}}));
    ASSERT_TRUE(different) << different.error().message;
    EXPECT_TRUE(std::isinf(different.value().max_error));
    EXPECT_FALSE(different.value().agrees());
  }
}

TEST(Parity, an_output_that_is_missing_or_of_another_type_or_shape_is_named_with_what_was_seen) {
  const Fixed expected({{"a", floats({0, 1})}});
  EXPECT_THAT(compare(expected, Fixed({{"b", floats({0, 1})}})).error().message,
              HasSubstr("output 'a' is missing"));
  const std::string shape = compare(expected, Fixed({{"a", floats({0})}})).error().message;
  EXPECT_THAT(shape, HasSubstr("float32 1 on this runtime"));
  EXPECT_THAT(shape, HasSubstr("float32 2 on the executor"));
  EXPECT_THAT(compare(expected, Fixed({{"a", integers({0, 1})}})).error().message,
              HasSubstr("int64"));
}

}  // namespace
}  // namespace pare::engine
