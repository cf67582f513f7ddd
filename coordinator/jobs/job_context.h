// What the steps of a job need to know, read from the store once and never changed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coordinator/store/store.h"
#include "core/device_check.h"
#include "core/guidance.h"
#include "core/job.h"
#include "core/label_source.h"
#include "core/model_summary.h"
#include "core/target.h"
#include "core/training.h"
#include "search/space.h"
#include "search/strategy.h"
#include "wire/task_params.h"

namespace pare::coordinator {

struct JobContext {
  Job job;          // as it was when this was read; its state moves on
  NewJob document;  // as posted
  ModelSummary model;
  std::vector<Target> targets;                // in the order of the document
  std::map<std::string, DeviceCheck> checks;  // by target, once they are there and did not fail
  search::Space space;
  std::optional<Training> training = {};           // of the job's super-network, once it is there
  LabelSource labels = LabelSource::kGroundTruth;  // what its accuracies are scored against
  double held_back = 0;       // share of the validation images that the search does not go by
  int validation_images = 0;  // of the dataset, all of them

  // The model's input size, where the model is what is scored against.
  std::optional<wire::Size> teacher() const;

  // The model's card with the input size of the plan's candidates.
  ModelCard card_of(const Plan& plan) const;

  // Why a plan is not to be measured there: its precision, or what the target's reality check
  // found.  Empty: it may be.  The original may, everywhere: it is what everything is compared
  // with.
  std::string why_not(const Target& target, const Plan& plan) const;
  bool allows(const Target& target, const Plan& plan) const {
    return why_not(target, plan).empty();
  }

  // True if candidates may be int8 on that target.
  bool takes_int8(const Target& target) const;
  // The same of a floating-point type shorter than fp32.
  bool takes_shorter_floats(const Target& target) const;

  // From the job's super-network, where it has one, what is better than closed form.
  Inheritance inheritance() const noexcept { return inheritance_from(training); }
  static Inheritance inheritance_from(const std::optional<Training>& training) noexcept {
    if (!training) return {};
    return {gained(*training), gained_for_int8(*training), gained(*training) && training->parts};
  }

  // What the accuracy of a plan is scored on, for that target.
  std::string accuracy_runtime(const Target& target, const Plan& plan) const;
};

// The space leaves out what the checks of all targets have found to be of no use; before the checks
// are there it is whole.  REQUIRES: the model is ready.  Fails with kInvalidArgument if the
// document or the summary make no sense together, with kUnsupported if nothing is left to try.
Result<JobContext> load_context(Store& store, const Job& job);

// What preparing found of the model's parts, of the weights that the job's plans begin with;
// nothing before it has ended.
Result<Guidance> guidance_of(const Job& job, const std::optional<Training>& training);

// The share of the dataset's validation images that a job holds back: what it says, else
// kHeldBackByDefault of labelled ones where there are kFewestToHoldBack.
double held_back_of(const NewJob& job, const DatasetCounts& counts);

// The job's strategy at its beginning, before any seeds.  kInvalidArgument if the document names
// none that there is.
Result<std::unique_ptr<search::Strategy>> strategy_of(const JobContext& context);

// The same job, every target by itself, whatever its search combines.
JobContext apart(JobContext context);

// True if the trial's choices are offered by the job's space and spell the trial's plan.  Not so
// where another version, or another inspection of the model, began it: then nothing may read its
// genome.
bool is_of_space(const JobContext& context, const Trial& trial);

// What the strategy is told of a trial that has ended.  A function of what is stored, so that a
// restored strategy is told the same.
search::Observation observation_of(const JobContext& context, const Trial& trial);

}  // namespace pare::coordinator
