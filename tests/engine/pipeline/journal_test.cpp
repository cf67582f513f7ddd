// Each step of preparing, interrupted after any of its parts: what is kept is all that the parts
// behind it need.
#include "engine/pipeline/journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/pipeline/group_sensitivity.h"
#include "engine/pipeline/int8_sensitivity.h"
#include "engine/pipeline/prepare.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {
namespace {

constexpr std::size_t kImages = 2;

Result<Tensor> image(std::size_t i, int height, int width) {
  return test::random_tensor({1, 3, height, width}, static_cast<unsigned>(i + 1), 0, 255);
}

void no_progress(double, const std::string&) {}

// Keeps the state of every step after each of its parts, and says what it was told.
class Keeping final : public Journal {
 public:
  void did(const std::string& step, std::int64_t done, bool last, const MakeState& make) override {
    EXPECT_EQ(done, std::ssize(states_[step]) + 1) << step;
    states_[step].push_back({done, make()});
    if (last) over_.insert(step);
  }
  void tell(const std::map<std::string, double>& numbers) override {
    for (const auto& [name, number] : numbers) told_.insert(name);
  }
  // As if the process had died after so many parts of each step, or all where it has fewer.
  std::map<std::string, StepState> after(std::size_t parts) const {
    std::map<std::string, StepState> states;
    for (const auto& [step, all] : states_) states[step] = all[std::min(parts, all.size()) - 1];
    return states;
  }
  std::size_t parts_of(const std::string& step) const { return states_.at(step).size(); }
  const std::set<std::string>& over() const { return over_; }
  const std::set<std::string>& told() const { return told_; }

 private:
  std::map<std::string, std::vector<StepState>> states_;
  std::set<std::string> over_, told_;
};

// Goes on from there, and counts what is done again.
class Resuming final : public Journal {
 public:
  explicit Resuming(const std::map<std::string, StepState>& kept) : kept_(kept) {}

  const StepState* kept(const std::string& step) const override {
    const auto at = kept_.find(step);
    return at == kept_.end() ? nullptr : &at->second;
  }
  void did(const std::string& step, std::int64_t done, bool, const MakeState&) override {
    const auto at = kept_.find(step);
    if (at != kept_.end() && done <= at->second.done) ++again_;
    ++parts_;
  }
  int again() const { return again_; }
  int parts() const { return parts_; }

 private:
  const std::map<std::string, StepState>& kept_;
  int again_ = 0, parts_ = 0;
};

class JournalOfTheExample : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::ifstream file("examples/circuit_boards/detector.onnx", std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    auto opened = open_detector(std::as_bytes(std::span(text)), {});
    ASSERT_TRUE(opened) << (opened ? "" : opened.error().message);
    detector = new Detector(std::move(opened).value());
    const auto prepared = prepare_with(no_journal());
    ASSERT_TRUE(prepared) << (prepared ? "" : prepared.error().message);
    whole = new TensorFile(prepared.value().file);
  }
  static void TearDownTestSuite() {
    delete detector;
    delete whole;
  }

  static Result<Prepared> prepare_with(Journal& journal) {
    return prepare(*detector, kImages, image, {.resolutions = {{96, 96}, {64, 64}}}, no_progress,
                   journal);
  }

  static inline Detector* detector = nullptr;
  static inline TensorFile* whole = nullptr;
};

TEST_F(JournalOfTheExample, statistics_and_ranges_go_on_after_any_image) {
  Keeping keeping;
  ASSERT_TRUE(prepare_with(keeping));
  EXPECT_EQ(keeping.over().size(), 3U) << "the statistics, and the ranges of two sizes";
  EXPECT_TRUE(keeping.told().contains("statistics_images"));
  for (const std::size_t parts : {1, 2}) {
    SCOPED_TRACE(parts);
    const auto kept = keeping.after(parts);
    Resuming resuming(kept);
    const auto resumed = prepare_with(resuming);
    ASSERT_TRUE(resumed) << resumed.error().message;
    EXPECT_EQ(resuming.again(), 0);
    EXPECT_EQ(encode_tensor_file(resumed.value().file), encode_tensor_file(*whole));
  }
}

TEST_F(JournalOfTheExample, sensitivities_go_on_after_any_consumer_of_any_image) {
  const auto measure = [](Journal& journal) {
    TensorFile file = *whole;
    const auto guidance =
        group_sensitivity(*detector, file, kImages, image, {}, no_progress, journal);
    EXPECT_TRUE(guidance) << (guidance ? "" : guidance.error().message);
    return encode_tensor_file(file);
  };
  Keeping keeping;
  const std::string uninterrupted = measure(keeping);
  const std::size_t all = keeping.parts_of("sensitivity");
  // Late in the first image, at its end, and late in the second.
  for (const std::size_t parts : {all / 2 - 2, all / 2, all - 2}) {
    SCOPED_TRACE(parts);
    const auto kept = keeping.after(parts);
    Resuming resuming(kept);
    EXPECT_EQ(measure(resuming), uninterrupted);
    EXPECT_EQ(resuming.again(), 0);
    EXPECT_EQ(resuming.parts(), static_cast<int>(all - parts));
  }
}

TEST_F(JournalOfTheExample, what_int8_costs_goes_on_after_any_layer) {
  const auto measure = [](Journal& journal) {
    const auto layers = int8_sensitivity(*detector, *whole, kImages, image,
                                         {.height = 64, .width = 64}, no_progress, journal);
    EXPECT_TRUE(layers) << (layers ? "" : layers.error().message);
    return layers ? layers.value() : std::vector<LayerSensitivity>{};
  };
  Keeping keeping;
  const auto uninterrupted = measure(keeping);
  const std::size_t parts = uninterrupted.size() - 3;
  const auto kept = keeping.after(parts);
  Resuming resuming(kept);
  EXPECT_EQ(measure(resuming), uninterrupted);
  EXPECT_EQ(resuming.again(), 0);
  EXPECT_EQ(resuming.parts(), 3);
}

TEST_F(JournalOfTheExample, what_was_kept_of_another_network_is_refused_and_not_believed) {
  std::map<std::string, StepState> other;
  other["statistics"] = {1, {}};
  Resuming resuming(other);
  const auto refused = prepare_with(resuming);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the sums are of another network");
}

}  // namespace
}  // namespace pare::engine
