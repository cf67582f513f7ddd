// Accuracy without labels and without a known head, from the file to the figure, through the tasks
// that a worker runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "core/check.h"
#include "engine/pipeline/agreement.h"
#include "engine/program/accuracy_tasks.h"
#include "engine/program/tasks.h"
#include "tests/support/real_models.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A service in one folder: a dataset of few images without labels, a model, and what its tasks
// made.
class Workplace {
 public:
  Workplace(const char* model, int validation, const std::string& head) {
    std::string name = (fs::temp_directory_path() / "pare-accuracy-XXXXXX").string();
    PARE_CHECK(::mkdtemp(name.data()) != nullptr, "a temporary folder");
    folder_ = name;
    files_["model"] = std::string(PARE_REAL_DATA "/models/") + model;
    files_["dataset"] = (folder_ / "dataset").string();
    copy("coco/calibration", "calibration", 6);
    copy("coco/val", "validation", validation);
    PartialCard card;
    card.head = head;
    const auto done = run(wire::InspectModelParams{card});
    PARE_CHECK(done.has_value(), done.error().message);
    summary_ = std::get<ModelSummary>(done.value().result);
  }
  ~Workplace() { fs::remove_all(folder_); }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  const ModelSummary& summary() const { return summary_; }

  // Artifacts are the files of the tasks to come, by role.
  Result<wire::TaskSuccess> run(wire::TaskParams params) {
    wire::TaskDocument task;
    task.params = std::move(params);
    task.files = files_;
    const fs::path scratch = folder_ / std::to_string(tasks_++);
    fs::create_directory(scratch);
    Stopwatch watch;
    auto done = run_task(task, scratch, watch);
    if (!done) return done;
    for (const auto& [role, artifact] : done.value().artifacts) {
      files_[role] = (scratch / std::get<wire::LocalFile>(artifact).path).string();
    }
    return done;
  }

  wire::Size own_size() const { return {summary_.card.height, summary_.card.width}; }

  void prepare(std::vector<Precision> precisions) {
    const auto done =
        run(wire::PrepareParams{summary_.card, {own_size()}, std::move(precisions), 1});
    PARE_CHECK(done.has_value(), done.error().message);
  }

  Plan original() const {
    Plan plan;
    plan.height = summary_.card.height;
    plan.width = summary_.card.width;
    return plan;
  }

  // Every group as narrow as a half.
  Plan narrow() const {
    Plan plan = original();
    for (const ChannelGroup& group : summary_.groups) {
      const auto half = std::ranges::find_if(
          group.widths, [&](int width) { return 2 * width >= group.channels; });
      if (*half < group.channels) plan.widths[group.name] = *half;
    }
    return plan;
  }

  Result<Accuracy> accuracy_of(const Plan& plan, bool teacher = true) {
    const auto built = run(wire::BuildParams{summary_.card, plan});
    if (!built) return built.error();
    wire::EvaluateParams params;
    params.card = summary_.card;
    if (teacher) params.teacher = own_size();
    const auto done = run(params);
    if (!done) return done.error();
    return std::get<Accuracy>(done.value().result);
  }

  // The accuracy of the last candidate against that of an earlier one.
  Result<StoredComparison> compare(const std::string& detections_a, bool teacher) {
    files_["detections_a"] = detections_a;
    files_["detections_b"] = files_.at("detections");
    wire::TaskDocument task;
    task.files = files_;
    const fs::path scratch = folder_;
    Stopwatch watch;
    const TaskContext context{task, scratch, [](double, const std::string&) {}, watch,
                              [](const std::string&) {}};
    wire::CompareParams params;
    params.card = summary_.card;
    params.teacher = teacher;
    const auto dataset = context.dataset();
    PARE_CHECK(dataset.has_value(), dataset.error().message);
    return compare_stored(context, params, dataset.value());
  }

  const std::string& file(const std::string& role) const { return files_.at(role); }

 private:
  void copy(const char* from, const char* to, int count) {
    std::vector<fs::path> images;
    for (const auto& file : fs::directory_iterator(fs::path(PARE_REAL_DATA) / from)) {
      images.push_back(file.path());
    }
    std::ranges::sort(images);
    fs::create_directories(folder_ / "dataset" / to);
    for (int i = 0; i < count; ++i) {
      const fs::path& image = images.at(static_cast<std::size_t>(i));
      fs::create_symlink(image, folder_ / "dataset" / to / image.filename());
    }
  }

  fs::path folder_;
  std::map<std::string, std::string> files_;
  ModelSummary summary_;
  int tasks_ = 0;
};

// One for all tests of a model: preparing takes most of their time.
Workplace& prepared(const char* model, int validation, const std::vector<Precision>& precisions,
                    const std::string& head = "") {
  static std::map<std::string, std::unique_ptr<Workplace>> all;
  std::unique_ptr<Workplace>& work = all[model];
  if (!work) {
    work = std::make_unique<Workplace>(model, validation, head);
    work->prepare(precisions);
  }
  return *work;
}

Workplace& fastestdet() {
  return prepared("fastestdet_352.onnx", 16, {Precision::kFp32});
}

// Its card says that nobody is to read boxes from it.
Workplace& headless(const char* model) {
  return prepared(model, 4, {Precision::kFp32, Precision::kInt8}, std::string(kRawHead));
}

double value(const Result<Accuracy>& result) {
  PARE_CHECK(result.has_value(), result.error().message);
  return result.value().map_50_95;
}

TEST(TeacherMap, is_one_for_the_original_and_less_for_a_candidate_that_lost_half_its_channels) {
  Workplace& work = fastestdet();
  const auto original = work.accuracy_of(work.original());
  EXPECT_NEAR(value(original), 1, 1e-9);
  EXPECT_EQ(original.value().labels, LabelSource::kTeacher);
  EXPECT_EQ(original.value().images, 16);
  EXPECT_NEAR(original.value().coco[0], 1, 1e-9);
  const std::string kept = work.file("detections");

  const auto narrow = work.accuracy_of(work.narrow());
  EXPECT_LT(value(narrow), 0.9);
  EXPECT_GE(value(narrow), 0);

  const auto compared = work.compare(kept, true);
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_EQ(compared.value().accuracy.labels, LabelSource::kTeacher);
  EXPECT_NEAR(compared.value().accuracy.delta, value(narrow) - 1, 1e-9);
  EXPECT_EQ(compared.value().accuracy.verdict, AccuracyVerdict::kWorse);
}

TEST(TeacherMap, at_another_size_the_original_still_looks_at_its_own) {
  Workplace& work = fastestdet();
  Plan smaller = work.original();
  smaller.height = smaller.width = 320;
  const auto accuracy = work.accuracy_of(smaller);
  EXPECT_GT(value(accuracy), 0.3);
  EXPECT_LT(value(accuracy), 0.99);
}

TEST(TeacherMap, is_what_an_unlabelled_dataset_needs_and_without_a_teacher_it_is_refused) {
  Workplace& work = fastestdet();
  const auto refused = work.accuracy_of(work.original(), false);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("the dataset has no labels to score against"));
}

class Headless : public testing::TestWithParam<const char*> {};

TEST_P(Headless, the_summary_says_raw_and_that_the_size_is_fixed) {
  const Workplace& work = headless(GetParam());
  EXPECT_EQ(work.summary().card.head, kRawHead);
  EXPECT_EQ(work.summary().stride, 0);
  EXPECT_GT(work.summary().groups.size(), 5U);
}

TEST_P(Headless, agreement_is_one_for_the_original_and_falls_with_pruning_and_int8) {
  Workplace& work = headless(GetParam());
  const auto original = work.accuracy_of(work.original());
  EXPECT_NEAR(value(original), 1, 1e-5);
  EXPECT_EQ(original.value().labels, LabelSource::kRawOutputs);
  EXPECT_EQ(original.value().images, 4);
  EXPECT_EQ(original.value().coco[0], -1);
  EXPECT_GE(original.value().per_class.size(), 2U) << "one for each output";
  const std::string kept = work.file("detections");

  Plan int8 = work.original();
  int8.quantization = QuantizationPlan{};
  const double quantized = value(work.accuracy_of(int8));
  const auto compared = work.compare(kept, true);
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_EQ(compared.value().accuracy.labels, LabelSource::kRawOutputs);
  EXPECT_EQ(compared.value().accuracy.images, 4);
  EXPECT_NEAR(compared.value().accuracy.delta, quantized - value(original), 1e-9);
  EXPECT_GT(quantized, 0.3);
  EXPECT_LT(quantized, 0.9999);

  const double narrow = value(work.accuracy_of(work.narrow()));
  EXPECT_GT(narrow, 0);
  EXPECT_LT(narrow, 0.999);
  std::printf("agreement: int8 %.4f, half the channels %.4f\n", quantized, narrow);
}

TEST_P(Headless, another_size_is_refused_with_the_reason) {
  Workplace& work = headless(GetParam());
  Plan smaller = work.original();
  smaller.height /= 2;
  const auto refused = work.accuracy_of(smaller);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("it keeps its own size"));
}

INSTANTIATE_TEST_SUITE_P(Real, Headless,
                         testing::Values("yunet_n_640.onnx", "ultraface_rfb_320.onnx"),
                         test::name_of_param);

}  // namespace
}  // namespace pare::engine
