// Candidates out of a super-network, as a worker asks for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/pipeline/prepare.h"
#include "engine/program/tasks.h"
#include "engine/prune/correction.h"
#include "tests/support/graph_builder.h"
#include "wire/plan_json.h"
#include "wire/sha256.h"
#include "wire/task_json.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kModel = "examples/circuit_boards/detector.onnx";

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

const Detector& detector() {
  static const Detector opened = [] {
    const std::string onnx = bytes_of(kModel);
    return open_detector(std::as_bytes(std::span(onnx)), {}).value();
  }();
  return opened;
}

class BuildTask : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder() = fs::temp_directory_path() / ("pare-build-" + std::to_string(::getpid()));
    fs::create_directories(folder());
    const auto prepared = prepare(
        detector(), 2,
        [](std::size_t i, int height, int width) -> Result<Tensor> {
          return test::random_tensor({1, 3, height, width}, static_cast<unsigned>(i), 0, 255);
        },
        {.resolutions = {{detector().card.height, detector().card.width}}, .int8 = false},
        [](double, const std::string&) {});
    ASSERT_TRUE(write_tensor_file(prepared.value().file, folder() / "statistics"));
  }
  static void TearDownTestSuite() { fs::remove_all(folder()); }
  static fs::path& folder() {
    static fs::path folder;
    return folder;
  }

  static const Group& group() { return detector().groups.groups[1]; }

  // A change of the layer that reads the group; for every plan unless for this one alone.
  static void write_supernet(const std::string& model, const std::string& statistics,
                             const std::string& plan = "") {
    const Node& node = detector().body.nodes[group().consumers[0]];
    const Shape& shape = detector().body.constants.at(node.inputs[1]).shape();
    Supernet made{{model, statistics, 1, 2, 3, {}, plan}, {0.5}, {}};
    made.changes[node.name] = {
        {test::random_tensor(shape, 1, -1, 1), test::random_tensor({shape[0]}, 2, -1, 1)}};
    ASSERT_TRUE(write_tensor_file(to_tensor_file(made), folder() / "supernet"));
  }

  static Plan plan_with(Weights weights) {
    Plan plan;
    plan.height = detector().card.height;
    plan.width = detector().card.width;
    plan.widths[group().name] = static_cast<int>(group().units.size()) - 8;
    plan.weights = weights;
    return plan;
  }

  Result<wire::TaskSuccess> build(Weights weights) {
    wire::TaskDocument task;
    task.params = wire::BuildParams{detector().card, plan_with(weights)};
    task.files = {{"model", kModel}, {"statistics", (folder() / "statistics").string()}};
    if (weights != Weights::kOriginal) task.files["supernet"] = (folder() / "supernet").string();
    for (const auto& [role, file] : task.files) {
      task.blobs[role] = wire::sha256_file(file).value();
    }
    Stopwatch watch;
    return run_task(task, folder(), watch);
  }
};

TEST_F(BuildTask, a_plan_with_weights_of_a_super_network_gets_them_whatever_its_statistics) {
  ASSERT_TRUE(build(Weights::kOriginal));
  const std::string plain = bytes_of(folder() / "candidate.onnx");
  write_supernet(wire::sha256_file(kModel).value(), std::string(64, 'a'));
  const auto built = build(Weights::kSupernet);
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_FALSE(bytes_of(folder() / "candidate.onnx") == plain);
}

TEST_F(BuildTask, a_super_network_of_another_model_is_refused_with_both_names) {
  const std::string other(64, 'e');
  write_supernet(other, wire::sha256_file((folder() / "statistics").string()).value());
  const auto built = build(Weights::kSupernet);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(built.error().message, HasSubstr(other));
  EXPECT_THAT(built.error().message, HasSubstr(wire::sha256_file(kModel).value()));
}

TEST_F(BuildTask, a_tuned_plan_gets_the_weights_that_were_trained_for_it_and_no_others) {
  const std::string model = wire::sha256_file(kModel).value();
  const std::string statistics = wire::sha256_file((folder() / "statistics").string()).value();
  const std::string own = wire::plan_sha256(trained_form(plan_with(Weights::kTuned)));
  write_supernet(model, statistics, own);
  const auto built = build(Weights::kTuned);
  ASSERT_TRUE(built) << built.error().message;
  const auto inherits = build(Weights::kSupernet);
  ASSERT_FALSE(inherits);
  EXPECT_THAT(inherits.error().message, HasSubstr("trained for plan " + own + " alone"));
  const std::string other(64, 'f');
  write_supernet(model, statistics, other);
  const auto foreign = build(Weights::kTuned);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::kInvalidArgument);
  for (const std::string& named : {other, own}) {
    EXPECT_THAT(foreign.error().message, HasSubstr(named));
  }
  write_supernet(model, statistics);
  EXPECT_THAT(build(Weights::kTuned).error().message, HasSubstr("for every plan"));
}

TEST_F(BuildTask, a_file_that_is_no_super_network_is_refused) {
  std::ofstream(folder() / "supernet") << "rubbish";
  const auto built = build(Weights::kSupernet);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace pare::engine
