#include "coordinator/jobs/front.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "coordinator/jobs/job_metrics.h"
#include "coordinator/jobs/tuning.h"
#include "core/half_samples.h"
#include "search/hypervolume.h"
#include "search/levers/levers.h"
#include "search/pareto_front.h"
#include "wire/plan_json.h"

namespace pare::coordinator {
namespace {

constexpr double kPointsLost = 1.0;
constexpr double kPointsPerMap = 100.0;
constexpr double kAlpha = 0.05;
constexpr int kWorthHaving = 512;  // images: what a person is advised to bring

// 95 % interval of an accuracy.
std::optional<ConfidenceInterval> interval_of(const Accuracy& accuracy) {
  auto interval = pare::interval_of(accuracy.map_50_95, accuracy.draws, kAlpha);
  if (!interval) return interval;
  return ConfidenceInterval{std::clamp(interval->low, 0.0, 1.0),
                            std::clamp(interval->high, 0.0, 1.0)};
}

// In points, of what is lost from one accuracy to another on the same images.
std::optional<ConfidenceInterval> interval_of_loss(const Accuracy& original,
                                                   const Accuracy& accuracy) {
  const auto interval = interval_of_difference(original.map_50_95 - accuracy.map_50_95,
                                               accuracy.draws, original.draws, kAlpha);
  if (!interval || original.images != accuracy.images) return std::nullopt;
  return ConfidenceInterval{kPointsPerMap * interval->low, kPointsPerMap * interval->high};
}

HeldBackFigures held_back_of(const HeldBackAccuracy& accuracy) {
  Accuracy alone;  // the same figures of other images
  alone.map_50_95 = accuracy.map_50_95;
  alone.draws = accuracy.draws;
  return {accuracy.map_50_95, accuracy.images, interval_of(alone), {}, {}};
}

// The trial as a member without its comparison to the original; nullopt unless it was measured.
std::optional<FrontMember> member_of(const Trial& trial, const Plan& plan,
                                     const std::string& target) {
  const auto at = trial.on_target.find(target);
  if (at == trial.on_target.end()) return std::nullopt;
  const TargetRecord record = as_reported(at->second);
  if (!is_whole(record)) return std::nullopt;
  FrontMember member;
  member.plan_sha256 = trial.plan_sha256;
  member.candidate_sha256 = trial.candidate_sha256;
  member.trial = trial.number;
  member.map_50_95 = record.accuracy->map_50_95;
  member.figures = record.accuracy->figures;
  member.images = record.accuracy->images;
  member.accuracy_runtime = record.accuracy->runtime;
  member.latency = *record.latency;
  member.confirmed = record.confirmed.has_value();
  member.alarm = record.accuracy->alarm;
  member.map = interval_of(*record.accuracy);
  if (record.accuracy->held_back) member.held_back = held_back_of(*record.accuracy->held_back);
  member.bytes = trial.bytes.value_or(0);
  member.macs = trial.macs.value_or(0);
  member.height = plan.height;
  member.width = plan.width;
  member.precision = precision_words(plan);
  member.weights = plan.weights;
  member.recovered = origin_of_weights(plan);
  return member;
}

void compare_held_back(const Accuracy& original, const Accuracy& accuracy,
                       HeldBackFigures& figures) {
  if (!original.held_back || original.held_back->images != accuracy.held_back->images) return;
  const HeldBackAccuracy& from = *original.held_back;
  figures.map_lost = (from.map_50_95 - figures.map_50_95) * kPointsPerMap;
  const auto interval = interval_of_difference(from.map_50_95 - figures.map_50_95,
                                               accuracy.held_back->draws, from.draws, kAlpha);
  if (!interval) return;
  figures.lost = {kPointsPerMap * interval->low, kPointsPerMap * interval->high};
}

// What more images would bring a choice that no other image has checked.
std::string note_on(const FrontMember& fastest) {
  if (fastest.held_back || !fastest.lost || fastest.speedup <= 1) return {};
  const double with_more = half_width_with(*fastest.lost, fastest.images, kWorthHaving / 2);
  char text[256];
  std::snprintf(text, sizeof text,
                "the %d images that it was scored on chose it, which flatters it; of %d, half held "
                "back, what it loses would be known to about +-%.*f points on images that chose "
                "nothing",
                fastest.images, kWorthHaving, with_more < 0.1 ? 2 : 1, with_more);
  return text;
}

std::string percent(double share) {
  return std::to_string(std::lround(share * 100)) + " %";
}

struct Measured {
  FrontMember member;
  Plan plan;
  const Trial* trial = nullptr;
  TargetRecord record;  // as it is reported
};

// Compares every member with the original, which may be absent, and describes it.
void compare_with(const std::optional<FrontMember>& original,
                  const std::optional<Accuracy>& accuracy, const ModelSummary& model,
                  Measured& measured) {
  FrontMember& member = measured.member;
  std::optional<std::int64_t> original_macs;
  if (original) {
    original_macs = original->macs;
    member.map_lost = (original->map_50_95 - member.map_50_95) * kPointsPerMap;
    member.lost = interval_of_loss(*accuracy, *measured.record.accuracy);
    if (member.held_back) {
      compare_held_back(*accuracy, *measured.record.accuracy, *member.held_back);
    }
    member.speedup = original->latency.median / member.latency.median;
  }
  member.description = describe(measured.plan, member.macs, original_macs, model);
}

// `reference`: beyond it a plan is of no use; empty without an original.
void fill_members(TargetFront& front, const std::vector<Measured>& measured, const NewJob& job,
                  const std::vector<double>& reference) {
  search::ParetoFront pareto(job.objectives.size());
  std::vector<Uncertain> all;
  for (const Measured& m : measured) {
    all.push_back(uncertain_of(job, *m.trial, m.record));
    (void)pareto.insert({TrialId{m.member.trial}, all.back().objectives});
  }
  for (const search::ParetoPoint& point : pareto.points()) {
    const auto at = std::ranges::find(measured, point.trial.value,
                                      [](const Measured& m) { return m.member.trial; });
    front.members.push_back(at->member);
    const auto which = static_cast<std::size_t>(at - measured.begin());
    front.members.back().on_front = probability_on_front(all, which);
    for (std::size_t k = 0; k < reference.size(); ++k) {
      front.members.back().useful &= all[which].objectives[k] <= reference[k];
    }
  }
  std::ranges::stable_sort(front.members, {},
                           [](const FrontMember& m) { return m.latency.median.count(); });
  if (!front.original) return;
  const auto fastest = std::ranges::find_if(
      front.members, [](const FrontMember& m) { return m.map_lost <= kPointsLost + 1e-9; });
  if (fastest == front.members.end()) return;
  front.fastest = *fastest;
  front.note = note_on(*fastest);
}

// The trial with what it reaches on its worst targets as the record of a target without a name;
// nullopt if one of them has nothing, or if it breaks a constraint on one.  The original stays
// whatever it breaks: everything is compared with it.
std::optional<Trial> worst_of(Trial trial, const NewJob& job) {
  std::optional<TargetRecord> worst;
  for (const std::string& target : job.targets) {
    const auto at = trial.on_target.find(target);
    if (at == trial.on_target.end() || !is_whole(at->second)) return std::nullopt;
    const TargetRecord plain = as_reported(at->second);
    const bool kept = std::ranges::none_of(violations_of(job, target, trial, plain),
                                           [](double by) { return by > 0; });
    if (!kept && trial.number != 1) return std::nullopt;
    const TargetRecord record = weighted(job, target, plain);
    if (!worst) worst = record;
    if (record.accuracy->map_50_95 < worst->accuracy->map_50_95) worst->accuracy = record.accuracy;
    if (record.latency->median > worst->latency->median) {
      worst->latency = record.latency;
      worst->confirmed = record.confirmed;
    }
  }
  trial.on_target = {{"", worst.value_or(TargetRecord{})}};
  return trial;
}

}  // namespace

bool is_original(const Plan& plan, const ModelSummary& model) {
  return !removes_parts(plan) && !is_lowered(plan) && plan.height == model.card.height &&
         plan.width == model.card.width;
}

TargetFront front_of(std::span<const Trial> trials, const std::string& target, const NewJob& job,
                     const ModelSummary& model) {
  TargetFront front;
  front.target = target;
  std::vector<Measured> measured;
  std::vector<double> reference;
  std::optional<Accuracy> accuracy;  // the original's
  for (const Trial& trial : trials) {
    const auto plan = wire::parse_plan(trial.plan_json);
    if (!plan) continue;
    auto member = member_of(trial, plan.value(), target);
    if (!member) continue;
    TargetRecord record = as_reported(trial.on_target.at(target));
    if (is_original(plan.value(), model)) {
      front.original = *member;
      accuracy = record.accuracy;
      reference = reference_of(job, objectives_of(job, trial, record));
    }
    measured.push_back({std::move(*member), plan.value(), &trial, std::move(record)});
  }
  for (Measured& m : measured) {
    compare_with(front.original, accuracy, model, m);
    if (front.original && m.member.trial == front.original->trial) front.original = m.member;
  }
  std::erase_if(measured, [&](const Measured& m) {
    return std::ranges::any_of(violations_of(job, target, *m.trial, m.record),
                               [](double by) { return by > 0; });
  });
  fill_members(front, measured, job, reference);
  if (!front.original) return front;
  std::vector<std::vector<double>> points;
  points.reserve(measured.size());
  for (const Measured& m : measured) points.push_back(objectives_of(job, *m.trial, m.record));
  front.hypervolume = search::hypervolume(points, reference);
  return front;
}

std::optional<FrontMember> as_member(const Trial& trial, const Trial* original,
                                     const std::string& target, const ModelSummary& model) {
  const auto plan = wire::parse_plan(trial.plan_json);
  if (!plan) return std::nullopt;
  auto member = member_of(trial, plan.value(), target);
  if (!member) return std::nullopt;
  Measured measured{std::move(*member), plan.value(), &trial,
                    as_reported(trial.on_target.at(target))};
  std::optional<FrontMember> with;
  std::optional<Accuracy> accuracy;
  if (original != nullptr) {
    const auto first = wire::parse_plan(original->plan_json);
    if (first) with = member_of(*original, first.value(), target);
    if (with) accuracy = as_reported(original->on_target.at(target)).accuracy;
  }
  compare_with(with, accuracy, model, measured);
  return std::move(measured.member);
}

TargetFront front_across(std::span<const Trial> trials, const NewJob& job,
                         const ModelSummary& model) {
  std::vector<Trial> everywhere;
  for (const Trial& trial : trials) {
    if (auto worst = worst_of(trial, job)) everywhere.push_back(std::move(*worst));
  }
  NewJob unbound = job;  // a trial that breaks a constraint somewhere is not among them
  unbound.constraints.clear();
  return front_of(everywhere, "", unbound, model);
}

std::optional<Uncertain> contest_of(const Trial& trial, const std::string& target,
                                    const NewJob& job) {
  if (target.empty()) {
    const auto worst = worst_of(trial, job);
    if (!worst) return std::nullopt;
    return uncertain_of(job, *worst, worst->on_target.at(""));
  }
  const auto at = trial.on_target.find(target);
  if (at == trial.on_target.end()) return std::nullopt;
  const TargetRecord record = as_reported(at->second);
  if (!is_whole(record)) return std::nullopt;
  const bool kept = std::ranges::none_of(violations_of(job, target, trial, record),
                                         [](double by) { return by > 0; });
  if (!kept) return std::nullopt;
  return uncertain_of(job, trial, record);
}

std::vector<FrontMember> filtered(std::vector<FrontMember> members, const FrontFilter& filter) {
  std::erase_if(members, [&](const FrontMember& m) {
    return (!m.useful && !filter.all) ||
           m.latency.median.count() > filter.max_latency_ms.value_or(HUGE_VAL) ||
           m.map_50_95 < filter.min_map.value_or(-HUGE_VAL) ||
           m.bytes > filter.max_bytes.value_or(INT64_MAX);
  });
  return members;
}

Progress progress_of(const Job& job, const Budget& budget) {
  const TrialCounts& counts = job.trials;
  Progress progress;
  const int ended = counts.finished + counts.failed;
  if (is_final(job.state)) {
    progress.share = job.state == JobState::kSucceeded
                         ? 1.0
                         : std::min(1.0, static_cast<double>(ended) / budget.trials);
    return progress;
  }
  if (!job.searching_at) return progress;
  const double elapsed = job.searched_seconds;
  // No more trials come in finishing, whatever the budget was, but of plans that are tuned.
  const auto tuning = tuning_of(job);
  const int tuned = tuning ? static_cast<int>(tuning->members.size()) - pare::ended(*tuning) : 0;
  const int expected = job.state == JobState::kFinishing ? counts.asked + tuned : budget.trials;
  progress.share = expected > 0 ? static_cast<double>(ended) / expected : 1.0;
  if (ended > 0) progress.seconds_left = elapsed / ended * std::max(0, expected - ended);
  if (budget.seconds && job.state != JobState::kFinishing) {
    progress.share = std::max(progress.share, elapsed / *budget.seconds);
    const double left = std::max(0.0, *budget.seconds - elapsed);
    progress.seconds_left = std::min(progress.seconds_left.value_or(left), left);
  }
  progress.share = std::clamp(progress.share, 0.0, 1.0);
  return progress;
}

std::string describe(const Plan& plan, std::optional<std::int64_t> macs,
                     std::optional<std::int64_t> original_macs, const ModelSummary& model) {
  if (is_original(plan, model)) return "the original";
  std::string text = search::describe(plan, model);
  if (macs && original_macs && *original_macs > 0 && *macs < *original_macs) {
    const double share = 1 - static_cast<double>(*macs) / static_cast<double>(*original_macs);
    text += ", " + percent(share) + " fewer MACs";
  }
  return text;
}

}  // namespace pare::coordinator
