// Preparing, interrupted: whatever a checkpoint says was done is not done again, and the result is
// the same to the bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <opencv2/imgcodecs.hpp>
#include <set>

#include "engine/graph/tensor_file.h"
#include "engine/program/checkpoints.h"
#include "engine/program/tasks.h"
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

struct Done {
  std::string result;      // as JSON
  std::string statistics;  // the bytes of the file
  std::string said;        // on stdout
};

class PrepareTask : public testing::Test {
 protected:
  PrepareTask()
      : folder_(fs::temp_directory_path() / ("pare-prepare-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    for (const char* part : {"calibration", "validation"}) {
      fs::create_directories(folder_ / "dataset" / part);
      for (int i = 0; i < 2; ++i) {
        cv::Mat image(96, 128, CV_8UC3);
        cv::theRNG().state = static_cast<std::uint64_t>(i) + (*part == 'c' ? 1 : 100);
        cv::randu(image, 0, 255);
        cv::imwrite((folder_ / "dataset" / part / (part + std::to_string(i) + ".png")).string(),
                    image);
      }
    }
    task_.files = {{"model", kModel}, {"dataset", (folder_ / "dataset").string()}};
    task_.blobs = {{"model", std::string(64, 'a')}, {"dataset", std::string(64, 'd')}};
    wire::PrepareParams params;
    static const ModelCard known = card();
    params.card = known;
    params.resolutions = {{params.card.height, params.card.width}, {96, 96}};
    params.precisions = {Precision::kFp32, Precision::kInt8};
    params.seed = 3;
    task_.params = params;
  }
  ~PrepareTask() override { fs::remove_all(folder_); }

  ModelCard card() {
    wire::TaskDocument inspect;
    inspect.params = wire::InspectModelParams{};
    inspect.files = task_.files;
    Stopwatch watch;
    testing::internal::CaptureStdout();
    const auto done = run_task(inspect, folder_, watch);
    testing::internal::GetCapturedStdout();
    if (!done) throw std::runtime_error(done.error().message);
    return std::get<ModelSummary>(done.value().result).card;
  }

  Done prepare(std::optional<wire::CheckpointPlace> place) {
    wire::TaskDocument task = task_;
    task.checkpoints = std::move(place);
    const fs::path scratch = folder_ / ("scratch" + std::to_string(++runs_));
    fs::create_directories(scratch);
    Stopwatch watch;
    testing::internal::CaptureStdout();
    const auto done = run_task(task, scratch, watch);
    const std::string said = testing::internal::GetCapturedStdout();
    if (!done) throw std::runtime_error(done.error().message);
    return {wire::result_to_json(done.value().result), bytes_of(scratch / "statistics.safetensors"),
            said};
  }
  // An uninterrupted run that keeps all it may, and what it kept, the earliest first.
  std::vector<fs::path> keep_all(Done& whole) {
    const fs::path kept = folder_ / "checkpoints";
    fs::create_directories(kept);
    whole = prepare(wire::CheckpointPlace{kept.string(), 0});
    std::map<int, fs::path> by_step;
    for (const auto& entry : fs::directory_iterator(kept)) {
      by_step[std::stoi(entry.path().stem().string())] = entry.path();
    }
    std::vector<fs::path> files;
    for (const auto& [step, file] : by_step) files.push_back(file);
    return files;
  }
  Done go_on_from(const fs::path& checkpoint) {
    const fs::path kept = folder_ / ("later" + std::to_string(runs_));
    fs::create_directories(kept);
    return prepare(wire::CheckpointPlace{kept.string(), 1000, checkpoint.string()});
  }

  fs::path folder_;
  wire::TaskDocument task_;
  int runs_ = 0;
};

// How many there are depends on how fast this machine is; the first part is always kept.  Each step
// alone is tests/engine/pipeline/journal_test.cpp.
TEST_F(PrepareTask, goes_on_from_a_checkpoint_and_ends_equal_to_the_bit) {
  Done whole;
  const auto checkpoints = keep_all(whole);
  ASSERT_GE(checkpoints.size(), 1U);
  for (const fs::path& checkpoint : std::set{checkpoints.front(), checkpoints.back()}) {
    SCOPED_TRACE(checkpoint.filename().string());
    const Done resumed = go_on_from(checkpoint);
    const std::string step = checkpoint.stem().string();
    EXPECT_THAT(resumed.said, HasSubstr("goes on from step " + step));
    EXPECT_THAT(resumed.said, testing::Not(HasSubstr("\"step\":" + step + "}"))) << "done before";
    EXPECT_EQ(resumed.result, whole.result);
    EXPECT_EQ(resumed.statistics, whole.statistics);
  }
}

// The journal alone: it costs nothing to begin.
class CheckpointsTest : public PrepareTask {
 protected:
  Checkpoints journal(const std::string& from, const std::string& executor = "executor 1",
                      double every_seconds = 0) {
    wire::TaskDocument task = task_;
    task.checkpoints = wire::CheckpointPlace{folder_.string(), every_seconds, from};
    return Checkpoints(task, executor, [this](const std::string& line) { lines_.push_back(line); });
  }
  static TensorFile state(std::int64_t value) {
    TensorFile file;
    file.tensors["a|b"] = Tensor::of<std::int64_t>({1}, std::span(&value, 1));
    file.metadata["why"] = "text " + std::to_string(value);
    return file;
  }
  std::vector<std::string> lines_;
};

TEST_F(CheckpointsTest, give_back_the_newest_state_of_each_step_and_count_their_parts) {
  Checkpoints first = journal("");
  first.did("one", 1, false, [] { return state(1); });
  first.did("one", 3, true, [] { return state(3); });
  first.did("two", 2, false, [] { return state(2); });
  first.tell({{"loss", 0.5}});
  ASSERT_GE(lines_.size(), 2U);
  EXPECT_EQ(lines_.front(), R"({"checkpoint":"1.safetensors","step":1})");
  EXPECT_EQ(lines_.back(), R"({"numbers":{"loss":0.5},"step":5})");
  std::string newest;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() == ".safetensors")
      newest = std::max(newest, entry.path().string());
  }
  Checkpoints second = journal(newest);
  EXPECT_EQ(second.why_anew(), "");
  EXPECT_EQ(second.kept("three"), nullptr);
  ASSERT_NE(second.kept("one"), nullptr);
  EXPECT_EQ(second.kept("one")->state.metadata.at("why"),
            "text " + std::to_string(second.kept("one")->done));
  EXPECT_EQ(second.kept("one")->state.tensors.at("a|b").values<std::int64_t>()[0],
            second.kept("one")->done);
  EXPECT_EQ(std::to_string(second.first_step()), fs::path(newest).stem().string());
}

TEST_F(CheckpointsTest, are_kept_no_oftener_than_asked) {
  Checkpoints seldom = journal("", "executor 1", 1000);
  int made = 0;
  for (int i = 1; i <= 100; ++i) {
    seldom.did("one", i, i == 100, [&] {
      ++made;
      return state(i);
    });
  }
  EXPECT_EQ(made, 1) << "the state of a step that is over, for the checkpoints of the next";
  EXPECT_TRUE(lines_.empty());
}

TEST_F(CheckpointsTest, that_are_large_are_kept_seldom) {
  Checkpoints often = journal("");
  int made = 0;
  const std::vector<float> much(10'000'000);
  for (int i = 1; i <= 20; ++i) {
    often.did("one", i, false, [&] {
      ++made;
      TensorFile file;
      file.tensors["much"] = Tensor::of<float>({std::ssize(much)}, much);
      return file;
    });
  }
  EXPECT_EQ(made, 1) << "the next one in 40 s";
}

TEST_F(CheckpointsTest, of_another_task_format_or_executor_or_cut_off_are_a_reason_to_begin_anew) {
  journal("").did("one", 1, false, [] { return state(1); });
  const fs::path kept = folder_ / "1.safetensors";
  ASSERT_TRUE(fs::exists(kept));
  const auto why = [&](const fs::path& from, const std::string& executor = "executor 1") {
    const Checkpoints anew = journal(from.string(), executor);
    EXPECT_EQ(anew.first_step(), 0) << from;
    EXPECT_EQ(anew.kept("one"), nullptr) << from;
    return anew.why_anew();
  };
  EXPECT_THAT(why(kept, "executor 2"), HasSubstr("of another task or executor"));
  EXPECT_THAT(why(folder_ / "none"), HasSubstr("none"));
  const fs::path cut = folder_ / "cut";
  std::ofstream(cut, std::ios::binary) << bytes_of(kept).substr(0, 20);
  EXPECT_NE(why(cut), "");
  TensorFile of_tomorrow = read_tensor_file(kept).value();
  of_tomorrow.metadata["format"] = "pare checkpoint 9";
  ASSERT_TRUE(write_tensor_file(of_tomorrow, folder_ / "tomorrow"));
  EXPECT_THAT(why(folder_ / "tomorrow"), HasSubstr("pare checkpoint 9"));
  std::get<wire::PrepareParams>(task_.params).seed = 4;
  EXPECT_THAT(why(kept), HasSubstr("of another task"));
}

}  // namespace
}  // namespace pare::engine
