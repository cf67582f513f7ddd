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

Statistics statistics_of(const Analysed& model, const std::vector<SkipStage>& stages,
                         const std::vector<ElasticKernel>& kernels, unsigned images) {
  const SkipProbe probe = skip_probe(model.graph, model.observed, stages).value();
  auto grams =
      GramCollector::make(model.graph, model.observed, model.groups, {}, probe.joint).value();
  auto taps = TapCollector::make(model.graph, model.observed, kernels).value();
  std::vector<std::string> wanted = grams.tensors();
  wanted.insert(wanted.end(), taps.tensors().begin(), taps.tensors().end());
  const auto runner = make_openvino_runner(probe.graph, wanted).value();
  const auto split = std::ssize(grams.tensors());
  for (unsigned seed = 0; seed < images; ++seed) {
    const auto values = runner->run({calibration_image(model.graph, seed)}).value();
    EXPECT_TRUE(grams.add_image({values.begin(), values.begin() + split}));
    taps.add_image({values.begin() + split, values.end()});
  }
  Statistics statistics = grams.finish().value();
  taps.finish(statistics);
  return statistics;
}

}  // namespace pare::engine::test
