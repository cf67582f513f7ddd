#include "engine/train/detector_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/executor/observe.h"
#include "engine/heads/head.h"
#include "engine/onnx/onnx_io.h"
#include "engine/passes/passes.h"
#include "engine/passes/resize_input.h"
#include "engine/train/run/threads.h"
#include "engine/train/trainer.h"
#include "wire/summary_json.h"

namespace pare::engine {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::filesystem::path model, images, labels, out;
  double minutes = 0;
  int threads = 0;
  TrainOptions train;
};

// The detector as it was given, and what of it is trained: its body, at the size of what is cut out
// of the images.
struct Opened {
  Graph whole;
  HeadMatch match;
  ZooDetector trained;
  int size = 0;
};

void say(const Json& line) {
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

Result<Opened> open(const Arguments& given) {
  auto whole = import_onnx_file(given.model);
  if (!whole) return whole.error();
  Opened opened{.whole = std::move(whole).value(), .match = {}, .trained = {}, .size = 0};
  const auto observed = observe(opened.whole);
  if (!observed) return observed.error();
  auto match = find_head(opened.whole, observed.value());
  if (!match) return match.error();
  opened.match = std::move(match).value();
  const Shape& input = opened.whole.inputs[0].shape;
  if (input[2] != input[3]) {
    return Error{ErrorCode::kUnsupported, "the input is " + std::to_string(input[2]) + " x " +
                                              std::to_string(input[3]) + ", not a square"};
  }
  opened.size = static_cast<int>(input[2]);
  const int crop = given.train.crop == 0 ? opened.size : given.train.crop;
  const int stride = largest_stride(opened.match);
  if (crop % stride != 0 || crop > opened.size) {
    return Error{ErrorCode::kInvalidArgument,
                 "--crop " + std::to_string(crop) + ": must be a multiple of " +
                     std::to_string(stride) + ", at most " + std::to_string(opened.size)};
  }
  Graph body = cut(opened.whole, observed.value(), opened.match);
  if (crop != opened.size) {
    const auto seen = observe(body);
    if (!seen) return seen.error();
    auto smaller = resize_input(body, seen.value(), crop, crop);
    if (!smaller) return smaller.error();
    body = std::move(smaller).value();
  }
  opened.trained = {std::move(body), opened.match.levels, opened.match.head};
  return opened;
}

// What was learned, in the detector at its own size: shapes of another size are whole numbers.
Graph with_weights(Graph whole, const Graph& trained) {
  for (const auto& [name, tensor] : trained.constants) {
    const auto own = whole.constants.find(name);
    if (own != whole.constants.end() && tensor.dtype() == DType::kFloat32) own->second = tensor;
  }
  return whole;
}

Result<std::monostate> write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::path part = path;
  part += ".part";
  std::ofstream file(part, std::ios::binary);
  file << bytes;
  file.close();
  std::error_code failed;
  if (file) std::filesystem::rename(part, path, failed);
  if (file && !failed) return std::monostate{};
  return Error{ErrorCode::kResourceExhausted, "cannot write " + path.string()};
}

Result<std::monostate> write(const Arguments& given, const Opened& opened, const Graph& trained,
                             const std::vector<std::string>& classes) {
  const Graph whole = with_weights(opened.whole, trained);
  const auto observed = observe(whole);
  if (!observed) return observed.error();
  const auto put = write_file(given.out, export_onnx(deployed(whole, observed.value())));
  if (!put) return put;
  const PartialCard card{.head = opened.match.head,
                         .preprocessing = zoo_preprocessing(),
                         .height = opened.size,
                         .width = opened.size,
                         .classes = classes};
  std::filesystem::path beside = given.out;
  beside.replace_extension(".json");
  return write_file(beside, wire::card_to_json(card) + "\n");
}

Json of_progress(const TrainProgress& p, double seconds) {
  return {{"step", p.step},
          {"steps", p.steps},
          {"loss", p.loss},
          {"box", p.box},
          {"objectness", p.objectness},
          {"classes", p.classes},
          {"rate", p.learning_rate},
          {"seconds", seconds}};
}

Result<std::monostate> train(Arguments given) {
  set_threads(given.threads);
  const auto opened = open(given);
  if (!opened) return opened.error();
  const auto set = load_training_set(given.images, given.labels, opened.value().size);
  if (!set) return set.error();
  const auto classes = static_cast<int>(set.value().classes.size());
  if (classes != opened.value().match.classes) {
    return Error{ErrorCode::kInvalidArgument,
                 given.labels.string() + " has " + std::to_string(classes) +
                     " categories, and the detector tells " +
                     std::to_string(opened.value().match.classes) + " apart"};
  }
  TrainOptions& options = given.train;
  if (options.crop == 0) options.crop = opened.value().size;
  const ZooDetector& detector = opened.value().trained;
  if (given.minutes > 0) {
    const auto each = seconds_per_step(detector, set.value(), options);
    if (!each) return each.error();
    options.steps = std::max<std::int64_t>(1, std::llround(given.minutes * 60 / each.value()));
  }
  const auto start = std::chrono::steady_clock::now();
  const auto passed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  say({{"images", set.value().images.size(0)}, {"classes", set.value().classes}});
  const auto trained =
      train_detector(detector, set.value(), options,
                     [&](const TrainProgress& progress) { say(of_progress(progress, passed())); });
  if (!trained) return trained.error();
  return write(given, opened.value(), trained.value(), set.value().classes);
}

void add_options(CLI::App& app, Arguments& given) {
  TrainOptions& train = given.train;
  app.add_option("--model", given.model, "What `pare zoo build` made")->required();
  app.add_option("--images", given.images, "A folder")->required()->check(CLI::ExistingDirectory);
  app.add_option("--labels", given.labels, "COCO JSON; labels.json in that folder if not given");
  app.add_option("-o,--output", given.out, "The trained detector; its card goes beside it")
      ->required();
  auto* epochs = app.add_option("--epochs", train.epochs)->check(CLI::Range(1, 10000));
  auto* steps = app.add_option("--steps", train.steps, "Instead of epochs")
                    ->check(CLI::Range(std::int64_t{1}, std::int64_t{100000000}));
  auto* minutes = app.add_option("--minutes", given.minutes,
                                 "As many steps as fit, by the time that three take")
                      ->check(CLI::PositiveNumber);
  epochs->excludes(steps)->excludes(minutes);
  steps->excludes(minutes);
  app.add_option("--batch", train.batch)->check(CLI::Range(1, 512))->capture_default_str();
  app.add_option("--crop", train.crop, "Side of the pieces trained on; 0: whole images");
  app.add_flag_callback(
      "--any-way-up", [&train] { train.symmetry = Symmetry::kAnyWayUp; },
      "Images are turned, too: what is seen from above has no upside");
  app.add_option("--learning-rate", train.learning_rate)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--weight-decay", train.weight_decay)->check(CLI::NonNegativeNumber);
  app.add_option("--thinning", train.thinning,
                 "Draws factors of batch normalisation to 0: channels to prune; 0.1 is a lot")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--warmup-epochs", train.warmup_epochs)->check(CLI::NonNegativeNumber);
  app.add_option("--average-decay", train.average_decay)->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", train.seed);
  app.add_option("--checkpoint", train.checkpoint, "Saved after every epoch, resumed if there");
  app.add_option("--threads", given.threads, "0: one a core");
  app.add_option("--assign", train.loss.assign, "sim_ota or tal: which anchor learns which object")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Assigner>{
          {"sim_ota", Assigner::kSimOta}, {"tal", Assigner::kTaskAligned}}));
  app.add_option("--box-loss", train.loss.box, "giou or ciou")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, BoxLoss>{{"giou", BoxLoss::kGiou}, {"ciou", BoxLoss::kCiou}}));
  app.add_option("--score-loss", train.loss.score, "bce or quality_focal")
      ->transform(CLI::CheckedTransformer(std::map<std::string, ScoreLoss>{
          {"bce", ScoreLoss::kCrossEntropy}, {"quality_focal", ScoreLoss::kQualityFocal}}));
}

}  // namespace

int run_detector(int argc, char** argv) {
  Arguments given;
  given.train.crop = 0;  // whole images
  CLI::App app("Trains a detector on images with COCO labels.", "pare-train detector");
  add_options(app, given);
  CLI11_PARSE(app, argc, argv);
  if (given.labels.empty()) given.labels = given.images / "labels.json";
  const auto done = train(given);
  if (done) return 0;
  std::fprintf(stderr, "pare-train: %s\n", done.error().message.c_str());
  return 1;
}

}  // namespace pare::engine
