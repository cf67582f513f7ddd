#include "worker/agent/agent.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace pare::worker {
namespace {

constexpr std::chrono::milliseconds kTick{200};

Instant now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Agent::Agent(std::string session, WorkerProfile profile, TaskSettings settings, Link link,
             Outbox outbox, Cache cache)
    : settings_(std::move(settings)),
      link_(std::move(link)),
      outbox_(std::move(outbox)),
      cache_(std::move(cache)),
      protocol_(std::move(session), std::move(profile), outbox_.load()) {}

Agent::~Agent() = default;  // task_ is last, so it is stopped and joined first

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
  if (task_.joinable()) {
    task_.request_stop();
    task_.join();
  }
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
    act(protocol_.received(message->value(), now()));
    if (protocol_.welcomed() && !welcomed) spdlog::info("connected to the coordinator");
  }
}

void Agent::read_news() {
  TaskNews news = mailbox_.take();
  if (news.progress) protocol_.progressed(news.progress->share, news.progress->message);
  if (!news.ended) return;
  task_.join();
  std::optional<wire::TaskReport> report;
  if (news.outcome) {
    report = wire::TaskReport{lease_.task, lease_.attempt, *std::move(news.outcome)};
    const auto saved = outbox_.save(*report);
    // Reported all the same; it is only lost if this process dies before the answer.
    if (!saved) spdlog::error("{}", saved.error().message);
  }
  spdlog::info("task {} attempt {}: {}", lease_.task.value, lease_.attempt,
               report ? report->outcome_json.substr(0, 200) : "stopped");
  act(protocol_.ended(std::move(report), now()));
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
  lease_ = start.lease;
  spdlog::info("task {} attempt {}: started", lease_.task.value, lease_.attempt);
  task_ = std::jthread([this, lease = lease_](const std::stop_token& stop) {
    mailbox_.post_end(
        run_task(lease, settings_, cache_, stop, [this](double share, const std::string& message) {
          mailbox_.post_progress(share, message);
        }));
  });
}

void Agent::act(const Kill&) {
  spdlog::info("task {} attempt {}: no longer ours, killing it", lease_.task.value, lease_.attempt);
  task_.request_stop();
}

void Agent::act(const Forget& forget) {
  outbox_.remove(forget.task, forget.attempt);
}

void Agent::act(const Reconnect&) {
  spdlog::warn("the coordinator is silent, connecting again");
  link_.reconnect();
}

}  // namespace pare::worker
