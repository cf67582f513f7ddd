// What a job has found so far: its fronts, what they offer, and how long it will take.  Pure
// functions over stored trials, O(trials * front) each.
//
// Hypervolume is taken in the job's objectives (job_metrics.h), by default (1 - mAP, log latency),
// against reference_of() the original: half its accuracy, and its latency and size.  The original
// is the plan that changes nothing, measured as every other.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coordinator/jobs/front_probability.h"
#include "coordinator/store/records.h"
#include "core/job.h"
#include "core/measurement.h"
#include "core/model_summary.h"
#include "core/plan.h"
#include "core/statistics.h"

namespace pare::coordinator {

// What a plan is on images that chose nothing.
struct HeldBackFigures {
  double map_50_95 = 0;
  int images = 0;
  std::optional<ConfidenceInterval> map;  // as of the others
  std::optional<double> map_lost;         // absent where the original has none
  std::optional<ConfidenceInterval> lost;
};

struct FrontMember {
  std::string plan_sha256;
  std::string candidate_sha256;
  int trial = 0;
  double map_50_95 = 0;
  std::map<std::string, double> figures;  // other accuracies that the job asks about, by metric
  int images = 0;
  std::string accuracy_runtime;
  Measurement latency;
  bool confirmed = false;  // the latency was measured once more when the search was over
  std::string alarm;       // why the accuracy may not hold on the target; empty: nothing says so
  std::int64_t bytes = 0;
  std::int64_t macs = 0;
  int height = 0;  // of the input
  int width = 0;
  std::string precision;  // in a word (core/plan.h)
  Weights weights = Weights::kOriginal;
  std::string_view recovered;             // where they come from, in a word (core/plan.h)
  std::optional<ConfidenceInterval> map;  // 95 %, over images; absent where it is not known
  double on_front = 0;                    // probability that nothing beats it (front_probability.h)
  double map_lost = 0;                    // points (hundredths) below the original on this target
  std::optional<ConfidenceInterval> lost;  // 95 % interval of that, on the same images; as above
  std::optional<HeldBackFigures> held_back;
  bool useful = true;       // no worse than half the original's accuracy and its latency and size
  double speedup = 0;       // the original's latency over this one's; both 0 without an original
  std::string description;  // a line for people
};

struct TargetFront {
  std::string target;
  std::optional<FrontMember> original;  // once it is measured, on the front or not
  double hypervolume = 0;               // 0 without an original
  std::vector<FrontMember> members;    // fastest first; those that break a constraint are not there
  std::optional<FrontMember> fastest;  // of those at no more than 1.0 mAP point lost
  std::string note;                    // what that choice is to be taken with; empty: nothing
};

// `trials`: all of the job's, or its contenders (contenders.h): the front is the same.
TargetFront front_of(std::span<const Trial> trials, const std::string& target, const NewJob& job,
                     const ModelSummary& model);

// The trial beside the original as a member of the target's front would be, whether it is one or
// not; nullopt: it was not measured there.  `original`: nullptr: there is none to compare with.
std::optional<FrontMember> as_member(const Trial& trial, const Trial* original,
                                     const std::string& target, const ModelSummary& model);

// One front over all targets of the job: of what a plan reaches on the target where it does worst,
// latencies times the targets' weights.  The front's target is empty.
TargetFront front_across(std::span<const Trial> trials, const NewJob& job,
                         const ModelSummary& model);

// What the trial brings into the contest for a front ("": the one over all targets); nullopt:
// nothing, because it was not measured there on all images or breaks a constraint.  Whether a trial
// can matter for a front is decided by this alone.
std::optional<Uncertain> contest_of(const Trial& trial, const std::string& target,
                                    const NewJob& job);

// What a user asks for; an absent bound does not bind.
struct FrontFilter {
  std::optional<double> max_latency_ms;
  std::optional<double> min_map;
  std::optional<std::int64_t> max_bytes;
  bool all = false;  // those that are not useful, too
};
std::vector<FrontMember> filtered(std::vector<FrontMember> members, const FrontFilter& filter);

struct Progress {
  double share = 0;                    // in [0, 1]
  std::optional<double> seconds_left;  // from the first trial that ended on
};
Progress progress_of(const Job& job, const Budget& budget);  // when it was read

// "416x416, int8 (7 bit, percentile), 12 of 60 groups narrower, 23 % fewer MACs".
std::string describe(const Plan& plan, std::optional<std::int64_t> macs,
                     std::optional<std::int64_t> original_macs, const ModelSummary& model);

// True for the plan that changes nothing.
bool is_original(const Plan& plan, const ModelSummary& model);

}  // namespace pare::coordinator
