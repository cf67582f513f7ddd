#include "engine/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numbers>
#include <numeric>
#include <utility>

#include "engine/train/checkpoint.h"
#include "engine/train/weight_average.h"

namespace pare::engine {
namespace {

constexpr double kLowestShare = 0.05;
constexpr double kMostGradient = 10.0;
constexpr std::int64_t kReportEvery = 20;
constexpr int kTimedSteps = 3;

torch::optim::AdamW make_optimizer(const GraphModule& module, const TrainOptions& options) {
  std::vector<torch::Tensor> kernels, others;
  for (const TrainableParameter& p : module.parameters()) {
    (p.decays ? kernels : others).push_back(p.value);
  }
  const auto group = [&](const std::vector<torch::Tensor>& values, double decay) {
    return torch::optim::OptimizerParamGroup(
        values, std::make_unique<torch::optim::AdamWOptions>(
                    torch::optim::AdamWOptions(options.learning_rate).weight_decay(decay)));
  };
  return torch::optim::AdamW(
      std::vector<torch::optim::OptimizerParamGroup>{group(kernels, options.weight_decay),
                                                     group(others, 0)},
      torch::optim::AdamWOptions(options.learning_rate));
}

class Run {
 public:
  Run(GraphModule module, DetectionLossOf loss_of, const ZooDetector& detector,
      const TrainingSet& set, const TrainOptions& options)
      : module_(std::move(module)),
        loss_of_(std::move(loss_of)),
        set_(set),
        options_(options),
        average_(module_, options.average_decay),
        optimizer_(make_optimizer(module_, options)) {
    for (const HeadLevel& level : detector.levels) {
      wanted_.insert(wanted_.end(), level.tensors.begin(), level.tensors.end());
    }
    per_epoch_ = std::max<std::int64_t>(1, set.images.size(0) / options.batch);
    progress_.steps = options.steps > 0 ? options.steps : per_epoch_ * options.epochs;
    progress_.epochs = static_cast<int>((progress_.steps + per_epoch_ - 1) / per_epoch_);
  }

  // Nothing is changed but running statistics.
  Result<double> seconds_per_step() {
    std::vector<std::int64_t> first(
        static_cast<std::size_t>(std::min<std::int64_t>(options_.batch, set_.images.size(0))));
    std::iota(first.begin(), first.end(), 0);
    std::mt19937_64 random(options_.seed);
    std::chrono::steady_clock::time_point start;
    for (int i = 0; i <= kTimedSteps; ++i) {
      if (i == 1) start = std::chrono::steady_clock::now();  // the first one warms up
      const auto loss = loss_on(draw_batch(set_, first, options_.crop, options_.symmetry, random));
      if (!loss) return loss.error();
      loss.value().total.backward();
    }
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    return passed.count() / kTimedSteps;
  }

  Result<Graph> go(const std::function<void(const TrainProgress&)>& report) {
    int epoch = 0;
    if (!options_.checkpoint.empty()) {
      const auto resumed = load_checkpoint(options_.checkpoint, module_, average_, optimizer_);
      if (!resumed) return resumed.error();
      epoch = resumed.value();
    }
    for (; epoch < progress_.epochs; ++epoch) {
      if (const auto done = run_epoch(epoch, report); !done) return done.error();
      if (!options_.checkpoint.empty()) {
        save_checkpoint(options_.checkpoint, epoch + 1, module_, average_, optimizer_);
      }
    }
    return average_.apply_to(module_.to_graph());
  }

 private:
  Result<std::monostate> run_epoch(int epoch,
                                   const std::function<void(const TrainProgress&)>& report) {
    // Keyed by the epoch, so that a resumed run draws what an uninterrupted one would have.
    std::mt19937_64 random(options_.seed * 1000003U + static_cast<std::uint64_t>(epoch));
    std::vector<std::int64_t> order(static_cast<std::size_t>(set_.images.size(0)));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    progress_.epoch = epoch + 1;
    const std::int64_t steps = std::min(per_epoch_, progress_.steps - epoch * per_epoch_);
    for (std::int64_t i = 0; i < steps; ++i) {
      const auto from = order.begin() + i * options_.batch;
      const auto to =
          order.begin() +
          std::min<std::int64_t>((i + 1) * options_.batch, static_cast<std::int64_t>(order.size()));
      progress_.step = epoch * per_epoch_ + i + 1;
      if (const auto done =
              run_step(draw_batch(set_, {from, to}, options_.crop, options_.symmetry, random));
          !done) {
        return done.error();
      }
      if (++unreported_ == kReportEvery || i + 1 == steps) tell(report);
    }
    return std::monostate{};
  }

  Result<std::monostate> run_step(const Batch& batch) {
    set_learning_rate();
    auto made = loss_on(batch);
    if (!made) return made.error();
    const DetectionLoss loss = std::move(made).value();
    const double total = loss.total.item<double>();
    if (!std::isfinite(total)) {
      return Error{ErrorCode::kInvalidArgument,
                   "step " + std::to_string(progress_.step) +
                       ": the loss is not finite; a smaller learning rate may help"};
    }
    optimizer_.zero_grad();
    loss.total.backward();
    std::vector<torch::Tensor> values;
    for (const TrainableParameter& p : module_.parameters()) values.push_back(p.value);
    torch::nn::utils::clip_grad_norm_(values, kMostGradient);
    optimizer_.step();
    thin();
    average_.update(module_);
    progress_.loss += total;
    progress_.box += loss.box;
    progress_.objectness += loss.objectness;
    progress_.classes += loss.classes;
    return std::monostate{};
  }

  // A factor comes nearer to 0 and does not pass it.
  void thin() {
    if (options_.thinning == 0) return;
    const torch::NoGradGuard no_grad;
    const double step = progress_.learning_rate * options_.thinning;
    for (const TrainableParameter& p : module_.parameters()) {
      if (p.scales) p.value.copy_(torch::softshrink(p.value, step));
    }
  }

  Result<DetectionLoss> loss_on(const Batch& batch) {
    module_.set_training(true);
    const auto made =
        module_.forward({batch.images.contiguous(at::MemoryFormat::ChannelsLast)}, wanted_);
    if (!made) return made.error();
    return loss_of_(made.value(), batch.objects);
  }

  void set_learning_rate() {
    const auto warmup =
        static_cast<std::int64_t>(options_.warmup_epochs * static_cast<double>(per_epoch_));
    progress_.learning_rate =
        options_.learning_rate * schedule(progress_.step, progress_.steps, warmup);
    for (auto& group : optimizer_.param_groups()) {
      group.options().set_lr(progress_.learning_rate);
    }
  }

  void tell(const std::function<void(const TrainProgress&)>& report) {
    TrainProgress mean = progress_;
    for (double TrainProgress::*field : {&TrainProgress::loss, &TrainProgress::box,
                                         &TrainProgress::objectness, &TrainProgress::classes}) {
      mean.*field /= static_cast<double>(unreported_);
      progress_.*field = 0;
    }
    unreported_ = 0;
    report(mean);
  }

  GraphModule module_;
  DetectionLossOf loss_of_;
  const TrainingSet& set_;
  const TrainOptions& options_;
  WeightAverage average_;
  torch::optim::AdamW optimizer_;
  std::vector<std::string> wanted_;
  std::int64_t per_epoch_ = 0, unreported_ = 0;
  TrainProgress progress_;
};

Result<std::unique_ptr<Run>> make_run(const ZooDetector& detector, const TrainingSet& set,
                                      const TrainOptions& options) {
  auto module = GraphModule::make(detector.graph);
  if (!module) return module.error();
  std::vector<int> strides;
  for (const HeadLevel& level : detector.levels) strides.push_back(level.stride);
  auto loss_of = detection_loss_of(detector.head, strides, options.crop, options.loss);
  if (!loss_of) return loss_of.error();
  return std::make_unique<Run>(std::move(module).value(), std::move(loss_of).value(), detector, set,
                               options);
}

}  // namespace

double schedule(std::int64_t step, std::int64_t steps, std::int64_t warmup) {
  if (step < warmup) return static_cast<double>(step) / static_cast<double>(warmup);
  const double done = static_cast<double>(step - warmup) /
                      static_cast<double>(std::max<std::int64_t>(1, steps - warmup));
  return kLowestShare +
         (1.0 - kLowestShare) * 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(done, 1.0)));
}

Result<double> seconds_per_step(const ZooDetector& detector, const TrainingSet& set,
                                const TrainOptions& options) {
  auto run = make_run(detector, set, options);
  if (!run) return run.error();
  return run.value()->seconds_per_step();
}

Result<Graph> train_detector(const ZooDetector& detector, const TrainingSet& set,
                             const TrainOptions& options,
                             const std::function<void(const TrainProgress&)>& report) {
  auto run = make_run(detector, set, options);
  if (!run) return run.error();
  return run.value()->go(report);
}

}  // namespace pare::engine
