#include "coordinator/dispatch/desk.h"

#include <algorithm>

#include "coordinator/dispatch/report.h"

namespace pare::coordinator {
namespace {

// One transaction takes no more; the rest follows in the next.
constexpr std::size_t kMostReports = 256;
constexpr std::size_t kMostBytes = 16U << 20U;
// Beyond it, reports are dropped while the store is away: workers send theirs again.
constexpr std::size_t kMostWaitingBytes = 128U << 20U;
constexpr std::size_t kMostLogged = 1000;
constexpr std::chrono::milliseconds kSeeEvery{1000};

// The same call may succeed later: the store is away, too slow or full, or it is our own bug, and
// then nothing that was reported is given up for it.
bool is_to_wait(const Error& error) {
  return is_retryable(error.code) || error.code == ErrorCode::kInternal;
}

}  // namespace

void Work::add(Greet greet) {
  greets.insert_or_assign(greet.session, std::move(greet));
}

void Work::add(Claim claim) {
  claims.insert(std::move(claim.session));
}

void Work::add(Record record) {
  const std::pair key{record.report.task, record.report.attempt};
  records.insert_or_assign(key, std::move(record));
}

// What the session wanted before it went is void; what it wants later comes after.
void Work::add(Retire retire) {
  greets.erase(retire.session);
  beats.erase(retire.session);
  claims.erase(retire.session);
  retired.insert_or_assign(std::move(retire.session), retire.departure);
}

void Work::add(std::vector<SessionBeat> newest) {
  for (SessionBeat& beat : newest) {
    std::string session = beat.session;
    keep_points(beats[session], beat);
    beats.insert_or_assign(std::move(session), std::move(beat));
  }
}

void Work::add(Work later) {
  for (const auto& [session, departure] : later.retired) add(Retire{session, departure});
  for (auto& [session, greet] : later.greets) add(std::move(greet));
  std::vector<SessionBeat> newest;
  for (auto& [session, beat] : later.beats) newest.push_back(std::move(beat));
  add(std::move(newest));
  for (auto& [key, record] : later.records) add(std::move(record));
  claims.merge(later.claims);
}

bool Work::urgent() const noexcept {
  return !greets.empty() || !records.empty() || !retired.empty() || !claims.empty();
}

Desk::Desk(TaskStore& store, std::chrono::milliseconds lease_length, Log log)
    : store_(store),
      see_every_(std::min(kSeeEvery, lease_length / 6)),
      idle_every_(2 * see_every_),
      gap_(2 * see_every_),
      log_(std::move(log)) {}

void Desk::take(Work more) {
  std::erase_if(more.records, [&](const auto& entry) {
    const std::size_t bytes = entry.second.report.outcome_json.size();
    if (left_.records.contains(entry.first) || left_bytes_ + bytes > kMostWaitingBytes) return true;
    left_bytes_ += bytes;
    return false;
  });
  left_.add(std::move(more));
}

Answers Desk::work(Work more, Instant now) {
  take(std::move(more));
  Answers answers;
  const auto all = [&]() -> Result<bool> {
    if (const auto done = catch_up(now); !done) return done;
    if (const auto done = retire(answers); !done) return done;
    if (const auto done = greet(answers); !done) return done;
    const bool due = !beats_at_ || now - *beats_at_ >= see_every_;
    if (due) {
      if (const auto done = see(answers, now); !done) return done;
    }
    if (const auto done = record(answers); !done) return done;
    // Only now, when all that is known of who lives has been said.
    if (due) {
      if (const auto done = expire(answers); !done) return done;
      if (somebody_runs_) {
        if (const auto done = arrange(answers); !done) return done;
      }
    }
    return claim(answers);
  };
  const auto done = all();
  if (done) {
    last_ok_ = now;
  } else {
    answers.away = true;
    if (!is_retryable(done.error().code)) log_once("the dispatcher waits: " + done.error().message);
    // They are asked for again when there is something to ask.
    answers.asked.assign(left_.claims.begin(), left_.claims.end());
    answers.claims = done.error();
    left_.claims.clear();
  }
  return answers;
}

// The store, or we ourselves, were away: nobody's silence counts.
Result<bool> Desk::catch_up(Instant now) {
  if (last_ok_ && now - *last_ok_ < gap_) return true;
  const auto renewed = store_.renew_all_leases();
  if (!renewed) return renewed.error();
  last_ok_ = now;
  beats_at_.reset();
  seen_at_.clear();
  return true;
}

Result<bool> Desk::retire(Answers& answers) {
  while (!left_.retired.empty()) {
    const auto first = left_.retired.begin();
    const auto given_back = store_.retire(first->first, first->second);
    if (!given_back && is_to_wait(given_back.error())) return given_back.error();
    if (given_back && !given_back.value().empty()) answers.changed = answers.look = true;
    seen_at_.erase(first->first);
    left_.retired.erase(first);
  }
  return true;
}

Result<bool> Desk::greet(Answers& answers) {
  if (left_.greets.empty()) return true;
  std::vector<Greeting> greetings;
  greetings.reserve(left_.greets.size());
  for (const auto& [session, greet] : left_.greets) greetings.push_back({session, greet.profile});
  const auto all = store_.greet_all(greetings);
  if (!all && is_to_wait(all.error())) return all.error();
  for (auto at = left_.greets.begin(); at != left_.greets.end();) {
    Result<bool> answer = true;
    if (!all) {  // one of them cannot be stored: each for itself
      const auto one = store_.greet(at->first, at->second.profile);
      if (!one && is_to_wait(one.error())) return one.error();
      if (!one) answer = one.error();
    }
    answers.greeted.emplace_back(std::move(at->second), std::move(answer));
    at = left_.greets.erase(at);
  }
  answers.look = true;  // a worker more or less changes what a device waits for
  return true;
}

Result<bool> Desk::see(Answers& answers, Instant now) {
  std::vector<SessionBeat> beats;
  for (const auto& [session, beat] : left_.beats) {
    // Who runs nothing is only noted now and then.
    const auto at = seen_at_.find(session);
    const bool early = at != seen_at_.end() && now - at->second < idle_every_;
    if (!beat.running.empty() || !early) beats.push_back(beat);
  }
  somebody_runs_ =
      std::ranges::any_of(beats, [](const auto& beat) { return !beat.running.empty(); });
  if (!beats.empty()) {
    auto seen = store_.see(beats);
    if (!seen) return seen.error();
    answers.seen = std::move(seen).value();
    answers.look |= answers.seen.freed;
  }
  for (const SessionBeat& beat : beats) {
    seen_at_[beat.session] = now;
    left_.beats.erase(beat.session);
  }
  for (const std::string& session : answers.seen.unknown) seen_at_.erase(session);
  beats_at_ = now;
  return true;
}

Result<bool> Desk::record(Answers& answers) {
  while (!left_.records.empty()) {
    std::vector<Record> some;
    std::size_t bytes = 0;
    for (const auto& [key, record] : left_.records) {
      bytes += record.report.outcome_json.size();
      if (some.size() == kMostReports || (bytes > kMostBytes && !some.empty())) break;
      some.push_back(record);
    }
    const auto done = record_some(some, answers);
    if (!done) return done;
  }
  return true;
}

// What the store is to record; a report of a task that does not exist is left out.
Result<std::vector<AttemptReport>> Desk::judged(const std::vector<Record>& records) {
  std::vector<TaskId> tasks;
  tasks.reserve(records.size());
  for (const Record& record : records) tasks.push_back(record.report.task);
  const auto kinds = store_.kinds_of(tasks);
  if (!kinds) return kinds.error();
  std::vector<AttemptReport> reports;
  for (const Record& record : records) {
    const auto kind = kinds.value().find(record.report.task);
    if (kind != kinds.value().end()) {
      reports.push_back(judge(record.report, kind->second));
    } else {
      // The store calls it stale, or fails it.  Another version may read what was found.
      reports.push_back({record.report.task, record.report.attempt, false, false,
                         "a task of no known kind", record.report.outcome_json});
    }
  }
  return reports;
}

Result<bool> Desk::record_some(const std::vector<Record>& records, Answers& answers) {
  const auto reports = judged(records);
  if (!reports) return reports.error();
  const auto verdicts = store_.record(reports.value());
  if (!verdicts && is_to_wait(verdicts.error())) return verdicts.error();
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (verdicts) {
      recorded(records[i], verdicts.value()[i], answers);
      continue;
    }
    const auto done = record_alone(records[i], reports.value()[i], answers);
    if (!done) return done;
  }
  return true;
}

// One of several cannot be stored: each for itself, and that one as the failure that it is.
Result<bool> Desk::record_alone(const Record& record, const AttemptReport& report,
                                Answers& answers) {
  auto verdict = store_.report(report);
  if (!verdict && !is_to_wait(verdict.error())) {
    log_once("the outcome of task " + std::to_string(report.task.value) +
             " cannot be stored: " + verdict.error().message);
    verdict = store_.report(unusable(record.report, verdict.error().message));
  }
  if (!verdict && is_to_wait(verdict.error())) return verdict.error();
  recorded(record, verdict ? verdict.value() : ReportVerdict::kStale, answers);
  return true;
}

void Desk::recorded(const Record& record, ReportVerdict verdict, Answers& answers) {
  if (verdict == ReportVerdict::kRecorded) answers.changed = true;
  const auto at = left_.records.find({record.report.task, record.report.attempt});
  if (at != left_.records.end()) {
    left_bytes_ -= at->second.report.outcome_json.size();
    left_.records.erase(at);
  }
  answers.recorded.emplace_back(record, verdict);
}

Result<bool> Desk::expire(Answers& answers) {
  const auto expired = store_.expire_leases();
  if (!expired) return expired.error();
  if (!expired.value().empty()) answers.changed = answers.look = true;
  return true;
}

// Before claims are made: what steps aside is asked to when an exclusive task waits, and goes on
// when none does.
Result<bool> Desk::arrange(Answers& answers) {
  const auto changed = store_.arrange_devices();
  if (!changed) return changed.error();
  if (changed.value() > 0) answers.look = true;
  return true;
}

Result<bool> Desk::claim(Answers& answers) {
  if (left_.claims.empty()) return true;
  answers.asked.assign(left_.claims.begin(), left_.claims.end());
  auto claims = store_.claim_for(answers.asked);
  if (!claims) return claims.error();
  left_.claims.clear();
  answers.look |= claims.value().again;
  answers.claims = std::move(claims);
  return true;
}

void Desk::log_once(const std::string& line) {
  if (logged_.size() < kMostLogged && logged_.insert(line).second && log_) log_(line);
}

}  // namespace pare::coordinator
