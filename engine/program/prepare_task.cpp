#include <algorithm>
#include <iterator>

#include "engine/pipeline/candidate.h"
#include "engine/pipeline/group_sensitivity.h"
#include "engine/pipeline/int8_sensitivity.h"
#include "engine/pipeline/prepare.h"
#include "engine/program/checkpoints.h"
#include "engine/program/task_context.h"

namespace pare::engine {
namespace {

// Where each part of preparing ends, as a share of its time.
constexpr double kStatisticsEnd = 0.5;
constexpr double kGroupsEnd = 0.75;  // of the whole with int8, the end without

// The progress of a step that takes the whole's from `first` to `last`.
Progress part_of(const Progress& whole, double first, double last) {
  return [=](double share, const std::string& message) {
    whole(first + share * (last - first), message);
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
                                    Journal& journal, Guidance& guidance) {
  auto groups =
      group_sensitivity(detector, file, images.count, images.image, {}, progress, journal);
  if (!groups && !is_of_the_model(groups.error())) return groups.error();
  if (!groups) {
    guidance.notes.push_back("What narrowing each group costs could not be measured: " +
                             groups.error().message);
    return std::monostate{};
  }
  GroupGuidance of_groups = std::move(groups).value();
  guidance.groups = std::move(of_groups.groups);
  guidance.blocks = std::move(of_groups.blocks);
  guidance.kernels = std::move(of_groups.kernels);
  guidance.allocations = std::move(of_groups.allocations);
  return std::monostate{};
}

// What int8 costs each layer, at the smallest size there is.  Where not a single one can be
// lowered, there are no int8 plans, and the job goes on.
Result<std::monostate> guide_int8(const Detector& detector, const TensorFile& file,
                                  const CalibrationImages& images, std::pair<int, int> size,
                                  const Progress& progress, Journal& journal, Guidance& guidance) {
  auto layers = int8_sensitivity(detector, file, images.count, images.image,
                                 {.height = size.first, .width = size.second}, progress, journal);
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
                             bool rank_int8_layers, const Progress& progress, Journal& journal) {
  const double groups_end = rank_int8_layers ? kGroupsEnd : 1;
  Guidance guidance;
  auto done = guide_widths(detector, prepared.file, images,
                           part_of(progress, kStatisticsEnd, groups_end), journal, guidance);
  if (!done) return done.error();
  guidance.left_out = prepared.left_out;
  for (const TriedSize& size : prepared.left_out) {
    guidance.notes.push_back("Input " + std::to_string(size.height) + "x" +
                             std::to_string(size.width) + " is left out: " + size.why_not);
  }
  if (rank_int8_layers) {
    done = guide_int8(detector, prepared.file, images, smallest_of(options, prepared),
                      part_of(progress, groups_end, 1), journal, guidance);
    if (!done) return done.error();
    if (!guidance.why_no_int8.empty()) {
      guidance.notes.push_back("No int8 plans: " + guidance.why_no_int8);
    }
  }
  return guidance;
}

}  // namespace

TaskEnd run(const TaskContext& context, const wire::PrepareParams& params) {
  const auto [executor, scoring] = scoring_facts();
  Checkpoints journal(context.document, executor, context.say);
  if (!journal.why_anew().empty()) context.progress(0, "begins anew: " + journal.why_anew());
  if (journal.first_step() > 0) {
    context.progress(0, "goes on from step " + std::to_string(journal.first_step()));
  }
  const auto detector = context.detector(params.card);
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
                          part_of(context.progress, 0, kStatisticsEnd), journal);
  if (!prepared) return prepared.error();
  Prepared all = std::move(prepared).value();
  auto guidance = guidance_of(detector.value(), all, images, options,
                              options.int8 && params.rank_int8_layers, context.progress, journal);
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

}  // namespace pare::engine
