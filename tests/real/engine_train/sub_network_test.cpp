// A sub-network under torch and the candidate that is exported from the super-network compute the
// same, for random plans.
#include "engine/train/elastic/sub_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "engine/data/images.h"
#include "engine/data/preprocess.h"
#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/supernet_candidate.h"
#include "engine/train/elastic/plan_pool.h"
#include "engine/train/graph/torch_tensor.h"
#include "tests/engine/train/elastic_network.h"

namespace pare::engine::test {
namespace {

const std::vector<double> kKnots = {0.1, 0.25, 0.5};
constexpr std::size_t kStatistics = 24;  // images
// Of values with a deviation of .1: three times what training makes of them (.003, ADR 31).  Larger
// ones cancel in directions that inputs hardly have, which no float32 runtime computes to 1e-4.
constexpr double kSize = 0.1;

// PARE_RANDOM_PLANS=200 for the figures of a release.
unsigned plans() {
  const char* const asked = std::getenv("PARE_RANDOM_PLANS");
  return asked == nullptr ? 5 : static_cast<unsigned>(std::stoul(asked));
}

// A photograph: noise makes deep maps that hardly vary, of which every error is a large share.
Tensor image_for(const Detector& detector, std::size_t number) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(PARE_REAL_IMAGES)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  const Image image = read_image(files.at(number % files.size())).value();
  const NetworkInput input =
      preprocess(image, detector.card.preprocessing, detector.card.height, detector.card.width);
  return Tensor::of<float>(detector.body.inputs[0].shape, input.values);
}

Detector opened(const char* file) {
  std::ifstream in(std::string(PARE_REAL_MODELS "/") + file, std::ios::binary);
  const std::string onnx(std::istreambuf_iterator<char>(in), {});
  return open_detector(std::as_bytes(std::span(onnx)), {}).value();
}

Statistics statistics_of(const Detector& detector) {
  GramCollector grams =
      GramCollector::make(detector.body, detector.observed, detector.groups).value();
  auto runner = make_openvino_runner(detector.body, grams.tensors()).value();
  for (std::size_t i = 0; i < kStatistics; ++i) {
    EXPECT_TRUE(grams.add_image(runner->run({image_for(detector, i)}).value()));
  }
  return grams.finish().value();
}

// The candidate's raw head tensors have the names of the body's outputs.
std::vector<Tensor> outputs_of_candidate(const Detector& detector, const std::string& onnx,
                                         const Tensor& image) {
  std::vector<std::string> wanted;
  for (const TensorInfo& output : detector.body.outputs) wanted.push_back(output.name);
  const Graph graph = import_onnx(std::as_bytes(std::span(onnx))).value();
  return make_openvino_runner(graph, wanted).value()->run({image}).value();
}

class Real : public testing::TestWithParam<const char*> {};

TEST_P(Real, torch_computes_what_the_exported_candidate_does) {
  const Detector detector = opened(GetParam());
  const Statistics statistics = statistics_of(detector);
  const Ranking ranking = rank_by_gram(detector.body, detector.groups, statistics).value();
  TensorFile file;
  store(statistics, file);
  store(ranking, file);
  const ElasticBody body{detector.body, detector.observed, detector.groups,
                         detector.head, statistics,        all_ops()};
  auto coordinates = Coordinates::make(body, std::vector<bool>(detector.body.nodes.size(), true),
                                       kKnots.size(), to_torch(image_for(detector, 9)));
  ASSERT_TRUE(coordinates) << coordinates.error().message;
  double worst = 0;
  for (unsigned seed = 1; seed <= plans(); ++seed) {
    draw_values(coordinates.value().values(), seed);
    const torch::Tensor values = coordinates.value().values();
    values.detach().mul_(kSize);
    Plan plan;
    plan.height = detector.card.height;
    plan.width = detector.card.width;
    plan.reconstruction = Reconstruction::kIndependent;
    plan.widths = random_widths(detector.groups, seed, 8);
    const RemovedUnits removed = select_units(detector.groups, plan.widths, ranking.orders).value();
    const double share = share_saved(body, ranking.orders, plan.widths).value();
    auto sub = SubNetwork::make({body, removed, share}, coordinates.value(), kKnots);
    ASSERT_TRUE(sub) << sub.error().message;
    const Supernet supernet{{}, kKnots, coordinates.value().changes(values)};
    const auto candidate = build_from_supernet(detector, supernet, file, plan);
    ASSERT_TRUE(candidate) << candidate.error().message;
    const Tensor image = image_for(detector, 100 + seed);
    const auto expected = outputs_of_candidate(detector, candidate.value().onnx, image);
    const torch::NoGradGuard no_grad;
    // Beside another image, since it is in batches that it will be trained.
    const torch::Tensor batch = torch::cat({to_torch(image), to_torch(image_for(detector, seed))});
    const auto made =
        std::move(sub).value().forward(batch.contiguous(at::MemoryFormat::ChannelsLast));
    ASSERT_TRUE(made) << made.error().message;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const torch::Tensor theirs = to_torch(expected[i]);
      const double range = (theirs.max() - theirs.min()).item<double>();
      const torch::Tensor ours = made.value()[i].slice(0, 0, theirs.size(0));
      const double error = (ours - theirs).abs().max().item<double>() / range;
      EXPECT_LT(error, 1e-4) << "seed " << seed << ", " << detector.body.outputs[i].name;
      worst = std::max(worst, error);
    }
  }
  std::cout << GetParam() << ": " << plans() << " plans, largest error " << worst
            << " of the range\n";
}

INSTANTIATE_TEST_SUITE_P(Detectors, Real,
                         testing::Values("yolox_nano_416.onnx", "yolov5n_640.onnx",
                                         "nanodet_m_416.onnx", "fastestdet_352.onnx"),
                         [](const auto& about) {
                           const std::string file = about.param;
                           return file.substr(0, file.find('.'));
                         });

}  // namespace
}  // namespace pare::engine::test
