#include "engine/prune/thinet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "engine/executor/openvino_runner.h"
#include "engine/prune/importance.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

// A stem, an activation and two consumers of it; `change` plants something in the constants.
template <typename Change>
Analysed planted(Change change) {
  GraphBuilder b(11);
  const std::string stem = b.silu(b.conv(b.input({1, 3, 10, 10}), {.channels = 8, .name = "stem"}));
  b.output(b.conv(stem, {.channels = 6, .name = "wide"}));
  b.output(b.conv(stem, {.channels = 4, .kernel = 1, .name = "point"}));
  Graph graph = b.build();
  change(graph);
  return analyse(std::move(graph));
}

// Columns of the two consumers for one channel, times `factor`.
void scale_columns(Graph& graph, std::int64_t channel, float factor) {
  for (const char* name : {"wide.weight", "point.weight"}) {
    const Tensor weight = graph.constants[name];
    const Shape shape = weight.shape();
    std::vector<float> values(weight.values<float>().begin(), weight.values<float>().end());
    const std::int64_t kernel = shape[2] * shape[3];
    for (std::int64_t o = 0; o < shape[0]; ++o) {
      for (std::int64_t k = 0; k < kernel; ++k) {
        values[static_cast<std::size_t>((o * shape[1] + channel) * kernel + k)] *= factor;
      }
    }
    graph.constants[name] = Tensor::of<float>(shape, values);
  }
}

std::vector<int> order_of(const Analysed& m, Importance importance) {
  return rank_units(m.graph, m.groups, importance, statistics_of(m, 4)).value().at("stem");
}

TEST(Thinet, channels_that_the_consumers_hardly_read_go_first) {
  const Analysed m = planted([](Graph& graph) {
    scale_columns(graph, 5, 1e-3F);
    scale_columns(graph, 2, 1e-4F);
  });
  const std::vector<int> order = order_of(m, Importance::kThinet);
  EXPECT_THAT(std::vector(order.end() - 2, order.end()), ElementsAre(5, 2));
}

// Equal channels that are read with opposite weights cancel: the pair goes without a trace, though
// neither goes alone.
TEST(Thinet, a_pair_that_cancels_goes_together) {
  const Analysed m = planted([](Graph& graph) {
    const std::vector<std::int64_t> rows{0, 1, 2, 3, 4, 5, 1, 7};
    for (const char* name : {"stem.weight", "stem.bias"}) {
      graph.constants[name] = select(graph.constants[name], 0, rows);
    }
    for (const char* name : {"wide.weight", "point.weight"}) {
      graph.constants[name] = select(graph.constants[name], 1, rows);
    }
    scale_columns(graph, 6, -1);
    scale_columns(graph, 1, 0.1F);
    scale_columns(graph, 6, 0.1F);
  });
  const std::vector<int> order = order_of(m, Importance::kThinet);
  EXPECT_THAT(std::vector(order.end() - 2, order.end()), UnorderedElementsAre(1, 6));
}

// A twin is free where the other one takes over, and dear where nothing does: the two criteria
// differ exactly in the repair.
TEST(Thinet, unlike_gram_it_does_not_count_on_repair) {
  const Analysed m = planted([](Graph& graph) {
    const std::vector<std::int64_t> rows{0, 1, 2, 3, 4, 1, 6, 7};  // 5 is 1 again
    for (const char* name : {"stem.weight", "stem.bias"}) {
      graph.constants[name] = select(graph.constants[name], 0, rows);
    }
    scale_columns(graph, 1, 20);
    scale_columns(graph, 5, 20);
  });
  const std::vector<int> by_gram = order_of(m, Importance::kGram);
  EXPECT_NE(by_gram[0] + by_gram[1], 6) << "both twins are the most important";
  const std::vector<int> order = order_of(m, Importance::kThinet);
  EXPECT_THAT(std::vector(order.begin(), order.begin() + 2), UnorderedElementsAre(1, 5));
}

// Squared error of the outputs without these units, each output relative to its variance.
double error_without(const Analysed& m, const std::vector<int>& gone) {
  const Group& group = m.groups.groups[0];
  RemovedUnits removed(group.units.size() + 1, false);
  for (const int u : gone) removed[group.units[static_cast<std::size_t>(u)]] = true;
  const auto ours = make_openvino_runner(mute(m.graph, m.observed, m.groups, removed)).value();
  const auto theirs = make_openvino_runner(m.graph).value();
  std::vector<double> error(2, 0), square(2, 0);
  std::vector<std::vector<double>> sum(2, std::vector<double>(6, 0));
  double positions = 0;
  for (unsigned seed = 0; seed < 4; ++seed) {
    const auto a = ours->run({calibration_image(m.graph, seed)}).value();
    const auto b = theirs->run({calibration_image(m.graph, seed)}).value();
    for (std::size_t o = 0; o < 2; ++o) {
      const auto x = a[o].values<float>(), y = b[o].values<float>();
      for (std::size_t i = 0; i < y.size(); ++i) {
        error[o] += (double{x[i]} - double{y[i]}) * (double{x[i]} - double{y[i]});
        square[o] += double{y[i]} * double{y[i]};
        sum[o][i / 100] += double{y[i]};
      }
    }
    positions += 100;
  }
  double total = 0;
  for (std::size_t o = 0; o < 2; ++o) {
    for (const double s : sum[o]) square[o] -= s * s / positions;
    total += error[o] / square[o];
  }
  return total;
}

// Running the network for every choice is slow and plain.
TEST(Thinet, every_choice_is_the_one_that_running_the_network_would_make) {
  const Analysed m = planted([](Graph&) {});
  const std::vector<int> order = order_of(m, Importance::kThinet);
  std::vector<int> gone;
  for (auto next = order.rbegin(); next != order.rend() - 1; ++next) {
    double least = std::numeric_limits<double>::infinity();
    int best = -1;
    for (int u = 0; u < 8; ++u) {
      if (std::ranges::find(gone, u) != gone.end()) continue;
      std::vector<int> with = gone;
      with.push_back(u);
      if (const double error = error_without(m, with); error < least) {
        least = error;
        best = u;
      }
    }
    ASSERT_EQ(*next, best) << gone.size() << " gone";
    gone.push_back(best);
  }
}

}  // namespace
}  // namespace pare::engine::test
