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
#include "engine/pipeline/group_sensitivity.h"
#include "engine/pipeline/int8_sensitivity.h"
#include "engine/pipeline/prepare.h"
#include "engine/pipeline/scoring.h"
#include "engine/pipeline/try_out.h"
#include "engine/program/task_context.h"
#include "wire/sha256.h"

namespace pare::engine {
namespace {

void print_progress(double share, const std::string& message) {
  std::printf("%s\n", nlohmann::json{{"progress", share}, {"message", message}}.dump().c_str());
  std::fflush(stdout);
}

PartialCard partial(const ModelCard& card) {
  return {card.head, card.preprocessing, card.height, card.width, card.classes, card.scored};
}

Result<Detector> open_model(const TaskContext& context, const PartialCard& card) {
  const auto lap = context.watch.lap(Phase::kOpen);
  const auto bytes = context.bytes("model");
  if (!bytes) return bytes.error();
  return open_detector(bytes.value(), card);
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

TaskEnd inspect_model(const TaskContext& context, const wire::InspectModelParams& params) {
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
  auto tried = try_out(detector.value());
  if (!tried) return tried.error();
  summary.tried = std::move(tried).value();
  return wire::TaskSuccess{std::move(summary), {}};
}

TaskEnd inspect_dataset(const TaskContext& context, const wire::InspectDatasetParams&) {
  const auto dataset = context.dataset();
  if (!dataset) return dataset.error();
  const auto odd = check_images(dataset.value());
  if (!odd) return odd.error();
  wire::DatasetSummary summary;
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

// Where each part of preparing ends, as a share of its time.
constexpr double kStatisticsEnd = 0.5;
constexpr double kGroupsEnd = 0.75;  // of the whole with int8, the end without

// The progress of a step that takes the whole's from `first` to `last`.
Progress part_of(const Progress& whole, double first, double last) {
  return [=](double share, const std::string& message) {
    whole(first + share * (last - first), message);
  };
}

// REQUIRES: both outlive the source.
ImageSource image_source(const std::vector<DatasetImage>& images, const ModelCard& card) {
  return [&](std::size_t i, int height, int width) -> Result<Tensor> {
    auto input = input_image(images[i], card, height, width);
    if (!input) return input.error();
    return std::move(input).value().tensor;
  };
}

// Of the resolutions that were prepared.
std::pair<int, int> smallest_of(const PrepareOptions& options, const Prepared& prepared) {
  std::pair<int, int> smallest{0, 0};
  for (const auto& size : options.resolutions) {
    const bool left_out = std::ranges::any_of(prepared.left_out, [&](const TriedSize& out) {
      return out.height == size.first && out.width == size.second;
    });
    if (!left_out && (smallest.first == 0 || size < smallest)) smallest = size;
  }
  return smallest;
}

// What narrowing costs.  A model that cannot be measured so is searched all the same.
Result<std::monostate> guide_widths(const Detector& detector, TensorFile& file,
                                    const CalibrationImages& images, const Progress& progress,
                                    Guidance& guidance) {
  auto groups = group_sensitivity(detector, file, images.count, images.image, {}, progress);
  if (!groups && !is_of_the_model(groups.error())) return groups.error();
  if (!groups) {
    guidance.notes.push_back("What narrowing each group costs could not be measured: " +
                             groups.error().message);
    return std::monostate{};
  }
  GroupGuidance of_groups = std::move(groups).value();
  guidance.groups = std::move(of_groups.groups);
  guidance.allocations = std::move(of_groups.allocations);
  return std::monostate{};
}

// What int8 costs each layer, at the smallest size there is.  Where not a single one can be
// lowered, there are no int8 plans, and the job goes on.
Result<std::monostate> guide_int8(const Detector& detector, const TensorFile& file,
                                  const CalibrationImages& images, std::pair<int, int> size,
                                  const Progress& progress, Guidance& guidance) {
  auto layers = int8_sensitivity(detector, file, images.count, images.image,
                                 {.height = size.first, .width = size.second}, progress);
  if (!layers && !is_of_the_model(layers.error())) return layers.error();
  if (!layers || layers.value().empty()) {
    guidance.why_no_int8 = layers ? "no layer can be int8" : layers.error().message;
    return std::monostate{};
  }
  guidance.int8_layers = std::move(layers).value();
  std::ranges::move(int8_notes(detector, file), std::back_inserter(guidance.notes));
  return std::monostate{};
}

// What the search is told, from images that `prepared` was gathered on.  Its file gets the measured
// order of the channels: whoever builds a plan needs it, whether or not there is a search.
Result<Guidance> guidance_of(const Detector& detector, Prepared& prepared,
                             const CalibrationImages& images, const PrepareOptions& options,
                             bool rank_int8_layers, const Progress& progress) {
  const double groups_end = rank_int8_layers ? kGroupsEnd : 1;
  Guidance guidance;
  auto done = guide_widths(detector, prepared.file, images,
                           part_of(progress, kStatisticsEnd, groups_end), guidance);
  if (!done) return done.error();
  guidance.left_out = prepared.left_out;
  for (const TriedSize& size : prepared.left_out) {
    guidance.notes.push_back("Input " + std::to_string(size.height) + "x" +
                             std::to_string(size.width) + " is left out: " + size.why_not);
  }
  if (rank_int8_layers) {
    done = guide_int8(detector, prepared.file, images, smallest_of(options, prepared),
                      part_of(progress, groups_end, 1), guidance);
    if (!done) return done.error();
    if (!guidance.why_no_int8.empty()) {
      guidance.notes.push_back("No int8 plans: " + guidance.why_no_int8);
    }
  }
  return guidance;
}

TaskEnd prepare_task(const TaskContext& context, const wire::PrepareParams& params) {
  const auto detector = open_model(context, partial(params.card));
  if (!detector) return detector.error();
  const auto calibration = context.calibration();
  if (!calibration) return calibration.error();
  const CalibrationImages images{calibration.value().size(),
                                 image_source(calibration.value(), params.card)};
  PrepareOptions options{.seed = params.seed};
  options.int8 = std::ranges::find(params.precisions, Precision::kInt8) != params.precisions.end();
  for (const wire::Size& size : params.resolutions) {
    options.resolutions.emplace_back(size.height, size.width);
  }
  auto prepared = prepare(detector.value(), images.count, images.image, options,
                          part_of(context.progress, 0, kStatisticsEnd));
  if (!prepared) return prepared.error();
  Prepared all = std::move(prepared).value();
  auto guidance = guidance_of(detector.value(), all, images, options,
                              options.int8 && params.rank_int8_layers, context.progress);
  if (!guidance) return guidance.error();
  auto artifact =
      context.artifact("statistics", "statistics.safetensors", encode_tensor_file(all.file));
  if (!artifact) return artifact.error();
  wire::PrepareResult result{
      .images = std::min(static_cast<int>(images.count), options.gram_images),
      .layers = static_cast<int>(detector.value().groups.groups.size()),
      .guidance = std::move(guidance).value()};
  return wire::TaskSuccess{std::move(result), {std::move(artifact).value()}};
}

TaskEnd build_task(const TaskContext& context, const wire::BuildParams& params) {
  const auto detector = open_model(context, partial(params.card));
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
  const auto candidate = context.watch.during(Phase::kBuild, [&] {
    return build_candidate(detector.value(), statistics.value(), params.plan, images);
  });
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

// One function a kind, chosen by the type of the parameters.
struct Dispatch {
  const TaskContext& context;
  TaskEnd operator()(const wire::InspectModelParams& p) { return inspect_model(context, p); }
  TaskEnd operator()(const wire::InspectDatasetParams& p) { return inspect_dataset(context, p); }
  TaskEnd operator()(const wire::PrepareParams& p) { return prepare_task(context, p); }
  TaskEnd operator()(const wire::BuildParams& p) { return build_task(context, p); }
  TaskEnd operator()(const wire::EvaluateParams& p) { return evaluate_task(context, p); }
  TaskEnd operator()(const wire::BenchmarkParams& p) { return benchmark_task(context, p); }
  TaskEnd operator()(const wire::CompareParams& p) { return compare_task(context, p); }
  TaskEnd operator()(const wire::CheckParams& p) { return check_task(context, p); }
};

}  // namespace

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

Result<std::unique_ptr<Runner>> TaskContext::runner(const CandidateFile& candidate,
                                                    const std::vector<std::string>& scored,
                                                    std::unique_ptr<Harness> harness,
                                                    const std::string& runtime, int threads) const {
  const auto lap = watch.lap(Phase::kLoad);
  if (harness == nullptr) return run_on_executor(candidate, scored, threads);
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
  const TaskContext context{task, scratch, print_progress, watch};
  return std::visit(Dispatch{context}, task.params);
}

}  // namespace pare::engine
