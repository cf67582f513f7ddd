// The tasks of a job, as documents with who may do them.  Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/records.h"
#include "coordinator/store/task_records.h"
#include "core/job.h"
#include "core/label_source.h"
#include "core/model_summary.h"
#include "core/plan.h"
#include "core/target.h"
#include "wire/catalog_json.h"
#include "wire/task_params.h"

namespace pare::coordinator {

// An fp32 candidate's outputs may differ this much between the executor and a target's runtime, as
// a share of each output's range: rounding of other kernels, and far below what moves an mAP.
inline constexpr int kParityImages = 8;
inline constexpr int kFingerprintImages = 4;
inline constexpr double kParityTolerance = 1e-3;

// Trials whose layers are timed: from there on the table of layers (search/surrogate/layer_table.h)
// learns little, and a trial costs a compilation less.
inline constexpr int kProfiledTrials = 40;

NewTask prepare_task(const Job& job, const ModelCard& card, std::vector<wire::Size> resolutions,
                     std::vector<Precision> precisions);

// REQUIRES: the job is prepared, and its document wants a super-network to be trained.
NewTask train_task(const Job& job, const ModelCard& card, const SupernetWish& wish,
                   PartChoices parts = {});

// The super-network is trained for int8, for so long.  REQUIRES: the job is prepared.
NewTask int8_train_task(const Job& job, const ModelCard& card, double minutes,
                        const std::string& supernet_sha256);

// Trains the weights of the plan alone, which `trial` has: from the job's super-network on where
// they are that one's.  REQUIRES: the job is prepared, and has it.
NewTask tune_task(const Job& job, const ModelCard& card, const DistillWish& wish, int trial,
                  const Plan& plan);

// The model as the card has it on labelled images, prepared in other ways, too.
NewTask preprocessing_trial_task(const Job& job, const ModelCard& card);

// The reality check of a target.
NewTask check_task(const Job& job, const Target& target, bool int8);

// `tuned_sha256`: the weights of a tuned plan.
// REQUIRES: the job is prepared, and has a super-network where the plan wants its weights.
NewTask build_task(const Job& job, const ModelCard& card, int trial, const Plan& plan,
                   const std::string& tuned_sha256 = "");

struct EvaluateExtras {
  std::vector<std::string> rivals = {};  // the detections of faster candidates, by SHA-256
  double held_back = 0;                  // share of the images whose accuracy is told apart
  bool fingerprint = false;              // what it answers is told, in few numbers
};

// Accuracy of a candidate on `runtime`, or on the executor where that is wire::kExecutor.
// `teacher`: the model's own input size, where the model is what is scored against.
NewTask evaluate_task(const Job& job, const ModelCard& card, int trial,
                      const std::string& candidate_sha256, const std::string& runtime,
                      const std::optional<wire::Size>& teacher, const EvaluateExtras& extras);

struct BenchmarkExtras {
  bool parity = false;       // its outputs are checked against the executor's
  bool profile = false;      // its layers are timed one by one
  bool fingerprint = false;  // what it answers is told, in few numbers
};

// Latency of a candidate on a target.
NewTask benchmark_task(const Job& job, const ModelCard& card, int trial,
                       const std::string& candidate_sha256, const Target& target,
                       const BenchmarkExtras& extras);

// kConflict, with the reason, if one of the two was not measured on the target.  The card's input
// is the model's: the size of each candidate's is read from its file.
Result<NewTask> compare_task(const Job& job, const ModelCard& card, LabelSource labels,
                             const Target& target, const Trial& a, const Trial& b,
                             const wire::NewComparison& comparison);

}  // namespace pare::coordinator
