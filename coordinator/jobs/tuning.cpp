#include "coordinator/jobs/tuning.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

#include "coordinator/jobs/tasks.h"
#include "core/check.h"
#include "wire/plan_json.h"
#include "wire/training_json.h"
#include "wire/tuning_json.h"

namespace pare::coordinator {
namespace {

constexpr double kWithinPoints = 1.0;  // as of the fastest that a front offers

struct Eligible {
  int trial = 0;
  double gained = 0;  // logarithm of the speed-up
  double lost = 0;    // points
  Plan form;          // what is trained
};

bool is_trained_for(const Plan& plan) {
  return !plan.widths.empty() && plan.weights != Weights::kTuned &&
         plan.importance == Importance::kGram &&
         plan.reconstruction == Reconstruction::kIndependent;
}

// From the slowest on.
std::vector<Eligible> eligible(const TargetFront& front, std::span<const Trial> trials) {
  std::vector<Eligible> out;
  for (const FrontMember& member : front.members) {
    const auto trial = std::ranges::find(trials, member.trial, &Trial::number);
    if (!member.useful || trial == trials.end()) continue;
    const auto plan = wire::parse_plan(trial->plan_json);
    if (!plan || !is_trained_for(plan.value())) continue;
    const double gained = member.speedup > 0 ? std::log(member.speedup) : 0;
    out.push_back({member.trial, gained, member.map_lost, trained_form(plan.value())});
  }
  std::ranges::stable_sort(out, [](const Eligible& a, const Eligible& b) {
    return std::pair(a.gained, a.lost) < std::pair(b.gained, b.lost);
  });
  return out;
}

// The fastest within 1.0 point; the one that loses least, where none is.  REQUIRES: not empty.
std::size_t first_of(const std::vector<Eligible>& members) {
  for (std::size_t i = members.size(); i-- > 0;) {
    if (members[i].lost <= kWithinPoints + 1e-9) return i;
  }
  const auto least = std::ranges::min_element(members, {}, &Eligible::lost);
  return static_cast<std::size_t>(least - members.begin());
}

// Which of those from `first` on lies farthest above the straight line from the original to the
// fastest, in speed and points as shares of what the fastest gains and loses.
std::size_t knee_of(const std::vector<Eligible>& members, std::size_t first) {
  const Eligible& fastest = members.back();
  if (!(fastest.gained > 0) || !(fastest.lost > 0)) return first;
  const auto height = [&](std::size_t i) {
    return members[i].gained / fastest.gained - members[i].lost / fastest.lost;
  };
  std::size_t knee = first;
  for (std::size_t i = first; i < members.size(); ++i) {
    if (height(i) > height(knee)) knee = i;
  }
  return knee;
}

// Both ends, then the middle of the widest gap, again and again.
std::vector<std::size_t> by_halves(std::size_t first, std::size_t last) {
  std::set<std::size_t> taken = {first, last};
  std::vector<std::size_t> order(taken.begin(), taken.end());
  while (taken.size() < last - first + 1) {
    std::size_t before = first, wide = 0;
    for (auto at = taken.begin(); std::next(at) != taken.end(); ++at) {
      const std::size_t gap = *std::next(at) - *at;
      if (gap > wide) before = *at, wide = gap;
    }
    order.push_back(before + wide / 2);
    taken.insert(order.back());
  }
  return order;
}

// All of them, those first that are to be trained first.
std::vector<Eligible> by_preference(const std::vector<Eligible>& members) {
  if (members.empty()) return {};
  const std::size_t first = first_of(members), knee = knee_of(members, first);
  std::vector<std::size_t> order = by_halves(first, knee);
  for (std::size_t i = knee + 1; i < members.size(); ++i) order.push_back(i);
  for (std::size_t i = first; i-- > 0;) order.push_back(i);
  std::vector<Eligible> out;
  for (const std::size_t i : order) out.push_back(members[i]);
  return out;
}

std::string listed(const Tuning& tuning, TuningState state, int TunedMember::*number) {
  std::string out;
  for (const TunedMember& member : tuning.members) {
    if (member.state != state) continue;
    out += (out.empty() ? "" : ", ") + std::to_string(member.*number);
  }
  return out;
}

// What came of one training, as its member says it from now on.
void take_end(const TaskEnd& end, TunedMember& member) {
  member.state = TuningState::kFailed;
  if (!end) {
    member.reason = "training failed: " + end.error().message;
    return;
  }
  const auto& training = std::get<Training>(end.value().result);
  if (training.judged.empty()) {
    member.reason = "training judged nothing";
    return;
  }
  member.before = training.judged.front().closed_form;
  member.after = training.judged.front().trained;
  if (gained(training) && member.after < member.before) {
    member.state = TuningState::kTuned;
    return;
  }
  member.state = TuningState::kKept;
  member.reason = "training brought nothing on the " + std::to_string(training.held_out_images) +
                  " images held out";
}

SupernetRecord record_of(const Job& job, const wire::BlobRef& blob, const Training& training,
                         const std::string& plan_sha256) {
  return {.sha256 = blob.sha256,
          .bytes = blob.bytes,
          .job = job.id,
          .model_sha256 = job.model_sha256,
          .card_version = job.card_version,
          .dataset_sha256 = job.dataset_sha256,
          .statistics_sha256 = job.statistics_sha256,
          .training_json = wire::training_to_json(training),
          .plan_sha256 = plan_sha256};
}

}  // namespace

std::vector<int> choose_to_tune(std::span<const TargetFront> fronts, std::span<const Trial> trials,
                                int most) {
  const auto wanted = static_cast<std::size_t>(std::max(0, most));
  std::vector<std::vector<Eligible>> lists;
  std::size_t longest = 0;
  for (const TargetFront& front : fronts) {
    lists.push_back(by_preference(eligible(front, trials)));
    longest = std::max(longest, lists.back().size());
  }
  std::vector<int> chosen;
  std::vector<Plan> forms;
  for (std::size_t turn = 0; turn < longest; ++turn) {
    for (const std::vector<Eligible>& list : lists) {
      if (turn >= list.size() || chosen.size() == wanted) continue;
      if (std::ranges::find(forms, list[turn].form) != forms.end()) continue;
      forms.push_back(list[turn].form);
      chosen.push_back(list[turn].trial);
    }
  }
  return chosen;
}

std::vector<Change> begin_tuning(const JobContext& context, std::span<const TargetFront> fronts,
                                 std::span<const Trial> trials) {
  PARE_CHECK(context.document.distill.has_value(), "tuning for a job that wants none");
  const DistillWish& wish = *context.document.distill;
  Tuning tuning;
  std::vector<Change> changes;
  for (const int number : choose_to_tune(fronts, trials, wish.plans)) {
    const auto trial = std::ranges::find(trials, number, &Trial::number);
    tuning.members.push_back({.trial = number});
    changes.emplace_back(TaskAdded{tune_task(context.job, context.model.card, wish, number,
                                             wire::parse_plan(trial->plan_json).value())});
  }
  changes.emplace_back(JobTuned{context.job.id, wire::tuning_to_json(tuning)});
  return changes;
}

std::vector<Change> after_tuning(const JobContext& context, const Job& job, const Trial& trial,
                                 const TaskEnd& end) {
  auto tuning = tuning_of(job);
  if (!tuning) return {};
  const auto member = std::ranges::find(tuning->members, trial.number, &TunedMember::trial);
  if (member == tuning->members.end() || member->state != TuningState::kUnderWay) return {};
  take_end(end, *member);
  std::vector<Change> changes;
  const auto fail = [&](const std::string& why) {
    member->state = TuningState::kFailed;
    member->reason = why;
  };
  auto plan = wire::parse_plan(trial.plan_json);
  if (member->state == TuningState::kTuned && !plan) fail(plan.error().message);
  if (member->state == TuningState::kTuned) {
    const auto& artifacts = end.value().artifacts;
    const auto at = artifacts.find("supernet");
    const auto* blob = at == artifacts.end() ? nullptr : std::get_if<wire::BlobRef>(&at->second);
    if (blob == nullptr) {
      fail("the outcome has no uploaded \"supernet\"");
    } else {
      Plan tuned = std::move(plan).value();
      tuned.weights = Weights::kTuned;
      const std::string sha256 = wire::plan_sha256(tuned);
      member->tuned_trial = job.trials.asked + 1;
      changes.emplace_back(
          SupernetAdded{record_of(job, *blob, std::get<Training>(end.value().result), sha256)});
      changes.emplace_back(TrialAdded{
          job.id, member->tuned_trial, sha256, wire::plan_to_json(tuned), TrialOrigin::kTuned, {}});
      changes.emplace_back(
          TaskAdded{build_task(job, context.model.card, member->tuned_trial, tuned, blob->sha256)});
    }
  }
  changes.emplace_back(JobTuned{job.id, wire::tuning_to_json(*tuning)});
  return changes;
}

std::string tuning_note(const Job& job) {
  const auto tuning = tuning_of(job);
  if (!tuning) return {};
  if (tuning->members.empty()) {
    return "nothing was tuned: no front has a member with narrower groups";
  }
  const std::string tuned = listed(*tuning, TuningState::kTuned, &TunedMember::tuned_trial);
  const auto count = std::ranges::count(tuning->members, TuningState::kTuned, &TunedMember::state);
  std::string note = std::to_string(count) + " of " + std::to_string(tuning->members.size()) +
                     " chosen members were tuned alone";
  if (!tuned.empty()) note += " (beyond the budget: trials " + tuned + ")";
  for (const TunedMember& member : tuning->members) {
    if (member.reason.empty()) continue;
    note += "; trial " + std::to_string(member.trial) + " stays as it was: " + member.reason;
  }
  return note;
}

std::optional<Tuning> tuning_of(const Job& job) {
  if (job.tuning_json.empty()) return std::nullopt;
  auto tuning = wire::parse_tuning(job.tuning_json);
  if (!tuning) return std::nullopt;
  return std::move(tuning).value();
}

}  // namespace pare::coordinator
