#include "engine/pipeline/float_runner.h"

#include <gtest/gtest.h>

namespace pare::engine {
namespace {

class Versioned final : public Runner {
 public:
  const std::vector<std::string>& output_names() const override { return names_; }
  std::string version() const override { return "7.1"; }
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) override { return inputs; }

 private:
  std::vector<std::string> names_ = {"out"};
};

// An accuracy belongs to the version of the runtime: of a file with float16 at its edges, too.
TEST(FloatRunner, is_of_the_version_of_the_runner_inside) {
  for (const DType edge : {DType::kFloat32, DType::kFloat16}) {
    Graph model;
    model.inputs = {{"images", edge, {1, 3, 8, 8}}};
    model.outputs = {{"out", edge, {1, 3, 8, 8}}};
    EXPECT_EQ(in_float32(std::make_unique<Versioned>(), model)->version(), "7.1");
  }
}

TEST(FloatRunner, takes_and_gives_float32_whatever_the_model_has) {
  Graph model;
  model.inputs = {{"images", DType::kFloat16, {2}}};
  model.outputs = {{"out", DType::kFloat16, {2}}};
  const auto runner = in_float32(std::make_unique<Versioned>(), model);
  const std::vector<float> values = {0.5F, 2.0F};
  const auto outputs = runner->run({Tensor::of<float>({2}, values)});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs.value().front().dtype(), DType::kFloat32);
  EXPECT_EQ(outputs.value().front().values<float>()[1], 2.0F);
}

TEST(FloatRunner, gives_a_model_its_channels_last) {
  Graph model;
  model.inputs = {{"images", DType::kUint8, {1, 1, 2, 3}}};
  model.outputs = {{"out", DType::kUint8, {1, 1, 2, 3}}};
  const auto runner = in_float32(std::make_unique<Versioned>(), model);
  const std::vector<float> image = {1, 2, 3, 4, 5, 6};  // three planes of two pixels
  const auto taken = runner->run({Tensor::of<float>({1, 3, 1, 2}, image)});
  ASSERT_TRUE(taken) << taken.error().message;
  const std::vector<std::uint8_t> pixels = {1, 3, 5, 2, 4, 6};
  EXPECT_EQ(taken.value().front(), Tensor::of<std::uint8_t>({1, 1, 2, 3}, pixels));
}

}  // namespace
}  // namespace pare::engine
