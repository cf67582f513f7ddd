#include "engine/prune/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/executor/openvino_runner.h"
#include "tests/engine/prune/pruning_check.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using testing::HasSubstr;

Analysed strided() {
  GraphBuilder b;
  const std::string stem = b.conv(b.input({1, 3, 9, 8}), {.channels = 4, .name = "stem"});
  const std::string read = b.silu(stem);
  b.output(b.conv(read, {.channels = 2, .stride = 2, .name = "strided"}));
  b.output(b.conv(read, {.channels = 3, .kernel = 1, .name = "narrow"}));
  b.output(b.conv(read, {.channels = 5, .kernel = 1, .name = "twin"}));
  return analyse(b.build());
}

double entry(const Gram& gram, int i, int j) {
  if (i > j) std::swap(i, j);
  return gram.triangle[static_cast<std::size_t>(i * gram.size - i * (i - 1) / 2 + j - i)];
}

// The convolution's weights of one output, the bias behind them.
std::vector<double> row_of(const Graph& graph, const std::string& layer, int output) {
  const auto weights = graph.constants.at(layer + ".weight").values<float>();
  const std::size_t size =
      weights.size() / static_cast<std::size_t>(graph.constants.at(layer + ".bias").size());
  const auto row = weights.subspan(static_cast<std::size_t>(output) * size, size);
  std::vector<double> all(row.begin(), row.end());
  all.push_back(
      graph.constants.at(layer + ".bias").values<float>()[static_cast<std::size_t>(output)]);
  return all;
}

// One independent witness: what the executor computes for the layer, over all positions.
TEST(Statistics, the_gram_predicts_mean_and_power_of_the_consumers_outputs) {
  const Analysed model = strided();
  auto collector = GramCollector::make(model.graph, model.observed, model.groups);
  ASSERT_TRUE(collector) << collector.error().message;
  std::vector<std::string> wanted = collector.value().tensors();
  const std::size_t own = wanted.size();
  wanted.push_back("strided");
  const auto runner = make_openvino_runner(model.graph, wanted);
  ASSERT_TRUE(runner);
  GramCollector grams = std::move(collector).value();
  double mean = 0, power = 0, count = 0;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    auto values = runner.value()->run({random_tensor({1, 3, 9, 8}, seed)}).value();
    for (const float y : values[own].values<float>().first(20)) {  // channel 0: 5x4 positions
      mean += y;
      power += double{y} * y;
      ++count;
    }
    values.resize(own);
    ASSERT_TRUE(grams.add_image(values));
  }
  const Statistics statistics = grams.finish().value();
  const Gram& gram = *statistics.find("strided", 37).value();
  EXPECT_EQ(gram.positions, 100);
  const std::vector<double> w = row_of(model.graph, "strided", 0);
  double predicted_mean = 0, predicted_power = 0;
  for (int i = 0; i < 37; ++i) {
    predicted_mean += w[static_cast<std::size_t>(i)] * entry(gram, i, 36);
    for (int j = 0; j < 37; ++j) {
      predicted_power +=
          w[static_cast<std::size_t>(i)] * entry(gram, i, j) * w[static_cast<std::size_t>(j)];
    }
  }
  EXPECT_NEAR(predicted_mean, mean / count, 1e-5);
  EXPECT_NEAR(predicted_power, power / count, 1e-5);
}

Statistics collected(const Analysed& model, const GramOptions& options) {
  GramCollector grams =
      GramCollector::make(model.graph, model.observed, model.groups, options).value();
  const auto runner = make_openvino_runner(model.graph, grams.tensors()).value();
  const auto values = runner->run({random_tensor(model.graph.inputs[0].shape, 1)}).value();
  EXPECT_TRUE(grams.add_image(values));
  return grams.finish().value();
}

TEST(Statistics, consumers_of_one_tensor_through_one_window_share_a_gram) {
  const Statistics statistics = collected(strided(), {});
  EXPECT_EQ(statistics.gram_of.size(), 3U);
  EXPECT_EQ(statistics.grams.size(), 2U);
  EXPECT_EQ(statistics.gram_of.at("narrow"), statistics.gram_of.at("twin"));
}

TEST(Statistics, positions_are_sampled_by_the_seed) {
  const Analysed model = strided();
  const Statistics one = collected(model, {.positions_per_image = 10, .seed = 1});
  const Statistics same = collected(model, {.positions_per_image = 10, .seed = 1});
  const Statistics other = collected(model, {.positions_per_image = 10, .seed = 2});
  const Gram& gram = *one.find("narrow", 5).value();
  EXPECT_EQ(gram.positions, 10);
  EXPECT_EQ(gram.triangle, same.find("narrow", 5).value()->triangle);
  EXPECT_NE(gram.triangle, other.find("narrow", 5).value()->triangle);
}

TEST(Statistics, what_was_stored_is_loaded) {
  const Statistics statistics = collected(strided(), {});
  TensorFile file;
  file.tensors["something else"] = Tensor::of<float>({1}, std::vector<float>{1});
  store(statistics, file);
  const auto loaded = load_statistics(file);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded.value().gram_of, statistics.gram_of);
  for (const auto& [key, gram] : statistics.grams) {
    EXPECT_EQ(loaded.value().grams.at(key).triangle, gram.triangle);
    EXPECT_EQ(loaded.value().grams.at(key).positions, gram.positions);
  }
  file.tensors["gram/odd"] = Tensor::of<float>({2}, std::vector<float>{1, 2});
  const auto refused = load_statistics(file);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "statistics: gram/odd is no Gram matrix");
}

TEST(Statistics, what_is_missing_or_does_not_fit_is_named) {
  const Analysed model = strided();
  GramCollector grams = GramCollector::make(model.graph, model.observed, model.groups).value();
  EXPECT_EQ(grams.finish().error().message, "statistics of no image");
  const auto wrong = grams.add_image({random_tensor({1, 4, 3, 3}, 1)});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "tensor mul_0 is float32 1x4x3x3, not float32 1x4x9x8");

  const Statistics statistics = collected(model, {});
  EXPECT_THAT(statistics.find("nobody", 5).error().message, HasSubstr("layer nobody"));
  EXPECT_THAT(statistics.find("twin", 7).error().message, HasSubstr("are of 4 inputs, it has 6"));
}

}  // namespace
}  // namespace pare::engine::test
