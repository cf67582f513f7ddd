#include "engine/program/tasks.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/pipeline/candidate.h"
#include "engine/pipeline/detector.h"
#include "engine/pipeline/faithful.h"
#include "engine/pipeline/float_runner.h"
#include "engine/pipeline/preprocessing_trial.h"
#include "engine/pipeline/scoring.h"
#include "engine/pipeline/supernet_candidate.h"
#include "engine/pipeline/try_out.h"
#include "engine/program/task_context.h"
#include "wire/plan_json.h"
#include "wire/sha256.h"

namespace pare::engine {
namespace {

void print_line(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void print_progress(double share, const std::string& message) {
  print_line(nlohmann::json{{"progress", share}, {"message", message}}.dump());
}

// On ONNX Runtime where the executor cannot and this worker serves it.
Result<std::vector<std::string>> compared_with_upload(const TaskContext& context,
                                                      const Detector& detector,
                                                      std::span<const std::byte> onnx) {
  constexpr const char* kOther = "onnxruntime";
  const auto path = context.file("model");
  if (!path) return path.error();
  std::optional<OtherRuntime> other;
  if (context.document.runtimes.contains(kOther)) {
    auto harness = context.harness(kOther, "uploaded");
    if (!harness) return harness.error();
    other = OtherRuntime{std::move(harness).value(), path.value()};
  }
  return check_faithful(detector, onnx, other);
}

// The super-network that comes with the task, or the plan's own weights, if they were made of the
// same model.
Result<Supernet> supernet_of(const TaskContext& context, const Plan& plan) {
  const auto path = context.file("supernet");
  if (!path) return path.error();
  const auto file =
      context.watch.during(Phase::kOpen, [&] { return read_tensor_file(path.value()); });
  if (!file) return file.error();
  auto supernet = load_supernet(file.value());
  if (!supernet) return supernet.error();
  const auto own =
      check_lineage(supernet.value(), context.document.blobs.at("model"),
                    plan.weights == Weights::kTuned ? wire::plan_sha256(trained_form(plan)) : "");
  if (!own) return own.error();
  return supernet;
}

// What the plan asks for.  Fails as build_candidate() and build_from_supernet().
Result<Candidate> candidate_of(const TaskContext& context, const Plan& plan,
                               const Detector& detector, const TensorFile& statistics,
                               const CalibrationImages& images) {
  if (plan.weights == Weights::kOriginal) {
    return context.watch.during(
        Phase::kBuild, [&] { return build_candidate(detector, statistics, plan, images); });
  }
  const auto supernet = supernet_of(context, plan);
  if (!supernet) return supernet.error();
  return context.watch.during(Phase::kBuild, [&] {
    return build_from_supernet(detector, supernet.value(), statistics, plan);
  });
}

// What trying it on labelled images says; a trial that cannot be made is a sentence, too.
Result<PreprocessingTrial> tried_on_labels(const TaskContext& context, const Detector& detector) {
  const auto path = context.file("dataset");
  if (!path) return path.error();
  const auto dataset = read_validation(path.value());
  if (!dataset) return dataset.error();
  auto trial = try_preprocessings(detector, dataset.value(), context.progress);
  if (trial) return trial;
  PreprocessingTrial none;
  none.findings = {"Not tried on the labelled images: " + trial.error().message + "."};
  return none;
}

}  // namespace

TaskEnd run(const TaskContext& context, const wire::InspectModelParams& params) {
  const auto bytes = context.bytes("model");
  if (!bytes) return bytes.error();
  const auto detector = open_detector(bytes.value(), params.card.value_or(PartialCard{}));
  if (!detector) return detector.error();
  auto summarized = summarize(detector.value(), bytes.value());
  if (!summarized) return summarized.error();
  const auto path = context.file("model");
  if (!path) return path.error();
  const auto compared = compared_with_upload(context, detector.value(), bytes.value());
  if (!compared) return compared.error();
  auto sha256 = wire::sha256_file(path.value());
  if (!sha256) return sha256.error();
  ModelSummary summary = std::move(summarized).value();
  summary.sha256 = std::move(sha256).value();
  summary.notes.insert(summary.notes.end(), compared.value().begin(), compared.value().end());
  if (params.trial) {
    auto trial = tried_on_labels(context, detector.value());
    if (!trial) return trial.error();
    std::ranges::copy(trial.value().findings, std::back_inserter(summary.notes));
    std::ranges::copy(trial.value().alarms, std::back_inserter(summary.notes));
    summary.preprocessing_trial = std::move(trial).value();
  }
  auto tried = try_out(detector.value());
  if (!tried) return tried.error();
  summary.tried = std::move(tried).value();
  return wire::TaskSuccess{std::move(summary), {}};
}

TaskEnd run(const TaskContext& context, const wire::InspectDatasetParams&) {
  const auto dataset = context.dataset();
  if (!dataset) return dataset.error();
  const auto odd = check_images(dataset.value());
  if (!odd) return odd.error();
  DatasetCounts summary;
  summary.calibration_images = static_cast<int>(dataset.value().calibration.size());
  summary.validation_images = static_cast<int>(dataset.value().validation.size());
  summary.labelled = dataset.value().labelled;
  summary.class_boxes.assign(dataset.value().categories.size(), 0);
  for (const ImageGroundTruth& image : dataset.value().ground_truth) {
    summary.boxes += static_cast<int>(image.boxes.size());
    for (const GroundTruthBox& box : image.boxes) {
      ++summary.class_boxes[static_cast<std::size_t>(box.category)];
    }
  }
  summary.notes = dataset.value().notes;
  std::ranges::copy(odd.value(), std::back_inserter(summary.notes));
  for (const Category& category : dataset.value().categories) {
    summary.classes.push_back(category.name);
  }
  return wire::TaskSuccess{std::move(summary), {}};
}

TaskEnd run(const TaskContext& context, const wire::BuildParams& params) {
  const auto detector = context.detector(params.card);
  if (!detector) return detector.error();
  const auto path = context.file("statistics");
  if (!path) return path.error();
  const auto statistics =
      context.watch.during(Phase::kOpen, [&] { return read_tensor_file(path.value()); });
  if (!statistics) return statistics.error();
  std::vector<DatasetImage> calibration;
  CalibrationImages images;
  if (params.plan.reconstruction == Reconstruction::kSequential) {
    auto read = context.calibration();
    if (!read) return read.error();
    calibration = std::move(read).value();
    images = {calibration.size(), image_source(calibration, params.card)};
  }
  const auto candidate =
      candidate_of(context, params.plan, detector.value(), statistics.value(), images);
  if (!candidate) return candidate.error();
  auto artifact = context.artifact("candidate", "candidate.onnx", candidate.value().onnx);
  if (!artifact) return artifact.error();
  wire::BuildResult result{.macs = candidate.value().cost.macs,
                           .parameters = candidate.value().cost.parameters,
                           .bytes = static_cast<std::int64_t>(candidate.value().onnx.size()),
                           .widths = {}};
  for (const auto& [group, width] : candidate.value().widths) {
    result.widths[group] = {width.first, width.second};
  }
  return wire::TaskSuccess{std::move(result), {std::move(artifact).value()}};
}

TaskEnd run(const TaskContext&, const wire::TrainParams&) {
  return Error{ErrorCode::kUnsupported, "pare-engine does not train: pare-train does"};
}

ImageSource image_source(const std::vector<DatasetImage>& images, const ModelCard& card) {
  return [&](std::size_t i, int height, int width) -> Result<Tensor> {
    auto input = input_image(images[i], card, height, width);
    if (!input) return input.error();
    return std::move(input).value().tensor;
  };
}

Result<Detector> TaskContext::detector(const ModelCard& card) const {
  const auto lap = watch.lap(Phase::kOpen);
  const auto model = bytes("model");
  if (!model) return model.error();
  return open_detector(model.value(), {card.head, card.preprocessing, card.height, card.width,
                                       card.classes, card.scored, card.head_description});
}

Result<std::filesystem::path> TaskContext::file(const std::string& role) const {
  const auto found = document.files.find(role);
  if (found == document.files.end()) {
    return Error{ErrorCode::kInvalidArgument, "the task has no file '" + role + "'"};
  }
  return std::filesystem::path(found->second);
}

Result<std::vector<std::byte>> TaskContext::bytes(const std::string& role) const {
  const auto path = file(role);
  if (!path) return path.error();
  std::ifstream in(path.value(), std::ios::binary | std::ios::ate);
  const std::streamoff size = in ? static_cast<std::streamoff>(in.tellg()) : -1;
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::max<std::streamoff>(size, 0)));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in) return Error{ErrorCode::kNotFound, "cannot read " + path.value().string()};
  return bytes;
}

Result<Dataset> TaskContext::dataset() const {
  const auto path = file("dataset");
  if (!path) return path.error();
  const auto lap = watch.lap(Phase::kOpen);
  return read_dataset(path.value());
}

Result<std::vector<DatasetImage>> TaskContext::calibration() const {
  const auto path = file("dataset");
  if (!path) return path.error();
  const auto lap = watch.lap(Phase::kOpen);
  return read_calibration(path.value());
}

Result<HarnessOptions> TaskContext::harness(const std::string& runtime,
                                            const std::string& folder) const {
  const auto command = document.runtimes.find(runtime);
  if (command == document.runtimes.end()) {
    return Error{ErrorCode::kNotFound, "this worker does not serve the runtime '" + runtime + "'"};
  }
  HarnessOptions options;
  options.name = runtime;
  options.command = command->second;
  options.scratch = scratch / folder;
  options.cores = document.cores;
  std::error_code failed;
  std::filesystem::create_directories(options.scratch, failed);
  if (failed) {
    return Error{ErrorCode::kUnavailable, "cannot make the folder " + options.scratch.string()};
  }
  return options;
}

Result<CandidateFile> TaskContext::candidate(const std::string& role) const {
  const auto path = file(role);
  if (!path) return path.error();
  const auto lap = watch.lap(Phase::kOpen);
  return open_candidate(path.value());
}

Result<std::vector<Tensor>> TaskContext::calibration_inputs(const Dataset& dataset,
                                                            const ModelCard& card,
                                                            const CandidateFile& candidate,
                                                            int count) const {
  const auto lap = watch.lap(Phase::kPreprocess);
  std::vector<Tensor> inputs;
  for (const DatasetImage& image : dataset.calibration) {
    if (static_cast<int>(inputs.size()) == count) break;
    auto input = input_image(image, card, candidate.height, candidate.width);
    if (!input) return input.error();
    inputs.push_back(as_input_of(candidate.graph, input.value().tensor));
  }
  return inputs;
}

Result<std::unique_ptr<Harness>> TaskContext::spawned(const std::string& runtime) const {
  auto options = harness(runtime, "harness");
  if (!options) return options.error();
  const auto lap = watch.lap(Phase::kLoad);
  return Harness::spawn(std::move(options).value());
}

std::filesystem::path TaskContext::kept(const std::string& runtime, int threads) const {
  const auto candidate = document.blobs.find("candidate");
  if (document.kept.empty() || candidate == document.blobs.end()) return {};
  return std::filesystem::path(document.kept) /
         (candidate->second + "-" + runtime + "-" + std::to_string(threads));
}

std::filesystem::path TaskContext::canary_file(const std::string& runtime, int threads) const {
  if (document.kept.empty()) return {};
  return std::filesystem::path(document.kept) /
         ("canary-" + runtime + "-" + std::to_string(threads));
}

Result<std::unique_ptr<Runner>> TaskContext::runner(const CandidateFile& candidate,
                                                    const std::vector<std::string>& scored,
                                                    std::unique_ptr<Harness> harness,
                                                    const std::string& runtime, int threads) const {
  const auto lap = watch.lap(Phase::kLoad);
  if (harness == nullptr) return run_on_executor(candidate, scored, threads, document.kept);
  return run_on_harness(candidate, scored, std::move(harness), threads, kept(runtime, threads));
}

Result<std::pair<std::string, wire::Artifact>> TaskContext::artifact(
    const std::string& role, const std::string& file_name, std::string_view content) const {
  std::ofstream out(scratch / file_name, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) return Error{ErrorCode::kUnavailable, "cannot write the artifact " + file_name};
  return std::pair<std::string, wire::Artifact>(role, wire::LocalFile{file_name});
}

Result<wire::TaskSuccess> run_task(const wire::TaskDocument& task,
                                   const std::filesystem::path& scratch, Stopwatch& watch) {
  const TaskContext context{task, scratch, print_progress, watch, print_line};
  return std::visit([&](const auto& params) { return run(context, params); }, task.params);
}

}  // namespace pare::engine
