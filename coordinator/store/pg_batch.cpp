#include "coordinator/store/pg_store_impl.h"
#include "coordinator/store/references.h"
#include "wire/accuracy_json.h"
#include "wire/measurement_json.h"

namespace pare::coordinator {
namespace {

std::string name_of(JobId job, int number) {
  return "trial " + std::to_string(number) + " of job " + std::to_string(job.value);
}

std::string not_to_confirm(JobId job, int number, const std::string& target) {
  return name_of(job, number) + " has no latency to confirm on \"" + target +
         "\", or one that is confirmed";
}

std::string trial_body(int number) {
  return "{\"trial\":" + std::to_string(number) + "}";
}

std::string sha_body(const std::string& sha256) {
  return "{\"sha256\":\"" + sha256 + "\"}";
}

// Applies one change; an overload for each.
struct Apply {
  pqxx::work& tx;
  const Param& now;

  // Locks the job, which must still go on.
  Result<JobState> open_job(JobId job) const {
    auto state = lock_job(tx, job);
    if (state && is_final(state.value())) {
      return conflict("job " + std::to_string(job.value) + " is " +
                      std::string(pare::name_of(state.value())));
    }
    return state;
  }

  // Runs a query that returns no row if the change does not fit what is stored.
  template <typename... Args>
  Result<bool> in_job(JobId job, const std::string& misfit, const NamedQuery& query,
                      const Args&... args) const {
    const auto state = open_job(job);
    if (!state) return state.error();
    if (execute(tx, query, args...).empty()) return conflict(misfit);
    return true;
  }

  Result<bool> operator()(const JobMoved& change) const {
    const auto state = open_job(change.job);
    if (!state) return state.error();
    if (!can_move(state.value(), change.to)) {
      return conflict("job " + std::to_string(change.job.value) + " cannot go from " +
                      std::string(pare::name_of(state.value())) + " to " +
                      std::string(pare::name_of(change.to)));
    }
    move_job(tx, now, change.job, change.to, clean_text(change.reason));
    return true;
  }

  Result<bool> operator()(const JobWarned& change) const {
    return in_job(change.job, "job " + std::to_string(change.job.value) + " is not there",
                  query::warn_job, change.job.value, json_param(clean_texts(change.warnings)));
  }

  Result<bool> operator()(const SearchedFor& change) const {
    return in_job(change.job, "job " + std::to_string(change.job.value) + " is not there",
                  query::add_searched, change.job.value, change.seconds);
  }

  Result<bool> operator()(const JobPrepared& change) const {
    return in_job(change.job, "job " + std::to_string(change.job.value) + " is prepared already",
                  query::prepare_job, change.job.value, change.statistics_sha256,
                  or_null(change.prepared_json));
  }

  Result<bool> operator()(const SupernetAdded& change) const {
    const SupernetRecord& supernet = change.supernet;
    std::optional<std::int64_t> job;
    if (supernet.job) {
      const auto state = open_job(*supernet.job);
      if (!state) return state.error();
      job = supernet.job->value;
    }
    execute(tx, query::insert_supernet, supernet.sha256, supernet.bytes, job, supernet.model_sha256,
            supernet.card_version, or_null(supernet.dataset_sha256), supernet.statistics_sha256,
            clean_json(supernet.training_json), or_null(supernet.plan_sha256), now);
    return true;
  }

  Result<bool> operator()(const JobTuned& change) const {
    return in_job(change.job, "job " + std::to_string(change.job.value) + " is not there",
                  query::tune_job, change.job.value, clean_json(change.tuning_json));
  }

  Result<bool> operator()(const PreprocessingTried& change) const {
    return in_job(change.job,
                  "ways of preparing images were tried for job " +
                      std::to_string(change.job.value) + " before",
                  query::keep_preprocessing, change.job.value, clean_json(change.trial_json));
  }

  Result<bool> operator()(const JobInherits& change) const {
    return in_job(change.job,
                  "job " + std::to_string(change.job.value) + " has a super-network already",
                  query::inherit_job, change.job.value, change.supernet_sha256);
  }

  Result<bool> operator()(const TrialAdded& change) const {
    auto added = in_job(change.job,
                        "the next trial of job " + std::to_string(change.job.value) + " is not " +
                            std::to_string(change.number),
                        query::insert_trial, change.job.value, change.number, change.plan_sha256,
                        change.plan_json, coordinator::name_of(change.origin),
                        json_param(change.genome), now);
    if (added) {
      log_event(tx, now, "trial.added", to_param(change.job.value), trial_body(change.number));
    }
    return added;
  }

  Result<bool> operator()(const TrialBuilt& change) const {
    return in_job(change.job, name_of(change.job, change.number) + " is built already",
                  query::build_trial, change.job.value, change.number, change.candidate_sha256,
                  change.bytes, change.macs, or_null(change.build_json));
  }

  Result<bool> operator()(const AccuracyRecorded& change) const {
    const Accuracy& accuracy = change.accuracy;
    return in_job(change.job,
                  name_of(change.job, change.number) + " has an accuracy on \"" + change.target +
                      "\" already",
                  query::record_accuracy, change.job.value, change.number, change.target,
                  clean_json(wire::accuracy_to_json(accuracy)), accuracy.runtime,
                  or_null(accuracy.detections_sha256),
                  accuracy.figures.empty() ? Param() : json_param(accuracy.figures),
                  or_null(change.identity_json), or_null(clean_text(accuracy.alarm)));
  }

  Result<bool> operator()(const LatencyRecorded& change) const {
    return in_job(change.job,
                  name_of(change.job, change.number) + " has a latency on \"" + change.target +
                      "\" already, or is infeasible there",
                  query::record_latency, change.job.value, change.number, change.target,
                  clean_json(wire::measurement_to_json(change.latency)),
                  or_null(clean_text(change.latency.suspect)));
  }

  Result<bool> operator()(const LatencyConfirmed& change) const {
    return in_job(change.job, not_to_confirm(change.job, change.number, change.target),
                  query::confirm_latency, change.job.value, change.number, change.target,
                  clean_json(wire::measurement_to_json(change.latency)),
                  or_null(clean_text(change.latency.suspect)));
  }

  Result<bool> operator()(const CheckRecorded& change) const {
    const TargetCheck& check = change.check;
    const bool measured_now = check.measured_at == TimePoint{};
    return in_job(check.job,
                  "job " + std::to_string(check.job.value) + " has a check of \"" + check.target +
                      "\" already",
                  query::record_check, check.job.value, check.target, clean_text(check.processor),
                  clean_text(check.runtime_version), check.int8, or_null(check.result_json),
                  clean_text(check.reason), check.measured_by.value,
                  measured_now ? Param() : to_param(check.measured_at.time_since_epoch().count()),
                  now);
  }

  Result<bool> operator()(const CanaryRecorded& change) const {
    return in_job(change.job, "the reading of the canary is kept already", query::record_canary,
                  change.job.value, change.target, change.reading.device_id,
                  change.reading.reading_ms);
  }

  Result<bool> operator()(const InfeasibleRecorded& change) const {
    if (change.reason.empty()) return conflict("an infeasible trial needs a reason");
    return in_job(change.job,
                  name_of(change.job, change.number) + " has a latency on \"" + change.target +
                      "\" already, or is infeasible there",
                  query::record_infeasible, change.job.value, change.number, change.target,
                  clean_text(change.reason));
  }

  Result<bool> operator()(const TrialEnded& change) const {
    auto ended = in_job(change.job,
                        name_of(change.job, change.number) + " does not run, or cannot become " +
                            std::string(coordinator::name_of(change.state)),
                        query::end_trial, change.job.value, change.number,
                        coordinator::name_of(change.state), clean_text(change.reason), now);
    if (ended) {
      log_event(tx, now, "trial." + std::string(coordinator::name_of(change.state)),
                to_param(change.job.value), trial_body(change.number));
    }
    return ended;
  }

  Result<bool> operator()(const SearchLogged& change) const {
    const auto state = open_job(change.job);
    if (!state) return state.error();
    execute(tx, query::log_search, change.job.value, coordinator::name_of(change.step),
            change.payload_json);
    return true;
  }

  Result<bool> operator()(const TaskAdded& change) const {
    if (change.task.subject.job) {
      const auto state = open_job(*change.task.subject.job);
      if (!state) return state.error();
    }
    insert_task(tx, now, change.task);
    return true;
  }

  Result<bool> operator()(const TaskSetAside& change) const {
    if (change.reason.empty()) return conflict("a task that is set aside needs a reason");
    if (execute(tx, query::set_task_aside, change.task.value, clean_text(change.reason), now)
            .empty()) {
      return conflict("task " + std::to_string(change.task.value) +
                      " has not ended, or is set aside already");
    }
    return true;
  }

  Result<bool> operator()(const ModelInspected& change) const {
    const auto rows =
        execute(tx, query::inspect_model, change.sha256, coordinator::name_of(change.state),
                clean_text(change.reason), or_null(change.summary_json));
    if (rows.empty()) return conflict("model " + change.sha256 + " is not being inspected");
    log_event(tx, now, "model." + std::string(coordinator::name_of(change.state)), std::nullopt,
              sha_body(change.sha256));
    return true;
  }

  Result<bool> operator()(const DatasetInspected& change) const {
    const DatasetCounts& counts = change.counts;
    const auto rows =
        execute(tx, query::inspect_dataset, change.sha256, coordinator::name_of(change.state),
                clean_text(change.reason), counts.calibration_images, counts.validation_images,
                counts.boxes, counts.labelled, json_param(clean_texts(counts.classes)),
                json_param(counts.class_boxes), json_param(clean_texts(counts.notes)));
    if (rows.empty()) return conflict("dataset " + change.sha256 + " is not being inspected");
    log_event(tx, now, "dataset." + std::string(coordinator::name_of(change.state)), std::nullopt,
              sha_body(change.sha256));
    return true;
  }

  Result<bool> operator()(const ComparisonEnded& change) const {
    const auto rows = execute(tx, query::end_comparison, change.comparison.value,
                              coordinator::name_of(change.state), clean_text(change.reason),
                              or_null(change.result_json), now);
    if (rows.empty()) {
      return conflict("comparison " + std::to_string(change.comparison.value) +
                      " has ended, or cannot become " +
                      std::string(coordinator::name_of(change.state)));
    }
    log_event(tx, now, "comparison." + std::string(coordinator::name_of(change.state)),
              text_of(rows[0][0]),
              "{\"comparison\":" + std::to_string(change.comparison.value) + "}");
    return true;
  }
};

}  // namespace

Result<bool> apply_change(pqxx::work& transaction, const Param& now, const Change& change) {
  return std::visit(Apply{transaction, now}, change);
}

Result<JobState> lock_job(pqxx::work& transaction, JobId job) {
  const auto rows = execute(transaction, query::lock_job, job.value);
  if (rows.empty()) return not_found("job", job.value);
  return enum_of<JobState, 8>(rows[0][0]);
}

void move_job(pqxx::work& transaction, const Param& now, JobId job, JobState to,
              const std::string& reason) {
  const std::string state(pare::name_of(to));
  execute(transaction, query::move_job, job.value, state, reason, now);
  if (is_final(to)) {
    cancel_tasks(transaction, now, to_param(job.value), std::nullopt);
    execute(transaction, query::end_trials_of_job, job.value, "the job ended first: " + state, now);
  }
  log_event(transaction, now, "job." + state, to_param(job.value), "{}");
}

}  // namespace pare::coordinator
