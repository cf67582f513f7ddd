#include <algorithm>

#include "coordinator/store/pg_store_impl.h"
#include "coordinator/store/references.h"
#include "wire/accuracy_json.h"
#include "wire/measurement_json.h"

namespace pare::coordinator {
namespace {

Trial trial_of(const pqxx::row& row) {
  Trial trial;
  trial.job = JobId{row["job_id"].as<std::int64_t>()};
  trial.number = row["number"].as<int>();
  trial.plan_sha256 = text_of(row["plan_sha256"]);
  trial.plan_json = text_of(row["plan"]);
  trial.origin = enum_of(row["origin"], kTrialOriginNames);
  trial.genome = integers_of(row["genome"]);
  trial.state = enum_of(row["state"], kTrialStateNames);
  trial.reason = text_of(row["reason"]);
  trial.candidate_sha256 = text_of(row["candidate_sha256"]);
  trial.bytes = integer_of(row["bytes"]);
  trial.macs = integer_of(row["macs"]);
  trial.build_json = text_of(row["build"]);
  trial.created_at = time_of(row["created_at"]);
  trial.finished_at = optional_time_of(row["finished_at"]);
  return trial;
}

std::string name_of_trial(const pqxx::row& row) {
  return "trial " + text_of(row["number"]) + " of job " + text_of(row["job_id"]);
}

void cannot_be_read(Trial& trial, const std::string& why) {
  trial.state = TrialState::kFailed;
  trial.reason = trial.unreadable = why;
  trial.genome.clear();
  trial.on_target.clear();
}

Trial unreadable_trial(const pqxx::row& row, const std::string& why) {
  Trial trial;
  trial.job = JobId{row["job_id"].as<std::int64_t>()};
  trial.number = row["number"].as<int>();
  trial.plan_sha256 = text_of(row["plan_sha256"]);
  trial.plan_json = text_of(row["plan"]);
  trial.candidate_sha256 = text_of(row["candidate_sha256"]);
  trial.created_at = time_of(row["created_at"]);
  cannot_be_read(trial, why);
  return trial;
}

Result<Trial> if_readable(Trial trial) {
  if (trial.unreadable.empty()) return trial;
  return Error{ErrorCode::kInternal, trial.unreadable};
}

Accuracy accuracy_of(const pqxx::row& row) {
  Accuracy accuracy = read_document(row["accuracy"], wire::parse_accuracy);
  // None of these images has a box.
  if (accuracy.held_back && accuracy.held_back->map_50_95 < 0) accuracy.held_back.reset();
  accuracy.runtime = text_of(row["accuracy_runtime"]);
  accuracy.detections_sha256 = text_of(row["detections_sha256"]);
  accuracy.figures = numbers_by_name(row["figures"]);
  accuracy.alarm = text_of(row["accuracy_alarm"]);
  return accuracy;
}

Measurement latency_of(const pqxx::row& row, const std::string& prefix) {
  Measurement latency = read_document(row[prefix + "latency"], wire::parse_measurement);
  // An earlier version kept the samples beside it.
  const auto beside = integer_of(row[prefix + "samples"]);
  if (beside) latency.samples = static_cast<int>(*beside);
  latency.suspect = text_of(row[prefix + "suspect"]);
  return latency;
}

TargetRecord record_of(const pqxx::row& row) {
  TargetRecord record;
  if (!row["accuracy"].is_null()) record.accuracy = accuracy_of(row);
  if (!row["latency"].is_null()) record.latency = latency_of(row, "");
  if (!row["confirmed_latency"].is_null()) record.confirmed = latency_of(row, "confirmed_");
  record.infeasible = text_of(row["infeasible"]);
  return record;
}

std::string name_of_accuracy(const pqxx::row&) {
  return "a stored accuracy";
}

std::string name_of_outcome(const pqxx::row& row) {
  return "its outcome on \"" + text_of(row["target"]) + "\"";
}

std::string name_of_contenders(const pqxx::row&) {
  return "what was kept of the fronts";
}

std::set<int> numbers_in(const pqxx::row& row) {
  const std::vector<int> numbers = integers_of(row["numbers"]);
  return {numbers.begin(), numbers.end()};
}

// Adds what is known on the targets.  REQUIRES: `trials` are of one job and in order.
void add_outcomes(pqxx::work& tx, std::span<Trial> trials) {
  if (trials.empty()) return;
  std::vector<int> numbers;
  for (const Trial& trial : trials) numbers.push_back(trial.number);
  const auto rows =
      execute(tx, query::select_outcomes, trials.front().job.value, array_param(numbers));
  for (const auto& row : rows) {
    const auto at = std::ranges::lower_bound(trials, row["number"].as<int>(), {}, &Trial::number);
    if (at == trials.end() || at->number != row["number"].as<int>()) continue;
    if (!at->unreadable.empty()) continue;
    auto record = read_one(row, name_of_outcome, record_of);
    if (record) {
      at->on_target[text_of(row["target"])] = std::move(record).value();
    } else {
      cannot_be_read(*at, "trial " + std::to_string(at->number) + " of job " +
                              std::to_string(at->job.value) +
                              " cannot be read: " + record.error().message);
    }
  }
}

std::vector<Trial> read_trials(pqxx::work& tx, const std::vector<Param>& filters) {
  std::vector<Trial> trials = read_all(execute(tx, query::select_trials, filters), name_of_trial,
                                       trial_of, unreadable_trial);
  for (auto begin = trials.begin(); begin != trials.end();) {
    const auto end = std::find_if(begin, trials.end(),
                                  [&](const Trial& trial) { return trial.job != begin->job; });
    add_outcomes(tx, std::span(begin, end));
    begin = end;
  }
  return trials;
}

// Trials of all jobs whose `member` begins with a reference.
Result<std::vector<Trial>> trials_with(pqxx::work& tx, std::string_view what,
                                       std::string Trial::*member, std::string_view sha256,
                                       const std::vector<Param>& filters) {
  if (!is_sha_prefix(sha256)) return not_found(what, sha256);
  std::vector<Trial> found = read_trials(tx, filters);
  if (found.empty()) return not_found(what, sha256);
  for (const Trial& trial : found) {
    if (trial.*member != found.front().*member) return ambiguous(what, sha256);
  }
  const Trial first = found.front();
  std::erase_if(found, [](const Trial& trial) { return !trial.unreadable.empty(); });
  if (found.empty()) return if_readable(first).error();
  return found;
}

}  // namespace

Result<TrialsUpTo> PgStore::changed_trials(JobId job, std::int64_t after, int limit) {
  return pool_.run([&](pqxx::work& tx) -> Result<TrialsUpTo> {
    TrialsUpTo changed{{}, after};
    for (const auto& row : execute(tx, query::select_changed, job.value, after, limit)) {
      changed.numbers.insert(row["number"].as<int>());
      changed.revision = row["revision"].as<std::int64_t>();
    }
    return changed;
  });
}

Result<std::monostate> PgStore::keep_contenders(JobId job, const TrialsUpTo& contenders, int rule) {
  const std::vector<int> numbers(contenders.numbers.begin(), contenders.numbers.end());
  return pool_.run([&](pqxx::work& tx) -> Result<std::monostate> {
    if (execute(tx, query::select_jobs, job.value, 0, false, 1, now()).empty()) {
      return not_found("job", job.value);
    }
    execute(tx, query::keep_contenders, job.value, array_param(numbers), contenders.revision, rule);
    return std::monostate{};
  });
}

Result<std::optional<std::set<int>>> PgStore::kept_contenders(JobId job, int rule) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::optional<std::set<int>>> {
    const auto rows = execute(tx, query::select_contenders, job.value, rule);
    if (rows.empty()) return std::optional<std::set<int>>();
    const auto numbers = read_one(rows.front(), name_of_contenders, numbers_in);
    if (!numbers) return std::optional<std::set<int>>();  // they can be worked out
    return std::optional(numbers.value());
  });
}

Result<std::vector<Trial>> PgStore::trials_numbered(JobId job, const std::vector<int>& numbers) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Trial>> {
    return read_trials(tx, {to_param(job.value), array_param(numbers), to_param(0), std::nullopt,
                            std::nullopt, std::nullopt});
  });
}

Result<std::vector<Trial>> PgStore::trials(JobId job, const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Trial>> {
    return read_trials(tx, {to_param(job.value), std::nullopt, to_param(page.after), std::nullopt,
                            std::nullopt, to_param(page.limit)});
  });
}

Result<Trial> PgStore::trial(JobId job, int number) {
  return pool_.run([&](pqxx::work& tx) -> Result<Trial> {
    const auto found = read_trials(tx, {to_param(job.value), array_param(std::vector{number}),
                                        to_param(0), std::nullopt, std::nullopt, to_param(1)});
    if (found.empty()) return not_found("trial of job " + std::to_string(job.value), number);
    return if_readable(found.front());
  });
}

Result<SamplesInRow> PgStore::samples_in_row(JobId job, int number, std::string_view target) {
  return pool_.run([&](pqxx::work& tx) -> Result<SamplesInRow> {
    const auto rows = execute(tx, query::select_samples, job.value, number, target);
    if (rows.empty()) return SamplesInRow{};
    return SamplesInRow{numbers_of(rows[0]["samples_ms"]),
                        numbers_of(rows[0]["confirmed_samples_ms"])};
  });
}

Result<std::vector<Trial>> PgStore::trials_with_plan(std::string_view sha256) {
  return pool_.run([&](pqxx::work& tx) {
    return trials_with(
        tx, "plan", &Trial::plan_sha256, sha256,
        {std::nullopt, std::nullopt, to_param(0), to_param(sha256), std::nullopt, std::nullopt});
  });
}

Result<std::vector<Trial>> PgStore::trials_with_candidate(std::string_view sha256) {
  return pool_.run([&](pqxx::work& tx) {
    return trials_with(
        tx, "candidate", &Trial::candidate_sha256, sha256,
        {std::nullopt, std::nullopt, to_param(0), std::nullopt, to_param(sha256), std::nullopt});
  });
}

Result<std::vector<StoredAccuracy>> PgStore::accuracies_of(std::string_view candidate_sha256) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<StoredAccuracy>> {
    std::vector<StoredAccuracy> found;
    for (const auto& row : execute(tx, query::select_accuracies, candidate_sha256)) {
      auto one = read_one(row, name_of_accuracy, accuracy_of);
      if (one) {
        found.push_back({text_of(row["accuracy_identity"]), std::move(one).value()});
      } else {
        log_once(one.error().message + " (of candidate " + std::string(candidate_sha256) + ")");
      }
    }
    return found;
  });
}

}  // namespace pare::coordinator
