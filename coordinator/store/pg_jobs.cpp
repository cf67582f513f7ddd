#include "coordinator/store/pg_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

Job job_of(const pqxx::row& row) {
  Job job;
  job.id = JobId{row["id"].as<std::int64_t>()};
  job.document_json = text_of(row["document"]);
  job.model_sha256 = text_of(row["model_sha256"]);
  job.card_version = row["card_version"].as<int>();
  job.warnings = texts_of(row["warnings"]);
  job.dataset_sha256 = text_of(row["dataset_sha256"]);
  job.targets = texts_of(row["targets"]);
  job.seed = row["seed"].as<std::uint64_t>();
  job.state = enum_of<JobState, 8>(row["state"]);
  job.reason = text_of(row["reason"]);
  job.owner = text_of(row["owner"]);
  job.priority = row["priority"].as<int>();
  job.statistics_sha256 = text_of(row["statistics_sha256"]);
  job.prepared_json = text_of(row["prepared"]);
  job.preprocessing_json = text_of(row["preprocessing"]);
  job.supernet_sha256 = text_of(row["supernet_sha256"]);
  job.tuning_json = text_of(row["tuning"]);
  job.created_at = time_of(row["created_at"]);
  job.started_at = optional_time_of(row["started_at"]);
  job.searching_at = optional_time_of(row["searching_at"]);
  job.finished_at = optional_time_of(row["finished_at"]);
  job.trials = {row["asked"].as<int>(), row["finished"].as<int>(), row["failed"].as<int>()};
  job.device_seconds = row["device_seconds"].as<double>();
  job.searched_seconds = row["searched_seconds"].as<double>();
  job.revision = row["revision"].as<std::int64_t>();
  job.read_at = time_of(row["read_at"]);
  return job;
}

SupernetRecord supernet_of(const pqxx::row& row) {
  SupernetRecord supernet;
  supernet.cursor = row["id"].as<std::int64_t>();
  supernet.sha256 = text_of(row["sha256"]);
  supernet.bytes = row["bytes"].as<std::int64_t>();
  if (!row["job_id"].is_null()) supernet.job = JobId{row["job_id"].as<std::int64_t>()};
  supernet.model_sha256 = text_of(row["model_sha256"]);
  supernet.card_version = row["card_version"].as<int>();
  supernet.dataset_sha256 = text_of(row["dataset_sha256"]);
  supernet.statistics_sha256 = text_of(row["statistics_sha256"]);
  supernet.training_json = text_of(row["training"]);
  supernet.plan_sha256 = text_of(row["plan_sha256"]);
  supernet.created_at = time_of(row["created_at"]);
  return supernet;
}

TargetCheck check_of(const pqxx::row& row) {
  TargetCheck check;
  check.job = JobId{row["job_id"].as<std::int64_t>()};
  check.target = text_of(row["target"]);
  check.processor = text_of(row["processor"]);
  check.runtime_version = text_of(row["runtime_version"]);
  check.int8 = row["int8"].as<bool>();
  check.result_json = text_of(row["result"]);
  check.reason = text_of(row["reason"]);
  check.measured_by = JobId{row["measured_by"].as<std::int64_t>()};
  check.measured_at = time_of(row["measured_at"]);
  return check;
}

// As it was asked for.
Comparison asked_comparison(const pqxx::row& row) {
  Comparison comparison;
  comparison.id = ComparisonId{row["id"].as<std::int64_t>()};
  comparison.job = JobId{row["job_id"].as<std::int64_t>()};
  comparison.target = text_of(row["target"]);
  comparison.plan_a_sha256 = text_of(row["plan_a_sha256"]);
  comparison.plan_b_sha256 = text_of(row["plan_b_sha256"]);
  comparison.document_json = text_of(row["document"]);
  comparison.created_at = time_of(row["created_at"]);
  return comparison;
}

Comparison comparison_of(const pqxx::row& row) {
  Comparison comparison = asked_comparison(row);
  comparison.state = enum_of(row["state"], kComparisonStateNames);
  comparison.reason = text_of(row["reason"]);
  comparison.result_json = text_of(row["result"]);
  comparison.finished_at = optional_time_of(row["finished_at"]);
  return comparison;
}

std::string name_of_job(const pqxx::row& row) {
  return "job " + text_of(row["id"]);
}

Job unreadable_job(const pqxx::row& row, const std::string& why) {
  Job job;
  job.id = JobId{row["id"].as<std::int64_t>()};
  job.document_json = text_of(row["document"]);
  job.model_sha256 = text_of(row["model_sha256"]);
  job.dataset_sha256 = text_of(row["dataset_sha256"]);
  job.state = JobState::kFailed;
  job.reason = job.unreadable = why;
  job.created_at = time_of(row["created_at"]);
  job.read_at = time_of(row["read_at"]);
  return job;
}

std::vector<Job> jobs_of(const pqxx::result& rows) {
  return read_all(rows, name_of_job, job_of, unreadable_job);
}

std::string name_of_comparison(const pqxx::row& row) {
  return "comparison " + text_of(row["id"]);
}

Comparison unreadable_comparison(const pqxx::row& row, const std::string& why) {
  Comparison comparison = asked_comparison(row);
  comparison.state = ComparisonState::kFailed;
  comparison.reason = comparison.unreadable = why;
  return comparison;
}

SearchLogEntry entry_of(const pqxx::row& row) {
  return {row["seq"].as<int>(), enum_of(row["step"], kSearchStepNames), text_of(row["payload"])};
}

std::string name_of_entry(const pqxx::row& row) {
  return "entry " + text_of(row["seq"]) + " of the search log of job " + text_of(row["job_id"]);
}

// Of rows in which nothing differs between versions.
template <typename Record>
std::vector<Record> read_plain(const pqxx::result& rows, Record (*read)(const pqxx::row&)) {
  std::vector<Record> records;
  for (const auto& row : rows) records.push_back(read(row));
  return records;
}

Result<Job> read_job(pqxx::work& tx, const Param& now, JobId id) {
  const auto rows = execute(tx, query::select_jobs, id.value, 0, false, 1, now);
  if (rows.empty()) return not_found("job", id.value);
  return read_one(rows.front(), name_of_job, job_of);
}

Result<Comparison> read_comparison(pqxx::work& tx, ComparisonId id) {
  const auto rows = execute(tx, query::select_comparisons, id.value, 0, 1);
  if (rows.empty()) return not_found("comparison", id.value);
  return read_one(rows.front(), name_of_comparison, comparison_of);
}

// The id that an earlier request with this key made; 0: there was none.  Requests with the same key
// wait for each other here.
Result<std::int64_t> find_key(pqxx::work& tx, std::string_view route,
                              const std::optional<Idempotency>& idempotency) {
  if (!idempotency) return std::int64_t{0};
  execute(tx, query::lock_key, route, idempotency->key);
  const auto rows = execute(tx, query::select_key, route, idempotency->key);
  if (rows.empty()) return std::int64_t{0};
  if (text_of(rows[0]["request_sha256"]) != idempotency->request_sha256) {
    return conflict("the idempotency key \"" + idempotency->key +
                    "\" was used for another request");
  }
  return rows[0]["made_id"].as<std::int64_t>();
}

}  // namespace

Result<Created<Job>> PgStore::add_job(const JobDraft& draft,
                                      const std::optional<Idempotency>& idempotency) {
  return pool_.run([&](pqxx::work& tx) -> Result<Created<Job>> {
    const auto earlier = find_key(tx, "jobs", idempotency);
    if (!earlier) return earlier.error();
    const bool create = earlier.value() == 0;
    JobId id{earlier.value()};
    if (create) {
      const auto rows = execute(tx, query::insert_job, draft.document_json, draft.model_sha256,
                                draft.dataset_sha256, draft.seed, json_param(draft.targets), now(),
                                json_param(clean_texts(draft.warnings)), draft.owner);
      id = JobId{rows[0][0].as<std::int64_t>()};
      if (idempotency) {
        execute(tx, query::insert_key, "jobs", idempotency->key, idempotency->request_sha256,
                id.value, now());
      }
      log_event(tx, now(), "job.queued", to_param(id.value), "{}");
    }
    auto job = read_job(tx, now(), id);
    if (!job) return job.error();
    return Created<Job>{std::move(job).value(), create};
  });
}

Result<std::optional<Job>> PgStore::job_made_by(const Idempotency& idempotency) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::optional<Job>> {
    const auto made = find_key(tx, "jobs", idempotency);
    if (!made) return made.error();
    if (made.value() == 0) return std::optional<Job>();
    auto job = read_job(tx, now(), JobId{made.value()});
    if (!job) return job.error();
    return std::optional(std::move(job).value());
  });
}

Result<Job> PgStore::job(JobId id) {
  return pool_.run([&](pqxx::work& tx) { return read_job(tx, now(), id); });
}

Result<std::vector<Job>> PgStore::jobs(const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Job>> {
    return jobs_of(
        execute(tx, query::select_jobs, std::nullopt, page.after, false, page.limit, now()));
  });
}

Result<std::vector<Job>> PgStore::active_jobs() {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Job>> {
    return jobs_of(execute(tx, query::select_jobs, std::nullopt, 0, true, std::nullopt, now()));
  });
}

Result<Job> PgStore::cancel_job(JobId id) {
  return pool_.run([&](pqxx::work& tx) -> Result<Job> {
    const auto state = lock_job(tx, id);
    if (!state) return state.error();
    if (state.value() == JobState::kCancelled) return read_job(tx, now(), id);
    if (is_final(state.value())) {
      return conflict("job " + std::to_string(id.value) + " is " +
                      std::string(pare::name_of(state.value())) + " already");
    }
    move_job(tx, now(), id, JobState::kCancelled, "");
    return read_job(tx, now(), id);
  });
}

// A job that stands there already stays as it is.
Result<Job> PgStore::switch_job(JobId id, JobState from, JobState to) {
  return pool_.run([&](pqxx::work& tx) -> Result<Job> {
    const auto state = lock_job(tx, id);
    if (!state) return state.error();
    if (state.value() == to) return read_job(tx, now(), id);
    if (state.value() != from) {
      return conflict("job " + std::to_string(id.value) + " is " +
                      std::string(pare::name_of(state.value())) + ": only one that is " +
                      std::string(pare::name_of(from)) + " can be " +
                      std::string(pare::name_of(to)));
    }
    move_job(tx, now(), id, to, "");
    return read_job(tx, now(), id);
  });
}

Result<Job> PgStore::pause_job(JobId id) {
  return switch_job(id, JobState::kSearching, JobState::kPaused);
}

Result<Job> PgStore::resume_job(JobId id) {
  return switch_job(id, JobState::kPaused, JobState::kSearching);
}

Result<Job> PgStore::set_priority(JobId id, int priority) {
  return pool_.run([&](pqxx::work& tx) -> Result<Job> {
    if (const auto state = lock_job(tx, id); !state) return state.error();
    execute(tx, query::set_priority, id.value, priority);
    log_event(tx, now(), "job.priority", to_param(id.value),
              R"({"priority":)" + std::to_string(priority) + "}");
    return read_job(tx, now(), id);
  });
}

Result<std::size_t> PgStore::commit(const Batch& batch) {
  return run_as_leader([&](pqxx::work& tx) -> Result<std::size_t> {
    if (batch.cause && execute(tx, query::handle_task, batch.cause->value).empty()) {
      return conflict("task " + std::to_string(batch.cause->value) +
                      " has not ended, was cancelled or is handled already");
    }
    for (const Change& change : batch.changes) {
      const auto applied = apply_change(tx, now(), change);
      if (!applied) return applied.error();
    }
    // Last: jobs are locked before what is counted of them.
    if (batch.cause) execute(tx, query::add_device_time, batch.cause->value, now());
    return batch.changes.size();
  });
}

Result<std::vector<SupernetRecord>> PgStore::supernets(const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<SupernetRecord>> {
    return read_plain(execute(tx, query::select_supernets, std::nullopt, page.after, page.limit),
                      supernet_of);
  });
}

Result<SupernetRecord> PgStore::supernet(std::string_view sha256) {
  if (!is_sha_prefix(sha256)) return not_found("super-network", sha256);
  return pool_.run([&](pqxx::work& tx) -> Result<SupernetRecord> {
    const auto rows = execute(tx, query::select_supernets, sha256, 0, 2);
    if (rows.empty()) return not_found("super-network", sha256);
    if (rows.size() > 1) return ambiguous("super-network", sha256);
    return supernet_of(rows.front());
  });
}

Result<std::vector<TargetCheck>> PgStore::checks(JobId job) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<TargetCheck>> {
    return read_plain(execute(tx, query::select_checks, job.value, std::nullopt, std::nullopt,
                              std::nullopt, std::nullopt, std::nullopt),
                      check_of);
  });
}

Result<std::vector<TargetCheck>> PgStore::recent_checks(const Target& like,
                                                        std::chrono::seconds max_age) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<TargetCheck>> {
    return read_plain(execute(tx, query::select_checks, std::nullopt, like.pool, like.runtime,
                              like.threads, max_age.count(), now()),
                      check_of);
  });
}

Result<std::vector<CanaryReading>> PgStore::canary_readings(JobId job, std::string_view target) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<CanaryReading>> {
    std::vector<CanaryReading> readings;
    for (const auto& row : execute(tx, query::select_canary, job.value, target, kMostReadings)) {
      readings.push_back({text_of(row["device_id"]), row["reading_ms"].as<double>()});
    }
    return readings;
  });
}

Result<std::vector<SearchLogEntry>> PgStore::search_log(JobId job) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<SearchLogEntry>> {
    std::vector<SearchLogEntry> log;
    for (const auto& row : execute(tx, query::select_search_log, job.value)) {
      auto entry = read_one(row, name_of_entry, entry_of);
      if (!entry) return entry.error();
      log.push_back(std::move(entry).value());
    }
    return log;
  });
}

Result<Created<Comparison>> PgStore::add_comparison(const ComparisonDraft& draft,
                                                    const NewTask& compare,
                                                    const std::optional<Idempotency>& idempotency) {
  return pool_.run([&](pqxx::work& tx) -> Result<Created<Comparison>> {
    const auto earlier = find_key(tx, "comparisons", idempotency);
    if (!earlier) return earlier.error();
    const bool create = earlier.value() == 0;
    ComparisonId id{earlier.value()};
    if (create) {
      const auto rows =
          execute(tx, query::insert_comparison, draft.job.value, draft.target, draft.plan_a_sha256,
                  draft.plan_b_sha256, draft.document_json, now());
      id = ComparisonId{rows[0][0].as<std::int64_t>()};
      NewTask task = compare;
      task.subject.job.reset();  // it outlives its job
      task.subject.comparison = id;
      insert_task(tx, now(), task);
      if (idempotency) {
        execute(tx, query::insert_key, "comparisons", idempotency->key, idempotency->request_sha256,
                id.value, now());
      }
    }
    auto comparison = read_comparison(tx, id);
    if (!comparison) return comparison.error();
    return Created<Comparison>{std::move(comparison).value(), create};
  });
}

Result<std::optional<Comparison>> PgStore::comparison_made_by(const Idempotency& idempotency) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::optional<Comparison>> {
    const auto made = find_key(tx, "comparisons", idempotency);
    if (!made) return made.error();
    if (made.value() == 0) return std::optional<Comparison>();
    auto comparison = read_comparison(tx, ComparisonId{made.value()});
    if (!comparison) return comparison.error();
    return std::optional(std::move(comparison).value());
  });
}

Result<Comparison> PgStore::comparison(ComparisonId id) {
  return pool_.run([&](pqxx::work& tx) { return read_comparison(tx, id); });
}

Result<std::vector<Comparison>> PgStore::comparisons(const Page& page) {
  return pool_.run([&](pqxx::work& tx) -> Result<std::vector<Comparison>> {
    return read_all(execute(tx, query::select_comparisons, std::nullopt, page.after, page.limit),
                    name_of_comparison, comparison_of, unreadable_comparison);
  });
}

}  // namespace pare::coordinator
