#include "coordinator/store/pg_monitor.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "coordinator/store/pg_rows.h"

namespace pare::coordinator {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{500};        // between two questions
constexpr milliseconds kPatience{2'000};  // for an answer; a call that waits as long is cut
constexpr milliseconds kOverdue{1'800};   // no answer for so long: away
constexpr std::chrono::seconds kFullFor{30};
constexpr const char* kChannel = "pare_task_queued";  // sql/migrations/0007

std::string seconds_of(std::chrono::steady_clock::duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", std::chrono::duration<double>(time).count());
  return text;
}

TimePoint wall_time_of(std::chrono::steady_clock::time_point at) {
  const auto age = std::chrono::steady_clock::now() - at;
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now() - age);
}

class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection_base& connection, std::function<void()> ring)
      : notification_receiver(connection, kChannel), ring_(std::move(ring)) {}
  void operator()(const std::string&, int) override { ring_(); }

 private:
  std::function<void()> ring_;
};

}  // namespace

PgMonitor::PgMonitor(PgPool& pool, Log log) : pool_(pool), log_(std::move(log)) {}

PgMonitor::~PgMonitor() {
  thread_.request_stop();
  end_.ring();
  if (thread_.joinable()) thread_.join();
  receiver_.reset();
}

void PgMonitor::start() {
  if (thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    answered_at_ = Clock::now();
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void PgMonitor::when_tasks_are_queued(std::function<void()> bell) {
  const std::scoped_lock lock(mutex_);
  bell_ = std::move(bell);
}

void PgMonitor::ring() {
  const std::scoped_lock lock(mutex_);
  if (bell_) bell_();
}

Health PgMonitor::health() const {
  const auto no_room = pool_.no_room();
  const auto now = Clock::now();
  const std::scoped_lock lock(mutex_);
  const auto as = [&](StoreState state, std::string reason, std::optional<TimePoint> since) {
    return Health{state,           std::move(reason), since,
                  counts_.workers, counts_.waiting,   counts_.waiting_reason};
  };
  if (away_since_) return as(StoreState::kAway, reason_, wall_time_of(*away_since_));
  if (now - answered_at_ > kOverdue) {
    return as(StoreState::kAway, "the database does not answer", wall_time_of(answered_at_));
  }
  if (no_room && now - no_room->last < kFullFor) {
    return as(StoreState::kFull, no_room->reason, wall_time_of(no_room->first));
  }
  return as(StoreState::kOk, "", std::nullopt);
}

void PgMonitor::loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto begin = Clock::now();
    try {
      look();
      // Until the next question, new tasks are listened for.
      while (!stop.stop_requested() && Clock::now() - begin < kLook) {
        wait(begin + kLook, true);
        connection_->get_notifs();
      }
    } catch (const std::exception& thrown) {
      const bool hung = Clock::now() - begin >= kPatience;
      receiver_.reset();
      connection_.reset();
      failed(classify(thrown).error.message, hung);
      wait(begin + kLook / 2, false);
    }
  }
}

void PgMonitor::wait(Clock::time_point until, bool connected) const {
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
  std::array<pollfd, 2> waits{pollfd{end_.fd(), POLLIN, 0},
                              pollfd{connected ? connection_->sock() : -1, POLLIN, 0}};
  ::poll(waits.data(), waits.size(), static_cast<int>(std::max<long>(left.count(), 0)));
}

void PgMonitor::look() {
  if (connection_ == nullptr) {
    connection_ = connect(pool_.conninfo(), pool_.limits(), pool_.watchdog());
    const PgWatchdog::Watch watch(pool_.watchdog(), connection_->sock(), kPatience);
    receiver_ = std::make_unique<Receiver>(*connection_, [this] { ring(); });
  }
  const PgWatchdog::Watch watch(pool_.watchdog(), connection_->sock(), kPatience);
  pqxx::work transaction(*connection_);
  const auto row = execute(transaction, query::count_workers)[0];
  const Counts counts{row[0].as<int>(), row[1].as<int>(), text_of(row[2])};
  transaction.commit();
  answered(counts);
}

// Said once when it begins, when the reason changes, and when it is over.
void PgMonitor::tell_of_waits(const Counts& before, const Counts& now) const {
  if (!log_ || before.waiting_reason == now.waiting_reason) return;
  log_(now.waiting == 0
           ? "no task waits any more"
           : std::to_string(now.waiting) + (now.waiting == 1 ? " task waits: " : " tasks wait: ") +
                 now.waiting_reason);
}

void PgMonitor::answered(const Counts& counts) {
  std::optional<Clock::time_point> since;
  Counts before;
  const auto now = Clock::now();
  {
    const std::scoped_lock lock(mutex_);
    before = std::exchange(counts_, counts);
    answered_at_ = now;
    since = std::exchange(away_since_, std::nullopt);
  }
  tell_of_waits(before, counts);
  if (!since) return;
  pool_.set_hung(false);
  if (log_) log_("the database is back after " + seconds_of(now - *since));
  ring();  // nobody told of the tasks that were queued meanwhile
}

void PgMonitor::failed(const std::string& reason, bool hung) {
  bool begins = false;
  {
    const std::scoped_lock lock(mutex_);
    begins = !away_since_;
    if (begins) away_since_ = answered_at_;
    reason_ = hung ? "the database does not answer" : reason;
  }
  if (hung) {
    pool_.set_hung(true);
    pool_.watchdog().cut_older_than(kPatience);
  } else {
    pool_.set_hung(false);
  }
  if (begins && log_) log_("the database is away: " + reason + "; everything waits for it");
}

}  // namespace pare::coordinator
