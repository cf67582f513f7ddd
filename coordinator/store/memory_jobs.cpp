#include <algorithm>
#include <functional>

#include "coordinator/store/memory_store_impl.h"
#include "coordinator/store/references.h"

namespace pare::coordinator {
namespace {

// The id that an earlier call with this key made; 0: there was none.
Result<std::int64_t> find_key(const std::map<std::string, StoredKey>& keys,
                              const std::optional<Idempotency>& idempotency) {
  if (!idempotency) return std::int64_t{0};
  const auto at = keys.find(idempotency->key);
  if (at == keys.end()) return std::int64_t{0};
  if (at->second.request_sha256 != idempotency->request_sha256) {
    return conflict("the idempotency key \"" + idempotency->key +
                    "\" was used for another request");
  }
  return at->second.id;
}

template <typename Key, typename Value>
std::vector<Value> page_of(const std::map<Key, Value>& all, const Page& page) {
  std::vector<Value> part;
  for (auto at = all.upper_bound(Key{page.after});
       at != all.end() && static_cast<int>(part.size()) < page.limit; ++at) {
    part.push_back(at->second);
  }
  return part;
}

// Trials whose `member` begins with a reference.
Result<std::vector<Trial>> trials_with(const MemoryState& state, std::string_view what,
                                       std::string Trial::*member, std::string_view sha256) {
  std::vector<Trial> found;
  if (is_sha_prefix(sha256)) {
    for (const auto& [key, stored] : state.trials) {
      if (!(stored.trial.*member).starts_with(sha256)) continue;
      if (!found.empty() && found.front().*member != stored.trial.*member) {
        return ambiguous(what, sha256);
      }
      found.push_back(stored.trial);
    }
  }
  if (found.empty()) return not_found(what, sha256);
  return found;
}

}  // namespace

Result<Created<Job>> MemoryStore::add_job(const JobDraft& draft,
                                          const std::optional<Idempotency>& idempotency) {
  const std::scoped_lock lock(mutex_);
  const auto earlier = find_key(state_.job_keys, idempotency);
  if (!earlier) return earlier.error();
  if (earlier.value() != 0) {
    return Created<Job>{as_read(state_.jobs.at(JobId{earlier.value()})), false};
  }

  const auto has_sha = [](const auto& entries, const std::string& sha256) {
    return std::ranges::any_of(entries, [&](const auto& e) { return e.sha256 == sha256; });
  };
  if (!has_sha(state_.models, draft.model_sha256)) return not_found("model", draft.model_sha256);
  if (!has_sha(state_.datasets, draft.dataset_sha256)) {
    return not_found("dataset", draft.dataset_sha256);
  }
  for (const std::string& target : draft.targets) {
    if (!state_.targets.contains(target)) return not_found("target", target);
  }
  const JobId id{static_cast<std::int64_t>(state_.jobs.size()) + 1};
  Job& job = state_.jobs[id];
  job.id = id;
  job.document_json = draft.document_json;
  job.model_sha256 = draft.model_sha256;
  job.card_version =
      std::ranges::find(state_.models, draft.model_sha256, &Model::sha256)->card_version;
  job.warnings = clean_texts(draft.warnings);
  job.dataset_sha256 = draft.dataset_sha256;
  job.targets = draft.targets;
  job.seed = draft.seed;
  job.created_at = now();
  if (idempotency) state_.job_keys[idempotency->key] = {idempotency->request_sha256, id.value};
  return Created<Job>{as_read(job), true};
}

// The job as the database would show it: with its counts and the time.
Job MemoryStore::as_read(Job job) const {
  for (auto at = state_.trials.lower_bound({job.id, 0});
       at != state_.trials.end() && at->first.first == job.id; ++at) {
    ++job.trials.asked;
    job.trials.finished += at->second.trial.state == TrialState::kFinished ? 1 : 0;
    job.trials.failed += at->second.trial.state == TrialState::kFailed ? 1 : 0;
    for (const std::int64_t revision : at->second.revisions) {
      job.revision = std::max(job.revision, revision);
    }
  }
  std::chrono::duration<double> spent{};
  for (const auto& [id, stored] : state_.tasks) {
    const Task& task = stored.task;
    const bool counts = task.task.subject.job == job.id && task.handled && task.leased_at;
    if (counts && task.finished_at) spent += *task.finished_at - *task.leased_at;
  }
  job.device_seconds = spent.count();
  job.read_at = now();
  return job;
}

Result<std::optional<Job>> MemoryStore::job_made_by(const Idempotency& idempotency) {
  const std::scoped_lock lock(mutex_);
  const auto made = find_key(state_.job_keys, idempotency);
  if (!made) return made.error();
  if (made.value() == 0) return std::optional<Job>();
  return std::optional(as_read(state_.jobs.at(JobId{made.value()})));
}

Result<Job> MemoryStore::job(JobId id) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.jobs.find(id);
  if (at == state_.jobs.end()) return not_found("job", id.value);
  return as_read(at->second);
}

Result<std::vector<Job>> MemoryStore::jobs(const Page& page) {
  const std::scoped_lock lock(mutex_);
  std::vector<Job> part = page_of(state_.jobs, page);
  for (Job& job : part) job = as_read(job);
  return part;
}

Result<std::vector<Job>> MemoryStore::active_jobs() {
  const std::scoped_lock lock(mutex_);
  std::vector<Job> active;
  for (const auto& [id, job] : state_.jobs) {
    if (!is_final(job.state)) active.push_back(as_read(job));
  }
  return active;
}

Result<Job> MemoryStore::cancel_job(JobId id) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.jobs.find(id);
  if (at == state_.jobs.end()) return not_found("job", id.value);
  Job& job = at->second;
  if (job.state == JobState::kCancelled) return as_read(job);
  if (is_final(job.state)) {
    return conflict("job " + std::to_string(id.value) + " is " +
                    std::string(pare::name_of(job.state)) + " already");
  }
  move_job(state_, now(), job, JobState::kCancelled, "");
  return as_read(job);
}

Result<std::size_t> MemoryStore::commit(const Batch& batch) {
  const std::scoped_lock lock(mutex_);
  MemoryState next = state_;
  if (batch.cause) {
    const auto at = next.tasks.find(*batch.cause);
    if (at == next.tasks.end()) return not_found("task", batch.cause->value);
    Task& cause = at->second.task;
    if (cause.handled ||
        (cause.state != TaskState::kSucceeded && cause.state != TaskState::kFailed)) {
      return conflict("task " + std::to_string(batch.cause->value) + " is " +
                      (cause.handled ? std::string("handled already")
                                     : std::string(pare::name_of(cause.state))));
    }
    cause.handled = true;
  }
  for (const Change& change : batch.changes) {
    const auto applied = apply_change(next, now(), change);
    if (!applied) return applied.error();
  }
  state_ = std::move(next);
  return batch.changes.size();
}

Result<std::vector<TargetCheck>> MemoryStore::checks(JobId job) {
  const std::scoped_lock lock(mutex_);
  std::vector<TargetCheck> found;
  const auto at = state_.jobs.find(job);
  if (at == state_.jobs.end()) return found;
  for (const std::string& target : at->second.targets) {
    const auto check = state_.checks.find({job, target});
    if (check != state_.checks.end()) found.push_back(check->second);
  }
  return found;
}

Result<std::vector<TargetCheck>> MemoryStore::recent_checks(const Target& like,
                                                            std::chrono::seconds max_age) {
  const std::scoped_lock lock(mutex_);
  std::vector<TargetCheck> found;
  for (const auto& [key, check] : state_.checks) {
    const Target& target = state_.targets.at(check.target);
    const bool alike = target.pool == like.pool && target.runtime == like.runtime &&
                       target.threads == like.threads;
    if (alike && !check.result_json.empty() && now() - check.measured_at <= max_age)
      found.push_back(check);
  }
  std::ranges::stable_sort(found, std::greater<>(), &TargetCheck::measured_at);
  return found;
}

Result<std::vector<CanaryReading>> MemoryStore::canary_readings(JobId job,
                                                                std::string_view target) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.canary.find({job, std::string(target)});
  if (at == state_.canary.end()) return std::vector<CanaryReading>{};
  const auto& all = at->second;
  return std::vector(all.end() - std::min<std::ptrdiff_t>(std::ssize(all), kMostReadings),
                     all.end());
}

Result<TrialsUpTo> MemoryStore::changed_trials(JobId job, std::int64_t after, int limit) {
  const std::scoped_lock lock(mutex_);
  std::map<std::int64_t, int> by_revision;
  for (auto at = state_.trials.lower_bound({job, 0});
       at != state_.trials.end() && at->first.first == job; ++at) {
    for (const std::int64_t revision : at->second.revisions) {
      if (revision > after) by_revision[revision] = at->first.second;
    }
  }
  TrialsUpTo changed{{}, after};
  for (const auto& [revision, number] : by_revision) {
    if (limit-- <= 0) break;
    changed.numbers.insert(number);
    changed.revision = revision;
  }
  return changed;
}

Result<std::monostate> MemoryStore::keep_contenders(JobId job, const TrialsUpTo& contenders,
                                                    int rule) {
  const std::scoped_lock lock(mutex_);
  if (!state_.jobs.contains(job)) return not_found("job", job.value);
  state_.contenders[job] = {contenders, rule};
  return std::monostate{};
}

Result<std::optional<std::set<int>>> MemoryStore::kept_contenders(JobId job, int rule) {
  const std::scoped_lock lock(mutex_);
  const auto kept = state_.contenders.find(job);
  if (kept == state_.contenders.end() || kept->second.second != rule ||
      kept->second.first.revision != state_.revisions[job]) {
    return std::optional<std::set<int>>();
  }
  return std::optional(kept->second.first.numbers);
}

Result<std::vector<Trial>> MemoryStore::trials_numbered(JobId job,
                                                        const std::vector<int>& numbers) {
  const std::scoped_lock lock(mutex_);
  std::vector<Trial> found;
  for (const int number : std::set(numbers.begin(), numbers.end())) {
    const auto at = state_.trials.find({job, number});
    if (at != state_.trials.end()) found.push_back(at->second.trial);
  }
  return found;
}

Result<std::vector<Trial>> MemoryStore::trials(JobId job, const Page& page) {
  const std::scoped_lock lock(mutex_);
  std::vector<Trial> part;
  for (auto at = state_.trials.upper_bound({job, static_cast<int>(page.after)});
       at != state_.trials.end() && at->first.first == job; ++at) {
    if (static_cast<int>(part.size()) == page.limit) break;
    part.push_back(at->second.trial);
  }
  return part;
}

Result<Trial> MemoryStore::trial(JobId job, int number) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.trials.find({job, number});
  if (at == state_.trials.end()) {
    return not_found("trial of job " + std::to_string(job.value), number);
  }
  return at->second.trial;
}

Result<TargetEvidence> MemoryStore::evidence(JobId job, int number, std::string_view target) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.trials.find({job, number});
  if (at == state_.trials.end()) {
    return not_found("trial of job " + std::to_string(job.value), number);
  }
  const auto found = at->second.evidence.find(std::string(target));
  return found == at->second.evidence.end() ? TargetEvidence{} : found->second;
}

Result<std::vector<Trial>> MemoryStore::trials_with_plan(std::string_view sha256) {
  const std::scoped_lock lock(mutex_);
  return trials_with(state_, "plan", &Trial::plan_sha256, sha256);
}

Result<std::vector<Trial>> MemoryStore::trials_with_candidate(std::string_view sha256) {
  const std::scoped_lock lock(mutex_);
  return trials_with(state_, "candidate", &Trial::candidate_sha256, sha256);
}

Result<std::vector<StoredAccuracy>> MemoryStore::accuracies_of(std::string_view candidate_sha256) {
  const std::scoped_lock lock(mutex_);
  std::map<std::string, StoredAccuracy> by_identity;
  for (const auto& [key, stored] : state_.trials) {
    if (stored.trial.candidate_sha256 != candidate_sha256) continue;
    for (const auto& [target, record] : stored.trial.on_target) {
      const auto identity = stored.identities.find(target);
      if (!record.accuracy || record.accuracy->expected) continue;
      if (identity == stored.identities.end() || identity->second.empty()) continue;
      by_identity.try_emplace(identity->second,
                              StoredAccuracy{identity->second, *record.accuracy,
                                             stored.evidence.at(target).accuracy_json});
    }
  }
  std::vector<StoredAccuracy> found;
  for (auto& [identity, accuracy] : by_identity) found.push_back(std::move(accuracy));
  return found;
}

Result<std::vector<SearchLogEntry>> MemoryStore::search_log(JobId job) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.search_logs.find(job);
  return at == state_.search_logs.end() ? std::vector<SearchLogEntry>{} : at->second;
}

Comparison MemoryStore::with_state(const Comparison& comparison) const {
  Comparison read = comparison;
  if (read.finished_at) return read;
  for (const auto& [id, stored] : state_.tasks) {
    if (stored.task.task.subject.comparison == read.id && stored.task.state == TaskState::kLeased) {
      read.state = ComparisonState::kRunning;
    }
  }
  return read;
}

Result<Created<Comparison>> MemoryStore::add_comparison(
    const ComparisonDraft& draft, const NewTask& compare,
    const std::optional<Idempotency>& idempotency) {
  const std::scoped_lock lock(mutex_);
  const auto earlier = find_key(state_.comparison_keys, idempotency);
  if (!earlier) return earlier.error();
  if (earlier.value() != 0) {
    return Created<Comparison>{with_state(state_.comparisons.at(ComparisonId{earlier.value()})),
                               false};
  }
  if (!state_.jobs.contains(draft.job)) return not_found("job", draft.job.value);
  if (!state_.targets.contains(draft.target)) return not_found("target", draft.target);
  const ComparisonId id{static_cast<std::int64_t>(state_.comparisons.size()) + 1};
  Comparison& comparison = state_.comparisons[id];
  comparison.id = id;
  comparison.job = draft.job;
  comparison.target = draft.target;
  comparison.plan_a_sha256 = draft.plan_a_sha256;
  comparison.plan_b_sha256 = draft.plan_b_sha256;
  comparison.document_json = draft.document_json;
  comparison.created_at = now();
  NewTask task = compare;
  task.subject.job.reset();  // it outlives its job
  task.subject.comparison = id;
  queue_task(state_, now(), task);
  if (idempotency) {
    state_.comparison_keys[idempotency->key] = {idempotency->request_sha256, id.value};
  }
  return Created<Comparison>{comparison, true};
}

Result<std::optional<Comparison>> MemoryStore::comparison_made_by(const Idempotency& idempotency) {
  const std::scoped_lock lock(mutex_);
  const auto made = find_key(state_.comparison_keys, idempotency);
  if (!made) return made.error();
  if (made.value() == 0) return std::optional<Comparison>();
  return std::optional(with_state(state_.comparisons.at(ComparisonId{made.value()})));
}

Result<Comparison> MemoryStore::comparison(ComparisonId id) {
  const std::scoped_lock lock(mutex_);
  const auto at = state_.comparisons.find(id);
  if (at == state_.comparisons.end()) return not_found("comparison", id.value);
  return with_state(at->second);
}

Result<std::vector<Comparison>> MemoryStore::comparisons(const Page& page) {
  const std::scoped_lock lock(mutex_);
  std::vector<Comparison> part = page_of(state_.comparisons, page);
  for (Comparison& comparison : part) comparison = with_state(comparison);
  return part;
}

}  // namespace pare::coordinator
