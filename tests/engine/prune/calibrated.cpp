#include "tests/engine/prune/calibrated.h"

#include <gtest/gtest.h>

#include "engine/executor/openvino_runner.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

Tensor calibration_image(const Graph& graph, unsigned seed) {
  return random_tensor(graph.inputs[0].shape, seed, 0, 1);
}

Statistics statistics_of(const Analysed& model, unsigned images) {
  GramCollector grams = GramCollector::make(model.graph, model.observed, model.groups).value();
  const auto runner = make_openvino_runner(model.graph, grams.tensors()).value();
  for (unsigned seed = 0; seed < images; ++seed) {
    const auto values = runner->run({calibration_image(model.graph, seed)});
    EXPECT_TRUE(grams.add_image(values.value()));
  }
  return grams.finish().value();
}

}  // namespace pare::engine::test
