// The version converter on real detectors: the outputs stay, and so do all names.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "engine/executor/observe.h"
#include "engine/onnx/onnx_io.h"
#include "engine/onnx/opset_upgrade.h"
#include "tests/support/real_models.h"
#include "tests/support/run_graph.h"

namespace pare::engine {
namespace {

class Upgrade : public testing::TestWithParam<const char*> {};

TEST_P(Upgrade, to_opset_13_keeps_outputs_and_names) {
  const auto graph = import_onnx_file(std::filesystem::path(PARE_REAL_MODELS) / GetParam());
  ASSERT_TRUE(graph) << graph.error().message;
  const auto observed = observe(graph.value());
  ASSERT_TRUE(observed) << observed.error().message;
  const auto upgraded = upgrade_opset(graph.value(), observed.value(), 13);
  ASSERT_TRUE(upgraded) << upgraded.error().message;
  EXPECT_EQ(upgraded.value().opset, 13);
  EXPECT_EQ(upgraded.value().inputs, graph.value().inputs);
  EXPECT_EQ(upgraded.value().outputs, graph.value().outputs);

  const Edges edges = edges_of(upgraded.value());
  std::set<std::string> nodes;
  for (const Node& node : upgraded.value().nodes) nodes.insert(node.name);
  for (const Node& node : graph.value().nodes) {
    EXPECT_TRUE(nodes.contains(node.name)) << node.name;
    for (const std::string& output : node.outputs) {
      EXPECT_TRUE(edges.producer.contains(output)) << output;
    }
  }
  EXPECT_LT(test::largest_error(test::run_graph(upgraded.value()), test::run_graph(graph.value())),
            1e-5);
}

INSTANTIATE_TEST_SUITE_P(Real, Upgrade, testing::ValuesIn(test::kRealModels), test::name_of_param);

}  // namespace
}  // namespace pare::engine
