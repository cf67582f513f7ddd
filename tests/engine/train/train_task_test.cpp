// The task `train` on the detector that ships: interrupted, with a broken checkpoint, with what
// does not belong together.
#include "engine/train/tasks/train_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <set>

#include "core/training.h"
#include "engine/program/tasks.h"
#include "engine/prune/correction.h"
#include "wire/plan_json.h"
#include "wire/sha256.h"
#include "wire/training_json.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kModel = "examples/circuit_boards/detector.onnx";
constexpr std::int64_t kSteps = 3;

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Ended {
  Result<wire::TaskSuccess> end;
  std::vector<json> said;  // on stdout
  std::string artifact;    // its bytes

  const Training& training() const { return std::get<Training>(end.value().result); }
};

class TrainTaskTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder() = fs::temp_directory_path() / ("pare-train-task-" + std::to_string(::getpid()));
    fs::create_directories(folder() / "dataset" / "calibration");
    for (int i = 0; i < 6; ++i) {
      cv::Mat image(96, 128, CV_8UC3);
      cv::theRNG().state = static_cast<std::uint64_t>(i) + 1;
      cv::randu(image, 0, 255);
      const std::string name = "c" + std::to_string(i) + ".png";
      cv::imwrite((folder() / "dataset" / "calibration" / name).string(), image);
    }
    fs::copy(folder() / "dataset" / "calibration", folder() / "dataset" / "validation");
    wire::TaskDocument inspect;
    inspect.params = wire::InspectModelParams{};
    card() = std::get<ModelSummary>(on_engine(inspect).result).card;
    wire::TaskDocument prepare;
    prepare.params = wire::PrepareParams{
        card(), {{card().height, card().width}}, {Precision::kFp32, Precision::kInt8}, 3};
    (void)on_engine(prepare);
  }
  static void TearDownTestSuite() { fs::remove_all(folder()); }
  static fs::path& folder() {
    static fs::path folder;
    return folder;
  }
  static ModelCard& card() {
    static ModelCard card;
    return card;
  }

  static wire::TaskSuccess on_engine(wire::TaskDocument task) {
    task.files = {{"model", kModel}, {"dataset", (folder() / "dataset").string()}};
    task.blobs = {{"model", wire::sha256_file(kModel).value()}, {"dataset", std::string(64, 'd')}};
    Stopwatch watch;
    testing::internal::CaptureStdout();
    auto done = run_task(task, folder(), watch);
    testing::internal::GetCapturedStdout();
    if (!done) throw std::runtime_error(done.error().message);
    return std::move(done).value();
  }

  static wire::TaskDocument task() {
    wire::TaskDocument task;
    task.params = wire::TrainParams{card(), 60, kSteps, 7};
    task.files = {{"model", kModel},
                  {"statistics", (folder() / "statistics.safetensors").string()},
                  {"dataset", (folder() / "dataset").string()}};
    task.blobs = {{"model", wire::sha256_file(kModel).value()},
                  {"statistics", wire::sha256_file(task.files["statistics"]).value()},
                  {"dataset", std::string(64, 'd')}};
    task.cores = {0};
    return task;
  }

  // With a place for checkpoints, and one to go on from, if it is named.
  static Ended train(wire::TaskDocument task, const fs::path& from = {}) {
    const fs::path scratch = folder() / ("scratch" + std::to_string(runs()++));
    fs::create_directories(scratch / "checkpoints");
    task.checkpoints = wire::CheckpointPlace{(scratch / "checkpoints").string(), 0, from.string()};
    std::vector<json> said;
    Stopwatch watch;
    auto end = run_train_task(task, scratch, watch,
                              [&](const std::string& line) { said.push_back(json::parse(line)); });
    return {std::move(end), std::move(said), bytes_of(scratch / "supernet.safetensors")};
  }
  static int& runs() {
    static int count = 0;
    return count;
  }

  static fs::path scratch_of_last() { return folder() / ("scratch" + std::to_string(runs() - 1)); }

  static const ModelSummary& model() {
    wire::TaskDocument inspect;
    inspect.params = wire::InspectModelParams{};
    static const auto model = std::get<ModelSummary>(on_engine(inspect).result);
    return model;
  }

  // Blocks out, kernels small, every group narrower that is left.
  static Plan plan() {
    Plan plan;
    plan.height = card().height;
    plan.width = card().width;
    for (const DepthStage& stage : model().stages) plan.skip.insert(stage.blocks.front().name);
    for (const KernelChoice& kernel : model().kernels) {
      plan.kernels[kernel.layer] = kernel.sizes.front();
    }
    for (const ChannelGroup& group : model().groups) {
      if (group.widths.size() > 1) plan.widths[group.name] = group.widths[group.widths.size() - 2];
    }
    return plan;
  }
  static wire::TaskDocument tuning() {
    wire::TaskDocument tuning = task();
    std::get<wire::TrainParams>(tuning.params).plan = plan();
    return tuning;
  }

  // The run that nothing disturbed, and the checkpoint that it kept first.
  static const Ended& whole() {
    static const Ended ended = train(task());
    return ended;
  }
  static fs::path checkpoint() {
    (void)whole();
    for (const json& line : whole().said) {
      if (line.contains("checkpoint")) {
        return folder() / "scratch0" / "checkpoints" / line["checkpoint"].get<std::string>();
      }
    }
    throw std::runtime_error("no checkpoint was kept");
  }
};

// First: it is the run that the others are held against.
TEST_F(TrainTaskTest, tells_its_course_and_leaves_a_super_network_that_says_where_it_comes_from) {
  ASSERT_TRUE(whole().end) << whole().end.error().message;
  const Training& training = whole().training();
  EXPECT_GE(training.steps, 1);
  EXPECT_LE(training.steps, kSteps);  // fewer where nothing is gained any more
  EXPECT_EQ(training.images + training.held_out_images, 6);
  EXPECT_EQ(training.seed, 7U);
  EXPECT_EQ(training.threads, 1);
  EXPECT_THAT(training.knots, SizeIs(3));
  EXPECT_THAT(training.judged, testing::Not(testing::IsEmpty()));
  for (const JudgedShare& one : training.judged) EXPECT_LE(one.trained, one.closed_form);
  EXPECT_FALSE(training.parent);
  const auto file = read_tensor_file(folder() / "scratch0" / "supernet.safetensors");
  ASSERT_TRUE(file) << file.error().message;
  const auto supernet = load_supernet(file.value());
  ASSERT_TRUE(supernet) << supernet.error().message;
  EXPECT_TRUE(check_lineage(supernet.value(), task().blobs.at("model")));
  const auto told = wire::parse_training(supernet.value().lineage.training);
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told.value().judged, training.judged);
  int closed_form = 0, held_out = 0, progress = 0;
  for (const json& line : whole().said) {
    progress += line.contains("progress") ? 1 : 0;
    if (!line.contains("numbers")) continue;
    for (const auto& [name, value] : line["numbers"].items()) {
      closed_form += name.starts_with("closed_form/") ? 1 : 0;
      held_out += name.starts_with("held_out/") ? 1 : 0;
    }
  }
  EXPECT_EQ(closed_form, std::ssize(training.judged));
  EXPECT_GE(held_out, std::ssize(training.judged));
  EXPECT_GE(progress, 2);
}

TEST_F(TrainTaskTest, goes_on_from_a_checkpoint_and_ends_equal_to_the_bit) {
  const Ended ended = train(task(), checkpoint());
  ASSERT_TRUE(ended.end) << ended.end.error().message;
  EXPECT_FALSE(whole().artifact.empty());
  EXPECT_TRUE(ended.artifact == whole().artifact);
  ASSERT_TRUE(ended.training().parent);
  EXPECT_EQ(ended.training().parent->sha256, wire::sha256_file(checkpoint().string()).value());
  EXPECT_GT(ended.training().parent->step, 0);
}

TEST_F(TrainTaskTest, takes_the_thread_count_of_the_run_that_it_goes_on_with) {
  wire::TaskDocument wider = task();
  wider.cores = {0, 1};
  const Ended ended = train(wider, checkpoint());
  ASSERT_TRUE(ended.end) << ended.end.error().message;
  EXPECT_EQ(ended.training().threads, 1);
  EXPECT_TRUE(ended.artifact == whole().artifact);
}

TEST_F(TrainTaskTest, begins_anew_where_the_checkpoint_is_cut_short_or_of_another_run_and_says_so) {
  const fs::path cut = folder() / "cut";
  fs::copy_file(checkpoint(), cut, fs::copy_options::overwrite_existing);
  fs::resize_file(cut, fs::file_size(cut) / 2);
  const Ended anew = train(task(), cut);
  ASSERT_TRUE(anew.end) << anew.end.error().message;
  EXPECT_THAT(anew.training().notes, Contains(HasSubstr("began anew")));
  EXPECT_FALSE(anew.training().parent);
  EXPECT_TRUE(anew.artifact == whole().artifact);

  wire::TaskDocument other = task();
  std::get<wire::TrainParams>(other.params).seed = 8;
  const Ended another = train(other, checkpoint());
  ASSERT_TRUE(another.end) << another.end.error().message;
  EXPECT_THAT(another.training().notes, Contains(HasSubstr("another run")));
}

// Everything that a plan may leave out at once.
TEST_F(TrainTaskTest, trains_one_plan_alone_whose_candidate_needs_nothing_but_what_comes_out) {
  const Ended ended = train(tuning());
  ASSERT_TRUE(ended.end) << ended.end.error().message;
  const Training& training = ended.training();
  ASSERT_THAT(training.knots, SizeIs(1));
  ASSERT_THAT(training.judged, SizeIs(1));
  EXPECT_EQ(training.judged[0].removed, training.knots[0].removed);
  EXPECT_LE(training.judged[0].trained, training.judged[0].closed_form);
  EXPECT_EQ(training.knots[0].kept, training.judged[0].trained < training.judged[0].closed_form);
  Plan tuned = plan();
  tuned.weights = Weights::kTuned;
  const fs::path file = scratch_of_last() / "supernet.safetensors";
  const Supernet made = load_supernet(read_tensor_file(file).value()).value();
  EXPECT_EQ(made.lineage.plan, wire::plan_sha256(trained_form(tuned)));
  EXPECT_EQ(made.changes.empty(), !training.knots[0].kept);
  wire::TaskDocument build = task();
  build.params = wire::BuildParams{card(), tuned};
  build.blobs["supernet"] = wire::sha256_file(file.string()).value();
  build.files["supernet"] = file.string();
  Stopwatch watch;
  const auto built = run_task(build, folder(), watch);
  EXPECT_TRUE(built) << built.error().message;
}

TEST_F(TrainTaskTest, one_plan_alone_is_gone_on_with_from_a_checkpoint_to_the_bit) {
  const Ended ended = train(tuning());
  ASSERT_TRUE(ended.end) << ended.end.error().message;
  fs::path kept;
  for (const json& line : ended.said) {
    if (!line.contains("checkpoint")) continue;
    kept = scratch_of_last() / "checkpoints" / line["checkpoint"].get<std::string>();
    break;
  }
  ASSERT_FALSE(kept.empty());
  const Ended again = train(tuning(), kept);
  ASSERT_TRUE(again.end) << again.end.error().message;
  EXPECT_TRUE(again.training().parent);
  EXPECT_TRUE(again.artifact == ended.artifact);
}

TEST_F(TrainTaskTest, one_that_inherits_begins_where_its_super_network_is) {
  const Ended alone = train(tuning());
  Supernet made =
      load_supernet(read_tensor_file(folder() / "scratch0" / "supernet.safetensors").value())
          .value();
  for (auto& [layer, changes] : made.changes) {
    for (LayerChange& change : changes) {
      change.weights = Tensor::of<float>(
          change.weights.shape(),
          std::vector<float>(static_cast<std::size_t>(change.weights.size()), 0.002F));
    }
  }
  ASSERT_TRUE(write_tensor_file(to_tensor_file(made), folder() / "begins"));
  wire::TaskDocument inherits = tuning();
  std::get<wire::TrainParams>(inherits.params).plan->weights = Weights::kSupernet;
  inherits.files["supernet"] = (folder() / "begins").string();
  inherits.blobs["supernet"] = wire::sha256_file(inherits.files["supernet"]).value();
  const Ended ended = train(inherits);
  ASSERT_TRUE(ended.end) << ended.end.error().message;
  EXPECT_NE(ended.training().judged[0].closed_form, alone.training().judged[0].closed_form);
  const Supernet whole =
      load_supernet(read_tensor_file(scratch_of_last() / "supernet.safetensors").value()).value();
  EXPECT_FALSE(whole.changes.empty()) << "what it began with is a part of it";

  inherits.blobs["model"] = std::string(64, 'e');
  const Ended foreign = train(inherits);
  ASSERT_FALSE(foreign.end);
  EXPECT_THAT(foreign.end.error().message, HasSubstr(std::string(64, 'e')));
}

TEST_F(TrainTaskTest, blocks_and_kernels_are_in_the_pool_where_their_cost_is_known) {
  wire::TaskDocument with_parts = task();
  PartChoices& parts = std::get<wire::TrainParams>(with_parts.params).parts;
  for (const DepthStage& stage : model().stages) {  // nearly free, so that some go
    parts.blocks.push_back({});
    for (const DepthBlock& block : stage.blocks) {
      parts.blocks.back().blocks.push_back(block.name);
      parts.blocks.back().damage.push_back(1e-6 * static_cast<double>(block.layers.size()));
      parts.blocks.back().macs_saved.push_back(1);
    }
  }
  const Ended ended = train(with_parts);
  ASSERT_TRUE(ended.end) << ended.end.error().message;
  EXPECT_TRUE(ended.training().parts);
  EXPECT_FALSE(whole().training().parts);
  const auto file = read_tensor_file(scratch_of_last() / "supernet.safetensors").value();
  EXPECT_TRUE(load_supernet(file).value().lineage.parts);

  // Not gone on from where the parts cost something else: the pool is another.
  fs::path kept;
  for (const auto& one : fs::directory_iterator(scratch_of_last() / "checkpoints")) {
    kept = one.path();
  }
  parts.blocks[0].damage[0] *= 1.5;
  const Ended anew = train(with_parts, kept);
  ASSERT_TRUE(anew.end) << anew.end.error().message;
  EXPECT_FALSE(anew.training().parent);

  parts.blocks[0].blocks[0] = "another";
  const Ended foreign = train(with_parts);
  ASSERT_FALSE(foreign.end);
  EXPECT_THAT(foreign.end.error().message, HasSubstr("guidance is of another model"));
}

TEST_F(TrainTaskTest, is_trained_for_int8_from_where_it_is_and_all_else_of_it_stays) {
  ASSERT_TRUE(whole().end) << whole().end.error().message;
  wire::TaskDocument for_int8 = task();
  std::get<wire::TrainParams>(for_int8.params).int8 = true;
  for_int8.files["supernet"] = (folder() / "scratch0" / "supernet.safetensors").string();
  for_int8.blobs["supernet"] = wire::sha256_file(for_int8.files["supernet"]).value();
  const Ended ended = train(for_int8);
  ASSERT_TRUE(ended.end) << ended.end.error().message;
  const Training& training = ended.training();
  EXPECT_EQ(training.knots, whole().training().knots);
  EXPECT_EQ(training.judged, whole().training().judged);
  EXPECT_EQ(training.steps, whole().training().steps);
  ASSERT_TRUE(training.int8);
  EXPECT_GE(training.int8->steps, 1);
  EXPECT_LE(training.int8->trained, training.int8->untrained);
  const auto supernet = [](const fs::path& scratch) {
    return load_supernet(read_tensor_file(scratch / "supernet.safetensors").value()).value();
  };
  const Supernet before = supernet(folder() / "scratch0"), after = supernet(scratch_of_last());
  EXPECT_EQ(after.knots, before.knots);
  EXPECT_EQ(after.changes, before.changes);
  EXPECT_EQ(after.int8.empty(), !training.int8->kept);
  std::set<std::string> judged;
  for (const json& line : ended.said) {
    if (!line.contains("numbers")) continue;
    for (const auto& [name, value] : line["numbers"].items()) judged.insert(name);
  }
  EXPECT_THAT(judged, testing::IsSupersetOf(
                          {"held_out/0.00 int8 operators 8", "held_out/0.00 int8 silu_blocks 8"}));

  fs::path first;
  for (const auto& kept : fs::directory_iterator(scratch_of_last() / "checkpoints")) {
    if (first.empty() || kept.path() < first) first = kept.path();
  }
  const Ended again = train(for_int8, first);
  ASSERT_TRUE(again.end) << again.end.error().message;
  EXPECT_TRUE(again.training().parent);
  EXPECT_TRUE(again.artifact == ended.artifact);
}

TEST_F(TrainTaskTest, a_plan_that_narrows_nothing_or_repairs_in_another_way_is_not_trained_alone) {
  wire::TaskDocument task = tuning();
  std::get<wire::TrainParams>(task.params).plan->widths.clear();
  const Ended nothing = train(task);
  ASSERT_FALSE(nothing.end);
  EXPECT_EQ(nothing.end.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(nothing.end.error().message, HasSubstr("narrows no group"));
  task = tuning();
  std::get<wire::TrainParams>(task.params).plan->reconstruction = Reconstruction::kNone;
  EXPECT_FALSE(train(task).end);
}

TEST_F(TrainTaskTest, statistics_of_another_model_are_refused_with_both_names) {
  wire::TaskDocument wrong = task();
  TensorFile renamed = read_tensor_file(folder() / "statistics.safetensors").value();
  // As those of a detector whose layers are called otherwise.
  const std::string prefix = "gram_of/";
  std::map<std::string, std::string> metadata;
  for (const auto& [name, text] : renamed.metadata) {
    const bool of_layer = name.starts_with(prefix);
    metadata[of_layer ? prefix + "other/" + name.substr(prefix.size()) : name] = text;
  }
  renamed.metadata = std::move(metadata);
  ASSERT_TRUE(write_tensor_file(renamed, folder() / "foreign"));
  wrong.files["statistics"] = (folder() / "foreign").string();
  wrong.blobs["statistics"] = wire::sha256_file(wrong.files["statistics"]).value();
  const Ended ended = train(wrong);
  ASSERT_FALSE(ended.end);
  EXPECT_EQ(ended.end.error().code, ErrorCode::kInvalidArgument);
  for (const char* role : {"model", "statistics"}) {
    EXPECT_THAT(ended.end.error().message, HasSubstr(wrong.blobs.at(role)));
  }
}

TEST_F(TrainTaskTest, an_image_that_cannot_be_read_is_named) {
  wire::TaskDocument broken = task();
  fs::copy(folder() / "dataset", folder() / "broken", fs::copy_options::recursive);
  std::ofstream(folder() / "broken" / "calibration" / "c3.png") << "no image";
  broken.files["dataset"] = (folder() / "broken").string();
  const Ended ended = train(broken);
  ASSERT_FALSE(ended.end);
  EXPECT_THAT(ended.end.error().message, HasSubstr("c3.png"));
}

TEST_F(TrainTaskTest, a_task_of_another_kind_is_refused) {
  wire::TaskDocument other = task();
  other.params = wire::InspectModelParams{};
  const Ended ended = train(other);
  ASSERT_FALSE(ended.end);
  EXPECT_EQ(ended.end.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace pare::engine
