// The detector that ships, opened and prepared without a dataset, for tests of what becomes of it.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/candidate.h"
#include "engine/pipeline/parity.h"
#include "engine/pipeline/prepare.h"
#include "tests/support/graph_builder.h"

namespace pare::engine {

inline std::vector<std::byte> file_bytes(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline Tensor image(std::size_t seed, int height, int width) {
  return test::random_tensor({1, 3, height, width}, static_cast<unsigned>(seed + 1), 0, 255);
}

// Opened and prepared once: it takes seconds.
class CandidateOfTheExample : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto onnx = file_bytes("examples/circuit_boards/detector.onnx");
    auto opened = open_detector(onnx, {});
    ASSERT_TRUE(opened) << (opened ? "" : opened.error().message);
    detector = new Detector(std::move(opened).value());
    original = new std::vector<std::byte>(onnx);
    const int half = detector->card.height / 2 / 32 * 32;
    auto prepared = prepare(
        *detector, 6,
        [](std::size_t i, int height, int width) -> Result<Tensor> {
          return image(i, height, width);
        },
        {.resolutions = {{detector->card.height, detector->card.width}, {half, half}}},
        [](double, const std::string&) {});
    ASSERT_TRUE(prepared) << (prepared ? "" : prepared.error().message);
    statistics = new TensorFile(std::move(prepared).value().file);
  }
  static void TearDownTestSuite() {
    delete detector;
    delete original;
    delete statistics;
  }

  static Plan plan() {
    Plan plan;
    plan.height = detector->card.height;
    plan.width = detector->card.width;
    return plan;
  }
  static Candidate build(const Plan& plan) {
    auto built = build_candidate(*detector, *statistics, plan);
    EXPECT_TRUE(built) << (built ? "" : built.error().message);
    return std::move(built).value();
  }
  static double difference(std::span<const std::byte> a, std::span<const std::byte> b) {
    const auto graph_a = import_onnx(a);
    const auto graph_b = import_onnx(b);
    auto run_a = make_openvino_runner(graph_a.value());
    auto run_b = make_openvino_runner(graph_b.value());
    const Shape& shape = graph_a.value().inputs[0].shape;
    const std::vector<Tensor> images = {
        image(90, static_cast<int>(shape[2]), static_cast<int>(shape[3]))};
    Stopwatch watch;
    const auto parity = compare_outputs(*run_a.value(), *run_b.value(), images, 1e-3, watch);
    EXPECT_TRUE(parity) << (parity ? "" : parity.error().message);
    return parity.value().max_error;
  }
  static std::string refusal(const Plan& plan) {
    const auto built = build_candidate(*detector, *statistics, plan);
    EXPECT_FALSE(built);
    return built ? "" : built.error().message;
  }

  static inline Detector* detector = nullptr;
  static inline std::vector<std::byte>* original = nullptr;
  static inline TensorFile* statistics = nullptr;
};

}  // namespace pare::engine
