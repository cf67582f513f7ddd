// Every tensor of every real detector, as OpenVINO makes it here, against ONNX Runtime.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/executor/observe.h"
#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "tests/support/graph_builder.h"
#include "tests/support/onnxruntime_reference.h"
#include "tests/support/real_models.h"

namespace pare::engine {
namespace {

using test::relative_error;

// Sums of thousands of products in another order: the error seen is below 1e-4 of a tensor's range.
constexpr double kTolerance = 2e-4;

class Executor : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path path_ = std::filesystem::path(PARE_REAL_MODELS) / GetParam();
};

TEST_P(Executor, makes_every_tensor_as_onnxruntime_does_and_observes_its_shape_and_constancy) {
  const auto graph = import_onnx_file(path_);
  ASSERT_TRUE(graph) << graph.error().message;
  const bool unit_range = std::string_view(GetParam()).starts_with("yolov5n");  // others: pixels
  const auto reference =
      test::onnxruntime_reference(path_, {.low = 0, .high = unit_range ? 1.0 : 255.0});
  const auto observed = observe(graph.value());
  ASSERT_TRUE(observed) << observed.error().message;

  std::vector<std::string> names;
  for (const auto& [name, tensor] : reference.tensors) names.push_back(name);
  const auto runner = make_openvino_runner(graph.value(), names);
  ASSERT_TRUE(runner) << runner.error().message;
  const auto made = runner.value()->run({reference.input});
  ASSERT_TRUE(made) << made.error().message;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Tensor& expected = reference.tensors.at(names[i]);
    EXPECT_LT(relative_error(made.value()[i], expected), kTolerance) << names[i];
    EXPECT_EQ(observed.value().shapes.at(names[i]), expected.shape()) << names[i];
    const auto constant = observed.value().constants.find(names[i]);
    if (constant != observed.value().constants.end()) {
      EXPECT_LT(relative_error(constant->second, expected), 1e-6) << names[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Real, Executor, testing::ValuesIn(test::kRealModels), test::name_of_param);

}  // namespace
}  // namespace pare::engine
