// Small detectors of YOLOX for tests of heads, and how far two detectors' outputs differ.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/heads/head.h"
#include "tests/support/graph_builder.h"

namespace pare::engine::test {

inline Observation observed(const Graph& graph) {
  auto seen = observe(graph);
  PARE_CHECK(seen.has_value(), seen.error().message);
  return std::move(seen).value();
}

// Largest relative error of any output for a random image; infinite if the outputs differ in
// number, name or shape.
inline double difference(const Graph& expected, const Graph& actual) {
  auto run_expected = make_openvino_runner(expected);
  auto run_actual = make_openvino_runner(actual);
  PARE_CHECK(run_expected.has_value() && run_actual.has_value(), "both graphs run");
  const std::vector<Tensor> image = {random_tensor(expected.inputs[0].shape, 9, 0, 1)};
  const auto wanted = run_expected.value()->run(image);
  const auto made = run_actual.value()->run(image);
  PARE_CHECK(wanted.has_value() && made.has_value(), "both graphs run");
  if (run_expected.value()->output_names() != run_actual.value()->output_names()) return HUGE_VAL;
  double worst = 0;
  for (std::size_t i = 0; i < wanted.value().size(); ++i) {
    if (actual.outputs[i].shape != made.value()[i].shape()) return HUGE_VAL;  // as was declared
    worst = std::max(worst, relative_error(made.value()[i], wanted.value()[i]));
  }
  return worst;
}

struct SmallBody {
  Graph graph;
  std::vector<HeadLevel> levels;
};

// A body without any tail: three convolutions a stride, at 8, 16 and 32.
inline SmallBody small_yolox_body(int classes, int opset = 13) {
  GraphBuilder b(5, opset);
  auto x = b.conv(b.input({1, 3, 64, 96}), {.channels = 8, .stride = 4});
  std::vector<HeadLevel> levels;
  for (const int stride : {8, 16, 32}) {
    x = b.silu(b.conv(x, {.channels = 8, .stride = 2}));
    HeadLevel level{.stride = stride, .tensors = {}};
    for (const int channels : {4, 1, classes}) {
      level.tensors.push_back(b.conv(x, {.channels = channels, .kernel = 1}));
      b.output(level.tensors.back());
    }
    levels.push_back(level);
  }
  return {b.build(), levels};
}

}  // namespace pare::engine::test
