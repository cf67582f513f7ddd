#include "engine/train/run/supernet_run.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "engine/train/elastic/networks.h"
#include "engine/train/run/judge.h"
#include "engine/train/run/step_budget.h"

namespace pare::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kReportEvery = 10;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What a state that was kept must agree with.
std::string text_of(const RunOptions& o, const std::vector<SubNetwork>& pool) {
  std::string text = o.about + ", seed " + std::to_string(o.seed) + ", batch " +
                     std::to_string(o.batch) + ", rate " + std::to_string(o.optimizer.rate) +
                     ", decay " + std::to_string(o.optimizer.weight_decay) + ", looks " +
                     std::to_string(o.looks) + ", threads " +
                     std::to_string(at::get_num_threads()) + ", knots";
  for (const double knot : o.knots) text += " " + std::to_string(knot);
  text += ", plans";
  for (const SubNetwork& plan : pool) text += " " + std::to_string(plan.share());
  if (o.int8 != nullptr) text += ", in int8";
  return text;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

class Run {
 public:
  Run(Coordinates coordinates, Distillation distillation, const RunImages& images,
      const RunOptions& options, std::function<void(const RunProgress&)> report)
      : coordinates_(std::move(coordinates)),
        distillation_(std::move(distillation)),
        images_(images),
        options_(options),
        batches_(images.trained_on, images.form, options.batch, options.seed),
        report_(std::move(report)) {}

  const Coordinates& coordinates() const { return coordinates_; }

  Result<TrainedCorrection> go(std::vector<SubNetwork> pool, std::vector<SubNetwork> judged) {
    pool_ = std::move(pool);
    judged_ = std::move(judged);
    const std::string about = text_of(options_, pool_);
    const Clock::time_point start = Clock::now();
    const auto before = held_out_losses(distillation_, judged_, images_.held_out);
    if (!before) return before.error();
    result_.before = before.value();
    look_seconds_ = seconds_since(start);
    if (const auto begun = begin(about); !begun) return begun.error();
    report_({.step = state_.step, .steps = state_.steps, .closed_form = result_.before});
    if (const auto done = train(about); !done) return done.error();
    return finish();
  }

 private:
  Result<std::monostate> begin(const std::string& about) {
    state_.steps = options_.steps;
    state_.values = coordinates_.values();
    state_.average = torch::zeros_like(state_.values);
    state_.first_moment = torch::zeros_like(state_.values);
    state_.second_moment = torch::zeros_like(state_.values);
    state_.best = torch::zeros_like(state_.values);
    state_.best_score = mean(result_.before);
    if (options_.keeper == nullptr) return std::monostate{};
    auto kept = options_.keeper->kept(about, result_.notes);
    if (!kept) return kept.error();
    if (!kept.value()) return std::monostate{};
    for (const torch::Tensor& tensor :
         {kept.value()->values, kept.value()->average, kept.value()->first_moment,
          kept.value()->second_moment, kept.value()->best}) {
      if (tensor.numel() == state_.values.numel()) continue;
      return Error{ErrorCode::kInvalidArgument, "the state that was kept is of other layers"};
    }
    result_.went_on_from = kept.value()->step;
    const torch::NoGradGuard no_grad;
    state_ = std::move(*kept.value());
    coordinates_.values().copy_(state_.values);
    state_.values = coordinates_.values();
    return std::monostate{};
  }

  Result<std::monostate> train(const std::string& about) {
    StepBudget budget(options_.minutes, options_.looks, look_seconds_);
    while (state_.steps == 0 || state_.step < state_.steps) {
      const Clock::time_point start = Clock::now();
      if (const auto done = step(); !done) return done;
      ++state_.step;
      if (state_.steps == 0) {
        state_.steps = budget.after(state_.step, seconds_since(start)).value_or(0);
      }
      if (const auto done = look_and_tell(); !done) return done;
      if (gave_up()) break;
      if (options_.keeper == nullptr || !options_.keeper->is_due()) continue;
      if (const auto kept = options_.keeper->keep(state_, about); !kept) return kept;
    }
    if (options_.keeper == nullptr) return std::monostate{};
    return options_.keeper->keep_last(state_, about);
  }

  // Two sub-networks whose savings lie as far from the ends of the pool.
  std::vector<std::size_t> pair() const {
    KeyedRandom random(options_.seed, static_cast<std::uint64_t>(state_.step), 1U << 20U);
    const std::size_t one = random.below(pool_.size()), other = pool_.size() - 1 - one;
    return one == other ? std::vector{one} : std::vector{one, other};
  }

  Result<std::monostate> step() {
    const torch::Tensor images = batches_.at(state_.step);
    const auto teacher = distillation_.teacher(images);
    if (!teacher) return teacher.error();
    coordinates_.gradients().zero_();
    const std::vector<std::size_t> chosen = pair();
    const double share = 1 / static_cast<double>(chosen.size());
    for (const std::size_t p : chosen) {
      const auto loss = distillation_.loss(pool_[p], images, teacher.value());
      if (!loss) return loss.error();
      (loss.value().total * share).backward();
      progress_.features += loss.value().features * share;
      progress_.heads += loss.value().heads * share;
    }
    take_step(coordinates_.gradients(), options_.optimizer, state_);
    ++unreported_;
    return std::monostate{};
  }

  Result<std::monostate> look_and_tell() {
    const std::int64_t every =
        state_.steps == 0 ? 0 : std::max<std::int64_t>(1, state_.steps / options_.looks);
    const bool looks =
        state_.steps > 0 && (state_.step % every == 0 || state_.step == state_.steps);
    if (looks) {
      auto seen = judge_with(state_.average, images_.held_out);
      if (!seen) return seen.error();
      progress_.held_out = seen.value();
      state_.curve.push_back({state_.step, seen.value()});
      const double score = mean(seen.value());
      if (std::isfinite(score) && score < state_.best_score) {
        state_.best_score = score;
        state_.best_step = state_.step;
        state_.best.copy_(state_.average);
      }
    }
    if (looks || unreported_ == kReportEvery) tell();
    return std::monostate{};
  }

  bool gave_up() const {
    return state_.step - state_.best_step >
               std::max<std::int64_t>(state_.steps / 3, state_.steps / options_.looks * 3) &&
           state_.steps > 0;
  }

  void tell() {
    progress_.step = state_.step;
    progress_.steps = state_.steps;
    progress_.features /= static_cast<double>(std::max<std::int64_t>(1, unreported_));
    progress_.heads /= static_cast<double>(std::max<std::int64_t>(1, unreported_));
    progress_.loss = progress_.features + progress_.heads;
    progress_.rate =
        rate_share(state_.step, std::max<std::int64_t>(1, state_.steps), options_.optimizer);
    report_(progress_);
    progress_ = {};
    unreported_ = 0;
  }

  Result<std::vector<double>> judge_with(const torch::Tensor& values,
                                         const std::vector<torch::Tensor>& images) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor own = coordinates_.values().clone();
    coordinates_.values().copy_(values);
    auto losses = held_out_losses(distillation_, judged_, images);
    coordinates_.values().copy_(own);
    return losses;
  }

  Result<TrainedCorrection> finish() {
    const torch::NoGradGuard no_grad;
    const auto after = options_.int8 != nullptr ? keep_int8() : keep_knots();
    if (!after) return after.error();
    result_.after = after.value();
    if (!images_.seen.empty()) {
      auto seen = judge_with(state_.best, images_.seen);
      if (!seen) return seen.error();
      result_.seen = std::move(seen).value();
      const std::string advice =
          image_advice(result_.seen, result_.after, static_cast<int>(images_.trained_on.size()));
      if (!advice.empty()) result_.notes.push_back(advice);
    }
    result_.supernet.lineage.steps = state_.step;
    result_.curve = state_.curve;
    result_.skipped = state_.skipped;
    return std::move(result_);
  }

  // Changes that are no better than none, as judged by the plan nearest to their knot, go.
  Result<std::vector<double>> keep_knots() {
    auto after = judge_with(state_.best, images_.held_out);
    if (!after) return after;
    bool all = true;
    for (std::size_t k = 0; k < options_.knots.size(); ++k) {
      const std::size_t nearest = nearest_to(judged_, options_.knots[k]);
      result_.kept.push_back(after.value()[nearest] < result_.before[nearest]);
      all = all && result_.kept.back();
      if (result_.kept.back()) continue;
      const auto first = static_cast<std::int64_t>(k) * coordinates_.per_knot();
      state_.best.narrow(0, first, coordinates_.per_knot()).zero_();
    }
    if (!all) after = judge_with(state_.best, images_.held_out);
    result_.supernet.knots = options_.knots;
    result_.supernet.changes = coordinates_.changes(state_.best);
    return after;
  }

  // The best is better than none for all judged plans together, or it is none.
  Result<std::vector<double>> keep_int8() {
    result_.kept = {state_.best_step > 0};
    if (!result_.kept[0]) return result_.before;
    Int8Change& int8 = result_.supernet.int8;
    for (auto& [layer, change] : coordinates_.changes(state_.best)) {
      int8.changes.emplace(layer, std::move(change[0]));
    }
    int8.range_factors = coordinates_.range_factors(state_.best);
    return judge_with(state_.best, images_.held_out);
  }

  Coordinates coordinates_;
  Distillation distillation_;
  const RunImages& images_;
  const RunOptions& options_;
  Batches batches_;
  std::function<void(const RunProgress&)> report_;
  std::vector<SubNetwork> pool_, judged_;
  RunState state_;
  RunProgress progress_;
  std::int64_t unreported_ = 0;
  double look_seconds_ = 0;  // of one look at the images held out
  TrainedCorrection result_;
};

// Outputs of layers that the original has too.
std::vector<std::string> comparable_outputs(const ElasticBody& body, const ElasticBody& original,
                                            const Coordinates& coordinates) {
  std::set<std::string> known;
  for (const Node& node : original.graph.nodes) known.insert(node.outputs[0]);
  std::vector<std::string> outputs;
  for (const ElasticLayer& layer : coordinates.layers()) {
    const std::string& output = body.graph.nodes[layer.node].outputs[0];
    if (known.contains(output)) outputs.push_back(output);
  }
  return outputs;
}

Result<std::vector<SubNetwork>> networks_of(const ElasticBody& body, const UnitOrders& orders,
                                            const Coordinates& coordinates,
                                            const std::vector<PoolPlan>& plans,
                                            const RunOptions& options) {
  if (options.int8 == nullptr) {
    return make_sub_networks(body, orders, coordinates, options.knots, plans);
  }
  return make_int8_networks(body, orders, coordinates, *options.int8, plans);
}

}  // namespace

Result<TrainedCorrection> train_supernet(const ElasticBody& body, const UnitOrders& orders,
                                         const std::vector<PoolPlan>& pool,
                                         const std::vector<PoolPlan>& judged,
                                         const RunImages& images, const RunOptions& options,
                                         const std::function<void(const RunProgress&)>& report) {
  std::vector<PoolPlan> all = pool;
  all.insert(all.end(), judged.begin(), judged.end());
  auto coordinates =
      options.int8 != nullptr
          ? int8_coordinates(body, images.held_out[0])
          : fp32_coordinates(body, orders, all, options.knots.size(), images.held_out[0]);
  if (!coordinates) return coordinates.error();
  const ElasticBody& original = options.original == nullptr ? body : *options.original;
  auto distillation =
      Distillation::make(original, comparable_outputs(body, original, coordinates.value()));
  if (!distillation) return distillation.error();
  Run run(std::move(coordinates).value(), std::move(distillation).value(), images, options, report);
  auto trained = networks_of(body, orders, run.coordinates(), pool, options);
  if (!trained) return trained.error();
  auto looked_at = networks_of(body, orders, run.coordinates(), judged, options);
  if (!looked_at) return looked_at.error();
  return run.go(std::move(trained).value(), std::move(looked_at).value());
}

}  // namespace pare::engine
