#include "worker/agent/agent.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <utility>

namespace pare::worker {
namespace {

constexpr std::chrono::milliseconds kTick{200};

Instant now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Agent::Agent(std::string session, WorkerProfile profile, TaskSettings settings, Link link,
             Outbox outbox, Cache cache, std::filesystem::path session_file)
    : settings_(std::move(settings)),
      link_(std::move(link)),
      outbox_(std::move(outbox)),
      cache_(std::move(cache)),
      protocol_(session, std::move(profile), outbox_.load()),
      session_(std::move(session)),
      session_file_(std::move(session_file)) {}

Agent::~Agent() = default;  // slots_ is last, so they are stopped and joined first

void Agent::run(int signals) {
  while (true) {
    act(protocol_.tick(now()));
    std::array<zmq::pollitem_t, 3> wait{{{link_.socket().handle(), 0, ZMQ_POLLIN, 0},
                                         {nullptr, mailbox_.fd(), ZMQ_POLLIN, 0},
                                         {nullptr, signals, ZMQ_POLLIN, 0}}};
    try {
      zmq::poll(wait.data(), wait.size(), kTick);
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) throw;  // a debugger or a stop and continue came between
      continue;
    }
    if (wait[2].revents != 0) break;
    read_messages();
    read_news();
  }
  spdlog::info("stopping");
  act(protocol_.stopping());
  for (auto& [key, slot] : slots_) slot->thread.request_stop();
  slots_.clear();
  link_.close();
}

void Agent::read_messages() {
  while (const auto message = link_.receive()) {
    if (!*message) {
      spdlog::warn("a message that cannot be read: {}", message->error().message);
      continue;
    }
    if (const auto* refusal = std::get_if<wire::Refusal>(&message->value())) {
      spdlog::warn("the coordinator refuses: {}", refusal->reason);
    }
    const bool welcomed = protocol_.welcomed();
    Actions actions = protocol_.received(message->value(), now());
    // Before anything is asked for: whoever holds a task is known to the next start.
    if (protocol_.welcomed() && !welcomed) note_session();
    act(std::move(actions));
  }
}

void Agent::note_session() const {
  spdlog::info("connected to the coordinator");
  std::error_code failure;
  const std::filesystem::path part = session_file_.string() + ".part";
  std::ofstream(part) << session_ << "\n";
  std::filesystem::rename(part, session_file_, failure);
  // The next start then leaves what this one holds until its grace is over.
  if (failure) spdlog::warn("{}: {}", session_file_.string(), failure.message());
}

void Agent::read_news() {
  for (auto& [key, news] : mailbox_.take()) hear(key, std::move(news));
}

void Agent::hear(Protocol::Key key, TaskNews news) {
  if (news.progress) protocol_.progressed(key, news.progress->share, news.progress->message);
  for (SeriesPoint& point : news.points) protocol_.told(key, std::move(point));
  if (news.checkpoint) protocol_.told(key, *std::move(news.checkpoint));
  if (news.suspension) {
    spdlog::info("task {} attempt {}: {}", key.first.value, key.second,
                 stands_still(*news.suspension) ? "stands still" : "goes on");
    act(protocol_.suspended(key, *news.suspension, now()));
  }
  if (!news.ended) return;
  slots_.erase(key);
  std::optional<wire::TaskReport> report;
  if (news.outcome) {
    report = wire::TaskReport{key.first, key.second, *std::move(news.outcome)};
    const auto saved = outbox_.save(*report);
    // Reported all the same; it is only lost if this process dies before the answer.
    if (!saved) spdlog::error("{}", saved.error().message);
  }
  spdlog::info("task {} attempt {}: {}", key.first.value, key.second,
               report ? report->outcome_json.substr(0, 200) : "stopped");
  act(protocol_.ended(key, std::move(report), now()));
}

void Agent::act(Actions actions) {
  for (const Action& action : actions) {
    std::visit([this](const auto& one) { act(one); }, action);
  }
}

void Agent::act(const Send& send) {
  link_.send(send.message);
}

void Agent::act(const Start& start) {
  const Protocol::Key key{start.lease.task, start.lease.attempt};
  spdlog::info("task {} attempt {}: started{}", key.first.value, key.second,
               start.lease.resume_from
                   ? ", going on from step " + std::to_string(start.lease.resume_from->step)
                   : "");
  auto slot = std::make_unique<Slot>(
      start.lease, [this, key](int suspension) { mailbox_.post_suspension(key, suspension); });
  slot->thread = std::jthread([this, key, made = slot.get()](const std::stop_token& stop) {
    const TaskListener listener{
        [&](double share, const std::string& message) {
          mailbox_.post_progress(key, share, message);
        },
        [&](const SeriesPoint& point) { mailbox_.post_point(key, point); },
        [&](const Checkpoint& checkpoint) { mailbox_.post_checkpoint(key, checkpoint); }};
    mailbox_.post_end(key, run_task(made->lease, settings_, cache_, stop, made->pause, listener));
  });
  slots_[key] = std::move(slot);
}

void Agent::act(const Kill& kill) {
  spdlog::info("task {} attempt {}: no longer ours, killing it", kill.task.value, kill.attempt);
  const auto at = slots_.find({kill.task, kill.attempt});
  if (at != slots_.end()) at->second->thread.request_stop();
}

void Agent::act(const Suspend& suspend) {
  const auto at = slots_.find({suspend.task, suspend.attempt});
  if (at != slots_.end()) at->second->pause.want(suspend.suspension);
}

void Agent::act(const Forget& forget) {
  outbox_.remove(forget.task, forget.attempt);
}

void Agent::act(const Reconnect&) {
  spdlog::warn("the coordinator is silent, connecting again");
  link_.reconnect();
}

}  // namespace pare::worker
