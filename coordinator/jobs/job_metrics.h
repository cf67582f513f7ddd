// The numbers that a job's objectives and constraints speak of, read off what was measured.  Pure.
//
// Objectives are minimised: 1 - accuracy, and the logarithm of latency and size.  The search goes
// by first latencies, as it was when it learnt them; fronts by those that were confirmed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "coordinator/store/trial_records.h"
#include "core/job.h"
#include "core/metric.h"
#include "core/result.h"
#include "wire/task_results.h"

namespace pare::coordinator {

// The accuracies that a job asks about beside mAP, by the metric's name.  Fails with
// kInvalidArgument for a class that the dataset lacks, or one without a box to score against.
Result<std::map<std::string, double>> figures_of(const NewJob& job, const Accuracy& result);

// True if the trial has what the job's objectives are made of on this target.
bool is_measured(const TargetRecord& record);

// True if that is on all images: only then may the trial stand on a front.
bool is_whole(const TargetRecord& record);

// Where images were left out, the accuracy that all of them are expected to give.
// REQUIRES: is_measured(record), and an accuracy recorded for a job that asks about the metric.
double value_of(const Metric& metric, const Trial& trial, const TargetRecord& record);

// The record as a front sees it: with the latency that is reported in the first one's place.
TargetRecord as_reported(TargetRecord record);

// The record with its latencies times the target's weight.
TargetRecord weighted(const NewJob& job, const std::string& target, TargetRecord record);

// REQUIRES: as value_of(), of every objective.
std::vector<double> objectives_of(const NewJob& job, const Trial& trial,
                                  const TargetRecord& record);

// Beyond what a plan is of no use, and what bounds the hypervolume of a front: half the original's
// accuracy, or less where a constraint says that less will do, and its latency and size.
std::vector<double> reference_of(const NewJob& job, std::vector<double> original);

// One for each constraint that holds on the target: above 0 by the share that the bound is missed
// by.
std::vector<double> violations_of(const NewJob& job, const std::string& target, const Trial& trial,
                                  const TargetRecord& record);

}  // namespace pare::coordinator
