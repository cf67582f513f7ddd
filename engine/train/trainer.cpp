#include "engine/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <numeric>
#include <utility>

#include "engine/train/checkpoint.h"
#include "engine/train/detect/yolox_loss.h"
#include "engine/train/weight_average.h"

namespace pare::engine {
namespace {

constexpr double kLowestShare = 0.05;
constexpr double kMostGradient = 10.0;
constexpr std::int64_t kReportEvery = 20;

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
  Run(GraphModule module, const ZooDetector& detector, const TrainingSet& set,
      const TrainOptions& options)
      : module_(std::move(module)),
        set_(set),
        options_(options),
        average_(module_, options.average_decay),
        optimizer_(make_optimizer(module_, options)) {
    std::vector<int> strides;
    for (const HeadLevel& level : detector.levels) {
      strides.push_back(level.stride);
      wanted_.insert(wanted_.end(), level.tensors.begin(), level.tensors.end());
    }
    grid_ = make_anchor_grid(options.crop, strides);
    per_epoch_ = std::max<std::int64_t>(1, set.images.size(0) / options.batch);
    progress_.epochs = options.epochs;
    progress_.steps = per_epoch_ * options.epochs;
  }

  Result<Graph> go(const std::function<void(const TrainProgress&)>& report) {
    int epoch = 0;
    if (!options_.checkpoint.empty()) {
      const auto resumed = load_checkpoint(options_.checkpoint, module_, average_, optimizer_);
      if (!resumed) return resumed.error();
      epoch = resumed.value();
    }
    for (; epoch < options_.epochs; ++epoch) {
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
    for (std::int64_t i = 0; i < per_epoch_; ++i) {
      const auto from = order.begin() + i * options_.batch;
      const auto to =
          order.begin() +
          std::min<std::int64_t>((i + 1) * options_.batch, static_cast<std::int64_t>(order.size()));
      progress_.step = epoch * per_epoch_ + i + 1;
      if (const auto done = run_step(draw_batch(set_, {from, to}, options_.crop, random)); !done) {
        return done.error();
      }
      if (++unreported_ == kReportEvery || i + 1 == per_epoch_) tell(report);
    }
    return std::monostate{};
  }

  Result<std::monostate> run_step(const Batch& batch) {
    set_learning_rate();
    module_.set_training(true);
    auto made = module_.forward({batch.images.contiguous(at::MemoryFormat::ChannelsLast)}, wanted_);
    if (!made) return made.error();
    const std::vector<torch::Tensor> tensors = std::move(made).value();
    std::vector<HeadTensors> heads;
    for (std::size_t i = 0; i < tensors.size(); i += 3) {
      heads.push_back({tensors[i], tensors[i + 1], tensors[i + 2]});
    }
    const YoloxLoss loss = yolox_loss(grid_, heads, batch.objects);
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
    average_.update(module_);
    progress_.loss += total;
    progress_.box += loss.box;
    progress_.objectness += loss.objectness;
    progress_.classes += loss.classes;
    return std::monostate{};
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
  const TrainingSet& set_;
  const TrainOptions& options_;
  WeightAverage average_;
  torch::optim::AdamW optimizer_;
  AnchorGrid grid_;
  std::vector<std::string> wanted_;
  std::int64_t per_epoch_ = 0, unreported_ = 0;
  TrainProgress progress_;
};

}  // namespace

double schedule(std::int64_t step, std::int64_t steps, std::int64_t warmup) {
  if (step < warmup) return static_cast<double>(step) / static_cast<double>(warmup);
  const double done = static_cast<double>(step - warmup) /
                      static_cast<double>(std::max<std::int64_t>(1, steps - warmup));
  return kLowestShare +
         (1.0 - kLowestShare) * 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(done, 1.0)));
}

Result<Graph> train_detector(const ZooDetector& detector, const TrainingSet& set,
                             const TrainOptions& options,
                             const std::function<void(const TrainProgress&)>& report) {
  auto module = GraphModule::make(detector.graph);
  if (!module) return module.error();
  return Run(std::move(module).value(), detector, set, options).go(report);
}

}  // namespace pare::engine
