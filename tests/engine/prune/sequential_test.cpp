#include "engine/prune/sequential.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "engine/executor/openvino_runner.h"
#include "engine/ops/all_ops.h"
#include "engine/prune/importance.h"
#include "engine/prune/reconstruct.h"
#include "tests/engine/prune/calibrated.h"
#include "tests/engine/prune/random_network.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {
namespace {

constexpr unsigned kImages = 8;

const RunnerFactory kExecutor = [](const Graph& graph, const std::vector<std::string>& wanted) {
  return make_openvino_runner(graph, wanted);
};

std::vector<Tensor> images_of(const Analysed& m) {
  std::vector<Tensor> images;
  for (unsigned seed = 0; seed < kImages; ++seed) {
    images.push_back(calibration_image(m.graph, seed));
  }
  return images;
}

Graph in_sequence(const Analysed& m, const Graph& start, const RemovedUnits& removed,
                  int held_back_every = 5) {
  const auto done = reconstruct_in_sequence(
      m.graph, start, m.observed, m.groups, removed, images_of(m), kExecutor,
      {.positions_per_image = 512, .held_back_every = held_back_every});
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return done.value();
}

Graph pruned(const Analysed& m, const Graph& graph, const RemovedUnits& removed) {
  const auto done = prune(graph, m.observed, all_ops(), m.groups, removed);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return done.value().graph;
}

// Squared error of the pruned network's outputs over the calibration images, as a share of theirs.
double error_of(const Analysed& m, const Graph& graph, const RemovedUnits& removed) {
  const auto runner = make_openvino_runner(pruned(m, graph, removed));
  EXPECT_TRUE(runner) << (runner ? "" : runner.error().message);
  const auto& ours = runner.value();
  const auto theirs = make_openvino_runner(m.graph).value();
  double error = 0, all = 0;
  for (const Tensor& image : images_of(m)) {
    const auto a = ours->run({image}).value(), b = theirs->run({image}).value();
    for (std::size_t o = 0; o < a.size(); ++o) {
      const auto x = a[o].values<float>(), y = b[o].values<float>();
      for (std::size_t i = 0; i < x.size(); ++i) {
        error += double{(x[i] - y[i]) * (x[i] - y[i])};
        all += double{y[i] * y[i]};
      }
    }
  }
  return error / all;
}

// A third of the units of every group goes.
RemovedUnits a_third(const Analysed& m, const UnitOrders& orders) {
  std::map<std::string, int> widths;
  for (const Group& group : m.groups.groups) {
    const int full = static_cast<int>(group.units.size());
    const int left = std::max({1, full - full / 3, static_cast<int>(group.covers.size())});
    if (left < full) widths[group.name] = left;
  }
  return select_units(m.groups, widths, orders).value();
}

// Consumers of the image's first layer only: nothing upstream of them changes.
TEST(Sequential, equals_independent_where_nothing_upstream_changed) {
  GraphBuilder b(7);
  const std::string stem =
      b.silu(b.conv(b.input({1, 3, 10, 10}), {.channels = 16, .name = "stem"}));
  b.output(b.conv(stem, {.channels = 6, .stride = 2, .name = "wide"}));
  b.output(b.conv(stem, {.channels = 4, .kernel = 1, .bias = false, .name = "point"}));
  const Analysed m = analyse(b.build());
  const UnitOrders orders = rank_units(m.graph, m.groups, Importance::kL2, {}).value();
  const RemovedUnits removed = a_third(m, orders);
  const Graph independent =
      reconstruct(m.graph, m.groups, removed, statistics_of(m, kImages), {.ridge = 1e-3}).value();
  EXPECT_LT(difference(in_sequence(m, m.graph, removed, 0), independent, 1), 1e-4);
  EXPECT_GT(difference(mute(m.graph, m.observed, m.groups, removed), independent, 1), 1e-2);
}

TEST(Sequential, without_removed_channels_nothing_changes) {
  const Analysed m = analyse(random_network(3));
  const RemovedUnits none = select_units(m.groups, {}, {}).value();
  EXPECT_EQ(in_sequence(m, m.graph, none), m.graph);
}

// The last layer loses no channel, but what it reads is wrong, and not by chance: what is left of
// the stem varies less, so that the middle's ReLU cuts off less.  Only a fit on the pruned
// network's own inputs can make up for it.
TEST(Sequential, makes_up_for_errors_from_upstream) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    GraphBuilder b(seed);
    std::string x = b.relu(b.conv(b.input({1, 3, 10, 10}), {.channels = 16, .name = "stem"}));
    x = b.relu(b.conv(x, {.channels = 12, .name = "middle"}));
    b.output(b.conv(x, {.channels = 4, .kernel = 1, .name = "last"}));
    const Analysed m = analyse(b.build());
    const Statistics statistics = statistics_of(m, kImages);
    const UnitOrders orders = rank_units(m.graph, m.groups, Importance::kGram, statistics).value();
    const RemovedUnits removed = select_units(m.groups, {{"stem", 1}}, orders).value();
    const Graph independent = reconstruct(m.graph, m.groups, removed, statistics).value();
    EXPECT_LT(error_of(m, in_sequence(m, m.graph, removed), removed),
              error_of(m, independent, removed))
        << "seed " << seed;
  }
}

// Branches, concats, shuffles and residual sums are cut into pieces and joined again.
TEST(Sequential, is_no_worse_than_no_repair_on_the_calibration_images_of_any_network) {
  int networks = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const Analysed m = analyse(random_network(seed));
    const RemovedUnits removed = a_third(m, random_orders(m.groups, seed));
    if (std::ranges::count(removed, true) == 0) continue;
    const double plain = error_of(m, m.graph, removed);
    const double repaired = error_of(m, in_sequence(m, m.graph, removed), removed);
    EXPECT_LE(repaired, plain) << "seed " << seed;
    networks += repaired < 0.9 * plain;
  }
  EXPECT_GE(networks, 8);
}

}  // namespace
}  // namespace pare::engine::test
