// What the dispatcher has to tell and to ask the store, done by the many.
//
// The protocol never waits for the store: what it wants piles up in a Work, and whoever owns the
// desk (one thread) has it done.  What cannot be done for want of the store stays, and is done when
// the store is back; the newest heartbeat of a worker and one report of an attempt are enough, so
// what stays is bounded.
//
// Time without the store is nobody's silence: after a gap every lease starts anew, and those who
// kept talking are renewed, before any is judged.  Nothing here looks at a clock: it is told what
// time it is.  Not thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/dispatch/protocol.h"
#include "coordinator/store/task_store.h"

namespace pare::coordinator {

struct Work {
  std::map<std::string, Greet> greets;       // by session
  std::map<std::string, SessionBeat> beats;  // the same
  std::map<std::pair<TaskId, int>, Record> records;
  std::map<std::string, Departure> retired;
  std::set<std::string> claims;

  void add(Greet greet);
  void add(Claim claim);
  void add(Record record);
  void add(Retire retire);
  void add(std::vector<SessionBeat> newest);
  void add(Work later);
  // Whether somebody waits for an answer.
  bool urgent() const noexcept;
};

// For the protocol, in this order.
struct Answers {
  std::vector<std::pair<Greet, Result<bool>>> greeted;
  BeatsSeen seen;
  std::vector<std::pair<Record, ReportVerdict>> recorded;
  std::vector<std::string> asked;
  std::optional<Result<Claims>> claims;  // of those who asked
  bool look = false;                     // there may be work for idle workers
  bool changed = false;                  // outcomes were recorded, or leases lost
  bool away = false;                     // the store did not do everything
};

class Desk {
 public:
  using Log = std::function<void(const std::string&)>;

  // REQUIRES: `store` outlives the desk.  `lease_length` is the store's.
  Desk(TaskStore& store, std::chrono::milliseconds lease_length, Log log);

  Answers work(Work more, Instant now);
  // How often it wants to be called when nothing is urgent.
  std::chrono::milliseconds rhythm() const noexcept { return see_every_; }

 private:
  void take(Work more);
  Result<bool> catch_up(Instant now);
  Result<bool> retire(Answers& answers);
  Result<bool> greet(Answers& answers);
  Result<bool> see(Answers& answers, Instant now);
  Result<bool> record(Answers& answers);
  Result<bool> expire(Answers& answers);
  Result<bool> arrange(Answers& answers);
  Result<bool> claim(Answers& answers);
  Result<std::vector<AttemptReport>> judged(const std::vector<Record>& records);
  Result<bool> record_some(const std::vector<Record>& records, Answers& answers);
  Result<bool> record_alone(const Record& record, const AttemptReport& report, Answers& answers);
  void recorded(const Record& record, ReportVerdict verdict, Answers& answers);
  void log_once(const std::string& line);

  TaskStore& store_;
  std::chrono::milliseconds see_every_;   // leases are extended
  std::chrono::milliseconds idle_every_;  // a worker without a task is noted
  std::chrono::milliseconds gap_;         // without the store: everybody's lease starts anew
  Log log_;
  Work left_;
  std::size_t left_bytes_ = 0;  // of the outcomes
  std::optional<Instant> last_ok_, beats_at_;
  std::map<std::string, Instant> seen_at_;  // by session
  bool somebody_runs_ = false;              // a task, as those seen last said
  std::set<std::string> logged_;
};

}  // namespace pare::coordinator
