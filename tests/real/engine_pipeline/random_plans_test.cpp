// Candidates of random plans, as the files that users get: ONNX Runtime loads each of them and
// computes what the executor does.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "core/check.h"
#include "engine/executor/openvino_runner.h"
#include "engine/onnx/onnx_io.h"
#include "engine/pipeline/candidate.h"
#include "tests/support/graph_builder.h"
#include "tests/support/real_models.h"

namespace pare::engine::test {
namespace {

namespace fs = std::filesystem;

// PARE_RANDOM_PLANS=150 for the figures of a release; few enough by default for every run.
int asked_plans() {
  const char* const asked = std::getenv("PARE_RANDOM_PLANS");
  return asked == nullptr ? 4 : std::stoi(asked);
}

std::vector<std::byte> bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void write(const fs::path& path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  PARE_CHECK(file.good(), "cannot write " + path.string());
}

// About two groups of three narrower, every second time at another size.
Plan random_plan(const Detector& detector, const ModelSummary& summary, std::mt19937& random) {
  Plan plan;
  plan.height = detector.card.height;
  plan.width = detector.card.width;
  const int stride = summary.stride;
  if (random() % 2 == 0 && stride > 0) {
    const int less = static_cast<int>(random() % 6);
    plan.height = stride * std::max(2, plan.height / stride - less);
    plan.width = stride * std::max(2, plan.width / stride - less);
  }
  plan.importance = random() % 2 == 0 ? Importance::kRandom : Importance::kL2;
  plan.reconstruction = Reconstruction::kNone;
  for (const ChannelGroup& group : summary.groups) {
    if (random() % 3 > 0) plan.widths[group.name] = group.widths[random() % group.widths.size()];
  }
  return plan;
}

// Candidates with what the executor makes of them, in a scratch folder.
class Candidates {
 public:
  Candidates() {
    std::string folder = (fs::temp_directory_path() / "pare_plans_XXXXXX").string();
    PARE_CHECK(::mkdtemp(folder.data()) != nullptr, "no scratch folder");
    folder_ = folder;
  }
  ~Candidates() { fs::remove_all(folder_); }
  Candidates(const Candidates&) = delete;
  Candidates& operator=(const Candidates&) = delete;

  // Runs it on random pixels, prepared as the model's are.
  Result<std::monostate> add(const std::string& name, const std::string& onnx,
                             const Preprocessing& preparing) {
    const auto bytes = std::as_bytes(std::span(onnx));
    const auto graph = import_onnx(bytes);
    if (!graph) return graph.error();
    const auto runner = make_openvino_runner(graph.value());
    if (!runner) return runner.error();
    const auto prepared = [&](double pixel) {
      return static_cast<float>((pixel - preparing.mean.at(0)) / preparing.std.at(0));
    };
    const Tensor image =
        random_tensor(graph.value().inputs.at(0).shape, 1, prepared(0), prepared(255));
    const auto outputs = runner.value()->run({image});
    if (!outputs) return outputs.error();
    write(folder_ / (name + ".onnx"), bytes);
    write(folder_ / (name + ".in.bin"), image.bytes());
    for (std::size_t i = 0; i < outputs.value().size(); ++i) {
      write(folder_ / (name + "." + std::to_string(i) + ".bin"), outputs.value()[i].bytes());
    }
    return std::monostate{};
  }

  // By name: ONNX Runtime's largest difference, as a share of the largest value; then forgets them.
  std::map<std::string, double> differences() {
    const fs::path said = folder_ / "said.txt";
    std::string command = PARE_PYTHON " " PARE_TEST_TOOLS "/onnxruntime_agrees.py ";
    command += folder_.string() + " > " + said.string();
    PARE_CHECK(std::system(command.c_str()) == 0, command + " failed");
    std::map<std::string, double> found;
    std::ifstream lines(said);
    std::string name, difference;
    while (lines >> name >> difference) found[name] = std::stod(difference);
    for (const auto& entry : fs::directory_iterator(folder_)) fs::remove(entry);
    return found;
  }

 private:
  fs::path folder_;
};

class RandomPlans : public testing::TestWithParam<const char*> {};

TEST_P(RandomPlans, onnx_runtime_loads_every_candidate_and_agrees_with_the_executor) {
  const auto bytes = bytes_of(fs::path(PARE_REAL_MODELS) / GetParam());
  const auto detector = open_detector(bytes, PartialCard{});
  ASSERT_TRUE(detector) << detector.error().message;
  const auto summary = summarize(detector.value(), bytes);
  ASSERT_TRUE(summary) << summary.error().message;
  constexpr int kBatch = 25;
  Candidates candidates;
  double worst = 0;
  std::size_t agreed = 0;
  for (int plan = 0; plan < asked_plans(); ++plan) {
    std::mt19937 random(static_cast<unsigned>(plan) + 1);
    const Plan chosen = random_plan(detector.value(), summary.value(), random);
    const auto built = build_candidate(detector.value(), TensorFile{}, chosen);
    ASSERT_TRUE(built) << "plan " << plan << ": " << built.error().message;
    const auto added = candidates.add(std::to_string(plan), built.value().onnx,
                                      detector.value().card.preprocessing);
    ASSERT_TRUE(added) << "plan " << plan << ": " << added.error().message;
    if ((plan + 1) % kBatch != 0 && plan + 1 < asked_plans()) continue;
    for (const auto& [name, difference] : candidates.differences()) {
      EXPECT_LT(difference, 1e-4) << "plan " << name;
      worst = std::max(worst, difference);
      ++agreed;
    }
  }
  EXPECT_EQ(agreed, static_cast<std::size_t>(asked_plans()));
  std::cout << GetParam() << ": " << agreed << " candidates, largest difference " << worst << "\n";
}

constexpr std::array kModels = {
    "yolov5n_640.onnx", "yolox_nano_416.onnx",    "nanodet_m_416.onnx", "fastestdet_352.onnx",
    "yunet_n_640.onnx", "ultraface_rfb_320.onnx", "yolov8n_640.onnx"};

INSTANTIATE_TEST_SUITE_P(Real, RandomPlans, testing::ValuesIn(kModels), name_of_param);

}  // namespace
}  // namespace pare::engine::test
