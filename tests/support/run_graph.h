// Runs a graph on the executor in one line, and compares two runs.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/executor/openvino_runner.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

// The graph's outputs on a seeded random input; aborts with the executor's message if it cannot
// run.
inline std::vector<Tensor> run_graph(const Graph& graph, unsigned seed = 7) {
  const auto runner = make_openvino_runner(graph);
  PARE_CHECK(runner.has_value(), runner.error().message);
  auto outputs = runner.value()->run({random_tensor(graph.inputs[0].shape, seed)});
  PARE_CHECK(outputs.has_value(), outputs.error().message);
  return std::move(outputs).value();
}

// The largest relative_error() over the pairs.
inline double largest_error(const std::vector<Tensor>& actual,
                            const std::vector<Tensor>& expected) {
  PARE_CHECK(actual.size() == expected.size(), "two runs with different outputs");
  double largest = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    largest = std::max(largest, relative_error(actual[i], expected[i]));
  }
  return largest;
}

}  // namespace pare::engine::test
