// Both ends of the link, simulated: the coordinator's protocol on a store and three workers'
// protocols on two devices, over a network that loses, repeats, reorders and delays, with crashes
// of everybody. No socket, no thread, no clock: a seed is a story that can be told again.
//
// The coordinator's store goes away for up to a minute, is slow, and commits what nobody learns of.
//
// The promises: no task is lost, none is recorded twice, an exclusive task is alone on its device,
// what stands still does nothing, and once the trouble ends the work does too.  A store that goes
// away or is slow is no trouble at all: nobody loses a lease for it.  PARE_SIMULATION_SEEDS=100000
// tells more stories.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>

#include "coordinator/dispatch/desk.h"
#include "coordinator/dispatch/protocol.h"
#include "coordinator/store/memory_queue.h"
#include "tests/support/flaky_tasks.h"
#include "wire/worker_messages.h"
#include "worker/link/protocol.h"

namespace pare {
namespace {

using std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;

constexpr milliseconds kStep{50};
constexpr milliseconds kTrouble{40'000};
// What lasts is left to a silent worker for a minute, and what lost several waits as long.
constexpr milliseconds kPatience{600'000};
constexpr int kWorkers = 3;
constexpr int kTasks = 12;
// A failure that is final, so that the reason says whose end was recorded.
constexpr const char* kReason = "it was simulated";
constexpr const char* kOutcome =
    R"({"ok": false, "code": "unsupported", "reason": "it was simulated", "seconds": 1})";

struct Packet {
  Instant arrives;
  int number;           // orders those that arrive together
  bool to_coordinator;  // else to the worker
  int worker;
  int connection;
  std::string bytes;
  bool operator>(const Packet& other) const {
    return std::tie(arrives, number) > std::tie(other.arrives, other.number);
  }
};

struct Child {
  Lease lease;
  Instant ends;  // while it stands still, that is put off
  bool killed = false;
  bool still = false;
  std::int64_t step = 0;  // what lasts keeps one of these a second
  Instant stepped{};
};

struct SimulatedWorker {
  std::unique_ptr<worker::Protocol> protocol;  // null: the process is down
  std::string session;
  std::string known{};  // the last session that was welcomed
  Instant restarts{};
  int connection = 0;
  std::map<std::pair<TaskId, int>, Child> children;
  std::map<std::pair<TaskId, int>, wire::TaskReport> disk;  // reports not acknowledged
};

enum class Trouble { kAll, kStoreOnly };

class World {
 public:
  explicit World(unsigned seed, Trouble kind = Trouble::kAll) : kind_(kind), random_(seed) {
    coordinator::StoreOptions options;
    options.clock = [this] {
      return TimePoint(
          std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch()));
    };
    store_ = coordinator::make_memory_queue(options);
    flaky_ = std::make_unique<FlakyTasks>(*store_);
    flaky_->on_recorded = [this](TaskId task) { ++recorded_[task]; };
    for (int i = 0; i < kTasks; ++i) {
      coordinator::NewTask task;
      task.kind = chance(0.4)   ? TaskKind::kBenchmark
                  : chance(0.3) ? TaskKind::kPrepare
                                : TaskKind::kBuild;
      task.document_json = "{}";
      store_->queue(task);
    }
    for (int i = 0; i < kWorkers; ++i) start_worker(i);
    start_coordinator();
  }

  // Empty: every promise was kept.
  std::string run() {
    while (now_.time_since_epoch() < kPatience) {
      now_ += kStep;
      if (trouble()) make_trouble();
      deliver();
      if (coordinator_) tick_coordinator();
      for (int i = 0; i < kWorkers; ++i) tick_worker(i);
      if (!broken_.empty()) return broken_;
      if (!trouble() && all_done()) return verdict();
    }
    return "work is left after " + std::to_string(kPatience.count()) + " ms";
  }

 private:
  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  milliseconds up_to(int most) {
    return milliseconds(std::uniform_int_distribution<int>(0, most)(random_));
  }
  bool trouble() const { return now_.time_since_epoch() < kTrouble; }

  void make_trouble() {
    if (chance(0.002)) store_back_ = now_ + up_to(chance(0.3) ? 60'000 : 8'000);
    if (chance(0.002)) store_slow_until_ = now_ + up_to(8'000);
    if (kind_ == Trouble::kStoreOnly) return;
    if (coordinator_ && chance(0.002)) {
      stop_coordinator();
      coordinator_restarts_ = now_ + up_to(10'000);
    }
    for (SimulatedWorker& worker : workers_) {
      if (worker.protocol && chance(0.002)) {
        worker.protocol.reset();
        worker.children.clear();
        worker.restarts = now_ + up_to(10'000);
      }
    }
    if (chance(0.002)) cut_until_ = now_ + up_to(8'000);
  }

  void start_coordinator() {
    coordinator_.emplace(milliseconds(1000), milliseconds(6000));
    desk_.emplace(*flaky_, milliseconds(6000), nullptr);
  }
  void stop_coordinator() {
    coordinator_.reset();
    desk_.reset();
    work_ = {};
    answers_.reset();
  }
  void start_worker(int index) {
    SimulatedWorker& worker = workers_[static_cast<std::size_t>(index)];
    std::string digits = std::to_string(++sessions_);
    worker.session = "00000000-0000-0000-0000-" + std::string(12 - digits.size(), '0') + digits;
    ++worker.connection;
    std::vector<wire::TaskReport> unanswered;
    for (const auto& [key, report] : worker.disk) unanswered.push_back(report);
    WorkerProfile profile{"w", index < 2 ? "shared device" : "own device", "{}", {}, {}};
    // Sometimes what was kept of the session before is lost with the disk.
    if (chance(0.8)) profile.replaces = worker.known;
    worker.protocol = std::make_unique<worker::Protocol>(worker.session, profile, unanswered);
  }

  // --- the network ---

  void send(bool to_coordinator, int worker, int connection, const std::string& bytes) {
    const bool bad = trouble() && kind_ == Trouble::kAll;
    if (bad && (now_ < cut_until_ || chance(0.05))) return;
    for (int copies = bad && chance(0.05) ? 2 : 1; copies > 0; --copies) {
      const milliseconds delay = bad ? up_to(chance(0.1) ? 3000 : 100) : milliseconds(10);
      network_.push({now_ + delay, ++packets_, to_coordinator, worker, connection, bytes});
    }
  }
  void deliver() {
    while (!network_.empty() && network_.top().arrives <= now_) {
      const Packet packet = network_.top();
      network_.pop();
      SimulatedWorker& worker = workers_[static_cast<std::size_t>(packet.worker)];
      if (packet.connection != worker.connection) continue;  // what was on its way is gone
      if (packet.to_coordinator) {
        if (!coordinator_) continue;
        const std::string route =
            std::to_string(packet.worker) + " " + std::to_string(packet.connection);
        perform(coordinator_->received(route, wire::decode_from_worker(packet.bytes), now_));
      } else if (worker.protocol) {
        const auto message = wire::decode_to_worker(packet.bytes);
        if (!message) broken_ = message.error().message;
        if (message) perform(packet.worker, worker.protocol->received(message.value(), now_));
        if (worker.protocol->welcomed()) worker.known = worker.session;
      }
    }
  }

  // --- the coordinator ---

  void tick_coordinator() {
    perform(coordinator_->tick(now_));
    perform(coordinator_->ask_for_idle());
    work_.add(coordinator_->beats());
    tick_desk();
    std::map<std::string, std::pair<int, int>> load;
    for (const auto& task : tasks(TaskState::kLeased)) {
      auto& [exclusive, others] = load[task.device_id];
      if (!task.suspended) ++(policy_of(task.task.kind).exclusive ? exclusive : others);
    }
    expect_alone();
    for (const auto& [device, counts] : load) {
      if (counts.first > 1 || (counts.first == 1 && counts.second > 0)) {
        broken_ = "an exclusive task was not alone on the " + device;
      }
    }
  }
  // Of the children of attempts that hold their task, which are those that count: one that was
  // given up runs on until its worker hears of it.
  void expect_alone() {
    std::map<std::string, std::pair<int, int>> load;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      for (const auto& [key, child] : workers_[i].children) {
        const auto task = store_->task(key.first);
        const bool held = task && task.value().state == TaskState::kLeased &&
                          task.value().attempt == key.second &&
                          task.value().leased_by == workers_[i].session;
        if (!held || child.still) continue;
        auto& [exclusive, others] = load[task.value().device_id];
        ++(policy_of(task.value().task.kind).exclusive ? exclusive : others);
      }
    }
    for (const auto& [device, counts] : load) {
      if (counts.first > 1 || (counts.first == 1 && counts.second > 0)) {
        broken_ = "a child ran beside an exclusive one on the " + device;
      }
    }
  }
  void perform(const coordinator::Actions& actions) {
    for (const coordinator::Action& action : actions) {
      std::visit([this](const auto& a) { act(a); }, action);
    }
  }
  void act(const coordinator::Send& send_to) {
    const auto space = send_to.route.find(' ');
    send(false, std::stoi(send_to.route.substr(0, space)),
         std::stoi(send_to.route.substr(space + 1)), wire::encode(send_to.message));
  }
  template <typename Wish>
  void act(const Wish& wish) {
    work_.add(Wish(wish));
  }

  // The store's thread: one thing at a time, and what it has done is heard of a moment later.
  void tick_desk() {
    if (answers_ && now_ >= answered_) hear(*std::exchange(answers_, std::nullopt));
    if (answers_) return;
    flaky_->away = now_ < store_back_;
    // A lease that was committed and not heard of runs out: that is trouble of the other kind.
    flaky_->in_doubt = trouble() && kind_ == Trouble::kAll && chance(0.01);
    answers_ = desk_->work(std::exchange(work_, {}), now_);
    answered_ = now_ + (now_ < store_slow_until_ ? up_to(3000) : milliseconds(0));
  }
  void hear(const coordinator::Answers& answers) {
    for (const auto& [greet, answer] : answers.greeted) {
      perform(coordinator_->greeted(greet, answer, now_));
    }
    perform(coordinator_->seen(answers.seen));
    for (const auto& [record, verdict] : answers.recorded) {
      perform(coordinator_->recorded(record, verdict));
    }
    if (answers.claims) perform(coordinator_->claimed(answers.asked, *answers.claims, now_));
  }

  // --- a worker ---

  void tick_worker(int index) {
    SimulatedWorker& worker = workers_[static_cast<std::size_t>(index)];
    if (!worker.protocol && now_ >= worker.restarts) start_worker(index);
    if (!coordinator_ && now_ >= coordinator_restarts_) start_coordinator();
    if (!worker.protocol) return;
    std::vector<std::pair<TaskId, int>> over;
    for (auto& [key, child] : worker.children) {
      if (child.still && !child.killed) {
        child.ends += kStep;
      } else if (now_ >= child.ends) {
        over.push_back(key);
      } else if (now_ - child.stepped >= milliseconds(1000)) {
        child.stepped = now_;
        worker.protocol->told(key, Checkpoint{std::string(64, 'c'), 1, ++child.step});
      }
    }
    for (const auto& key : over) end_child(index, worker, key);
    perform(index, worker.protocol->tick(now_));
  }
  void end_child(int index, SimulatedWorker& worker, const std::pair<TaskId, int>& key) {
    const Child child = worker.children.at(key);
    worker.children.erase(key);
    std::optional<wire::TaskReport> report;
    if (!child.killed) {
      report = wire::TaskReport{child.lease.task, child.lease.attempt, kOutcome};
      worker.disk[{child.lease.task, child.lease.attempt}] = *report;
    }
    perform(index, worker.protocol->ended(key, report, now_));
  }
  void perform(int index, const worker::Actions& actions) {
    SimulatedWorker& worker = workers_[static_cast<std::size_t>(index)];
    for (const worker::Action& action : actions) {
      if (const auto* say = std::get_if<worker::Send>(&action)) {
        send(true, index, worker.connection, wire::encode(say->message));
      } else if (const auto* start = std::get_if<worker::Start>(&action)) {
        for (const auto& [key, child] : worker.children) {
          if (!child.still && !child.killed) broken_ = "a worker started a second child";
        }
        begin_child(worker, start->lease);
      } else if (const auto* forget = std::get_if<worker::Forget>(&action)) {
        worker.disk.erase({forget->task, forget->attempt});
      } else if (std::holds_alternative<worker::Reconnect>(action)) {
        ++worker.connection;
      } else if (const auto* kill = std::get_if<worker::Kill>(&action)) {
        Child& child = worker.children.at({kill->task, kill->attempt});
        child.killed = true;
        child.ends = now_ + milliseconds(100);
      } else if (const auto* suspend = std::get_if<worker::Suspend>(&action)) {
        const std::pair key{suspend->task, suspend->attempt};
        worker.children.at(key).still = stands_still(suspend->suspension);
        perform(index, worker.protocol->suspended(key, suspend->suspension, now_));
      }
    }
  }

  // What lasts takes longer than any network is cut for, and goes on from where it was.
  void begin_child(SimulatedWorker& worker, const Lease& lease) {
    const auto task = store_->task(lease.task);
    const bool lasts = task && policy_of(task.value().task.kind).keeps_checkpoints;
    Child child{lease, now_ + up_to(3000)};
    child.stepped = now_;
    if (lasts) {
      child.step = lease.resume_from ? lease.resume_from->step : 0;
      std::int64_t& furthest = furthest_[lease.task];
      if (child.step < furthest - 20) broken_ = "an attempt began long before what was kept";
      furthest = std::max(furthest, child.step);
      child.ends = now_ + std::max(milliseconds(1000),
                                   milliseconds(20'000) - milliseconds(1000) * child.step);
    }
    worker.children.insert_or_assign({lease.task, lease.attempt}, child);
  }

  std::vector<coordinator::Task> tasks(std::optional<TaskState> state) const {
    auto read = store_->tasks({{}, {}, state}, {});
    return read ? std::move(read).value() : std::vector<coordinator::Task>{};
  }
  bool all_done() const {
    for (const auto& task : tasks({})) {
      if (!is_final(task.state)) return false;
    }
    return true;
  }
  std::string verdict() const {
    for (const auto& task : tasks({})) {
      // What lasts may lose so many workers to chance; that this ends it is promised, too.
      if (task.reason.ends_with("(5 of 5)")) continue;
      const auto at = recorded_.find(task.id);
      const int times = at == recorded_.end() ? 0 : at->second;
      if (task.state != TaskState::kFailed || task.reason != kReason || times != 1) {
        return "task " + std::to_string(task.id.value) + " is " + std::string(name_of(task.state)) +
               " and was recorded " + std::to_string(times) + " times";
      }
      if (kind_ == Trouble::kStoreOnly && task.attempt != 1) {
        return "task " + std::to_string(task.id.value) + " took " + std::to_string(task.attempt) +
               " attempts";
      }
    }
    return "";
  }

  Trouble kind_;
  std::mt19937 random_;
  Instant now_{};
  Instant store_back_{};
  Instant store_slow_until_{};
  Instant cut_until_{};
  std::unique_ptr<coordinator::MemoryQueue> store_;
  std::unique_ptr<FlakyTasks> flaky_;
  std::optional<coordinator::Protocol> coordinator_;
  std::optional<coordinator::Desk> desk_;
  coordinator::Work work_;
  std::optional<coordinator::Answers> answers_;
  Instant answered_{};
  Instant coordinator_restarts_{};
  std::array<SimulatedWorker, kWorkers> workers_;
  std::priority_queue<Packet, std::vector<Packet>, std::greater<>> network_;
  std::map<TaskId, int> recorded_;
  std::map<TaskId, std::int64_t> furthest_;  // a checkpoint that was gone on from
  std::string broken_;
  int packets_ = 0;
  int sessions_ = 0;
};

int seeds() {
  const char* wanted = std::getenv("PARE_SIMULATION_SEEDS");
  return wanted == nullptr ? 300 : std::atoi(wanted);
}

TEST(Simulation, no_task_is_lost_or_recorded_twice_whatever_the_network_and_the_processes_do) {
  for (int seed = 0; seed < seeds(); ++seed) {
    ASSERT_EQ(World(static_cast<unsigned>(seed)).run(), "") << "seed " << seed;
  }
}

TEST(Simulation, a_store_that_goes_away_and_is_slow_costs_no_attempt) {
  for (int seed = 0; seed < seeds(); ++seed) {
    ASSERT_EQ(World(static_cast<unsigned>(seed), Trouble::kStoreOnly).run(), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace pare
