#include "engine/train/tasks/train_task.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/ops/all_ops.h"
#include "engine/train/run/supernet_run.h"
#include "engine/train/run/threads.h"
#include "engine/train/tasks/int8_plans.h"
#include "engine/train/tasks/opened.h"
#include "engine/train/tasks/photographs.h"
#include "engine/train/tasks/plans.h"
#include "engine/train/tasks/training_record.h"
#include "engine/train/tasks/tuned_plan.h"
#include "wire/plan_json.h"
#include "wire/sha256.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;
using Say = std::function<void(const std::string&)>;

constexpr std::size_t kMostImages = 1500;  // in memory (image_cache.h): 1.4 GB of 640 x 480
constexpr int kCostShare = 20;             // of the time goes into keeping states, at most
constexpr double kBytesASecond = 1e6;  // go over the network, and stay on the coordinator's disk
constexpr const char* kArtifact = "supernet.safetensors";

// In the folder that the worker watches: every state is a file of its own, said on stdout.
class TaskKeeper final : public StateKeeper {
 public:
  TaskKeeper(const std::optional<wire::CheckpointPlace>& place, const Say& say)
      : place_(place), say_(say), next_(Clock::now()) {
    if (place_) next_ += seconds(place_->every_seconds);
  }

  Result<std::optional<RunState>> kept(const std::string& run,
                                       std::vector<std::string>& notes) override {
    if (!place_ || place_->from.empty()) return std::optional<RunState>{};
    auto state = read_state(run, place_->from);
    if (state) return std::optional(std::move(state).value());
    notes.push_back("It began anew: " + state.error().message);
    say_(Json{{"progress", 0}, {"message", notes.back()}}.dump());
    return std::optional<RunState>{};
  }

  bool is_due() override { return place_ && Clock::now() >= next_; }

  // One that cannot be written is only one less: training goes on.
  Result<std::monostate> keep(const RunState& state, const std::string& run) override {
    const Clock::time_point begun = Clock::now();
    const std::string name = std::to_string(state.step) + ".safetensors";
    const fs::path path = fs::path(place_->folder) / name;
    const auto written = write_state(state, run, path);
    std::error_code failure;
    const auto bytes = written ? static_cast<double>(fs::file_size(path, failure)) : 0;
    if (written && !failure) say_(Json{{"checkpoint", name}, {"step", state.step}}.dump());
    next_ = Clock::now() +
            std::max({seconds(place_->every_seconds), kCostShare * (Clock::now() - begun),
                      seconds(bytes / kBytesASecond)});
    return std::monostate{};
  }

  // The artifact comes next.
  Result<std::monostate> keep_last(const RunState&, const std::string&) override {
    return std::monostate{};
  }

 private:
  static Clock::duration seconds(double count) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
  }

  std::optional<wire::CheckpointPlace> place_;
  Say say_;
  Clock::time_point next_;
};

std::string two_digits(double share) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.2f", share);
  return text.data();
}

// What a judged plan is called in a series: its share, and the arrangement of its int8.
std::string name_of(const PoolPlan& plan) {
  std::string name = two_digits(plan.share);
  if (!plan.quantization) return name;
  return name + " int8 " + std::string(wire::name_of(plan.quantization->placement)) + " " +
         std::to_string(plan.quantization->weight_bits);
}

// Lines for the worker: how far it is, and points of the series.
class Progress {
 public:
  Progress(const std::vector<PoolPlan>& judged, const Say& say) : judged_(judged), say_(say) {}

  void operator()(const RunProgress& p) const {
    Json numbers = Json::object();
    add(numbers, "closed_form/", p.closed_form);
    add(numbers, "held_out/", p.held_out);
    if (p.closed_form.empty() && std::isfinite(p.loss)) numbers["loss"] = p.loss;
    say_(Json{{"step", p.step}, {"numbers", numbers}}.dump());
    const double share =
        p.steps == 0 ? 0 : static_cast<double>(p.step) / static_cast<double>(p.steps);
    say_(Json{{"progress", std::min(share, 1.0)}, {"message", words(p)}}.dump());
  }

 private:
  static std::string words(const RunProgress& p) {
    std::string text = "step " + std::to_string(p.step);
    text += p.steps == 0 ? " (being timed)" : " of " + std::to_string(p.steps);
    if (p.closed_form.empty()) text += ", loss " + two_digits(p.loss);
    return text;
  }

  void add(Json& numbers, const std::string& name, const std::vector<double>& losses) const {
    for (std::size_t j = 0; j < losses.size(); ++j) {
      if (std::isfinite(losses[j])) numbers[name + name_of(judged_[j])] = losses[j];
    }
  }

  const std::vector<PoolPlan>& judged_;
  Say say_;
};

Result<fs::path> file_of(const wire::TaskDocument& task, const std::string& role) {
  const auto at = task.files.find(role);
  if (at != task.files.end()) return fs::path(at->second);
  return Error{ErrorCode::kInvalidArgument, "the task has no file '" + role + "'"};
}

std::string blob_of(const wire::TaskDocument& task, const std::string& role) {
  const auto at = task.blobs.find(role);
  return at == task.blobs.end() ? "" : at->second;
}

// What two runs with equal results have in common, beside what the run itself says.
std::string about(const wire::TaskDocument& task, const wire::TrainParams& params) {
  std::string text = training_library() + ", minutes " + std::to_string(params.minutes) +
                     ", steps " + std::to_string(params.steps.value_or(0));
  for (const char* role : {"model", "statistics", "dataset", "supernet"}) {
    const std::string sha256 = blob_of(task, role);
    if (!sha256.empty()) text += std::string(", ") + role + " " + sha256;
  }
  if (params.plan) text += ", plan " + wire::plan_sha256(trained_form(*params.plan));
  if (params.int8) text += ", int8";
  return text + told_apart(params.parts);
}

int threads_for(const wire::TaskDocument& task) {
  const bool goes_on = task.checkpoints && !task.checkpoints->from.empty();
  const int before = goes_on ? threads_of_state(task.checkpoints->from) : 0;
  return before > 0 ? before : static_cast<int>(task.cores.size());
}

// Statistics name the layers that they are of.
Result<std::monostate> check_statistics(const OpenedModel& model) {
  for (const Group& group : model.detector.groups.groups) {
    for (const std::size_t consumer : group.consumers) {
      const std::string& layer = model.detector.body.nodes[consumer].name;
      if (model.statistics.gram_of.contains(layer)) return std::monostate{};
    }
  }
  if (model.detector.groups.groups.empty()) return std::monostate{};
  return Error{ErrorCode::kInvalidArgument, "the statistics " + model.statistics_sha256 +
                                                " are of another model than " + model.model_sha256 +
                                                ": they know none of its layers"};
}

Result<std::optional<TrainingParent>> parent_of(const wire::TaskDocument& task,
                                                const TrainedCorrection& trained) {
  if (trained.went_on_from == 0) return std::optional<TrainingParent>{};
  auto sha256 = wire::sha256_file(task.checkpoints->from);
  if (!sha256) return sha256.error();
  return std::optional(TrainingParent{std::move(sha256).value(), trained.went_on_from});
}

class TrainTask {
 public:
  TrainTask(const wire::TaskDocument& task, const wire::TrainParams& params,
            const fs::path& scratch, Stopwatch& watch, const Say& say)
      : task_(task), params_(params), scratch_(scratch), watch_(watch), say_(say) {}

  Result<wire::TaskSuccess> run() {
    const Clock::time_point start = Clock::now();
    set_threads(threads_for(task_));
    const auto model = open();
    if (!model) return model.error();
    const Detector& detector = model.value().detector;
    const ElasticBody body{detector.body, detector.observed,        detector.groups,
                           detector.head, model.value().statistics, all_ops()};
    if (params_.plan) return tune(model.value(), body, start);
    if (params_.int8) return train_for_int8(model.value(), body, start);
    const auto plans = draw_plans({.most = kKnots.back(), .seed = params_.seed}, kKnots, detector,
                                  body, model.value().file, params_.parts);
    if (!plans) return plans.error();
    const auto photographs = look(detector);
    if (!photographs) return photographs.error();
    const RunOptions options = options_for(kKnots);
    const auto trained = train(body, plans.value(), photographs.value(), options, detector);
    if (!trained) return trained.error();
    return finish(trained.value().supernet,
                  training_of(trained.value(), options, plans.value(), photographs.value()),
                  trained.value(), start);
  }

 private:
  // One plan alone, against the original.
  Result<wire::TaskSuccess> tune(const OpenedModel& model, const ElasticBody& original,
                                 Clock::time_point start) {
    const auto from = inherited();
    if (!from) return from.error();
    const auto tuned = tuned_body(model, *params_.plan, from.value() ? &*from.value() : nullptr);
    if (!tuned) return tuned.error();
    const TunedBody& one = tuned.value();
    const Detector& detector = one.detector;
    const ElasticBody body{detector.body, detector.observed, detector.groups,
                           detector.head, one.statistics,    all_ops()};
    const auto photographs = look(model.detector);
    if (!photographs) return photographs.error();
    RunOptions options = options_for({one.share});
    options.original = &original;
    const auto trained = train(body, one.plans, photographs.value(), options, model.detector);
    if (!trained) return trained.error();
    auto whole = whole_change(one, trained.value().supernet);
    if (!whole) return whole.error();
    return finish(std::move(whole).value(),
                  training_of(trained.value(), options, one.plans, photographs.value()),
                  trained.value(), start);
  }

  // The super-network, for plans in int8.
  Result<wire::TaskSuccess> train_for_int8(const OpenedModel& model, const ElasticBody& body,
                                           Clock::time_point start) {
    const auto from = supernet();
    if (!from) return from.error();
    auto plans = draw_plans({.most = kKnots.back(), .seed = params_.seed}, kKnots, model.detector,
                            body, model.file);
    if (!plans) return plans.error();
    plans = in_int8(std::move(plans).value());
    const auto photographs = look(model.detector);
    if (!photographs) return photographs.error();
    const Int8Networks int8 = int8_networks(model.detector, model.file, &from.value());
    RunOptions options = options_for(kKnots);
    options.int8 = &int8;
    const auto trained = train(body, plans.value(), photographs.value(), options, model.detector);
    if (!trained) return trained.error();
    return finish(
        with_int8(&from.value(), trained.value().supernet),
        with_int8(&from.value(), trained.value(),
                  training_of(trained.value(), options, plans.value(), photographs.value())),
        trained.value(), start);
  }

  // The super-network that the plan begins with; nullopt: it begins with closed form.
  Result<std::optional<Supernet>> inherited() const {
    if (params_.plan->weights != Weights::kSupernet) return std::optional<Supernet>{};
    auto own = supernet();
    if (!own) return own.error();
    return std::optional(std::move(own).value());
  }

  Result<Supernet> supernet() const {
    const auto path = file_of(task_, "supernet");
    if (!path) return path.error();
    const auto file = read_tensor_file(path.value());
    if (!file) return file.error();
    auto supernet = load_supernet(file.value());
    if (!supernet) return supernet.error();
    const auto own = check_lineage(supernet.value(), blob_of(task_, "model"));
    if (!own) return own.error();
    return supernet;
  }

  RunOptions options_for(const std::vector<double>& knots) const {
    RunOptions options;
    options.knots = knots;
    options.steps = params_.steps.value_or(0);
    options.minutes = params_.minutes;
    options.seed = params_.seed;
    options.about = about(task_, params_);
    return options;
  }

  Result<OpenedModel> open() {
    const auto lap = watch_.lap(Phase::kOpen);
    const auto onnx = file_of(task_, "model"), statistics = file_of(task_, "statistics");
    if (!onnx) return onnx.error();
    if (!statistics) return statistics.error();
    const ModelCard& card = params_.card;
    auto model = open_model(onnx.value(), statistics.value(),
                            {card.head, card.preprocessing, card.height, card.width, card.classes,
                             card.scored, card.head_description});
    if (!model) return model.error();
    const auto own = check_statistics(model.value());
    if (!own) return own.error();
    return model;
  }

  static InputForm form_of(const Detector& detector) {
    return {detector.card.height, detector.card.width, detector.card.preprocessing};
  }

  Result<Photographs> look(const Detector& detector) {
    const auto lap = watch_.lap(Phase::kPreprocess);
    const auto dataset = file_of(task_, "dataset");
    if (!dataset) return dataset.error();
    return load_photographs(dataset.value() / "calibration", kMostImages, form_of(detector));
  }

  Result<TrainedCorrection> train(const ElasticBody& body, const Plans& plans,
                                  const Photographs& photographs, RunOptions options,
                                  const Detector& detector) {
    TaskKeeper keeper(task_.checkpoints, say_);
    options.keeper = &keeper;
    const RunImages images{photographs.trained_on, photographs.held_out, form_of(detector),
                           photographs.seen};
    return train_supernet(body, plans.orders, plans.pool, plans.judged, images, options,
                          Progress(plans.judged, say_));
  }

  Result<wire::TaskSuccess> finish(Supernet supernet, Training result,
                                   const TrainedCorrection& trained, Clock::time_point start) {
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    auto parent = parent_of(task_, trained);
    if (!parent) return parent.error();
    result.parent = std::move(parent).value();
    supernet = with_lineage(std::move(supernet), result, blob_of(task_, "model"),
                            blob_of(task_, "statistics"));
    if (params_.plan) supernet.lineage.plan = wire::plan_sha256(trained_form(*params_.plan));
    const auto written = write_tensor_file(to_tensor_file(supernet), scratch_ / kArtifact);
    if (!written) return written.error();
    return wire::TaskSuccess{std::move(result), {{"supernet", wire::LocalFile{kArtifact}}}};
  }

  const wire::TaskDocument& task_;
  const wire::TrainParams& params_;
  const fs::path& scratch_;
  Stopwatch& watch_;
  const Say& say_;
};

}  // namespace

Result<wire::TaskSuccess> run_train_task(const wire::TaskDocument& task, const fs::path& scratch,
                                         Stopwatch& watch, const Say& say) {
  const auto* params = std::get_if<wire::TrainParams>(&task.params);
  if (params != nullptr) return TrainTask(task, *params, scratch, watch, say).run();
  return Error{ErrorCode::kUnsupported, "pare-train carries out \"train\", not \"" +
                                            std::string(name_of(task.kind())) + "\""};
}

}  // namespace pare::engine
