#include "host/conversation.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pare::host {
namespace {

constexpr std::size_t kLogBytes = 4096;
constexpr auto kLook = std::chrono::milliseconds(250);

// Appends what can be read now; false at the end of the file.
bool drain(int fd, std::string& into, std::size_t at_most) {
  std::array<char, 16384> block;
  while (into.size() < at_most) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    into.append(block.data(), static_cast<std::size_t>(got));
  }
  return true;
}

std::string in_seconds(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

}  // namespace

Conversation::Conversation(std::string name, Child child, ConversationLimits limits)
    : name_(std::move(name)), child_(std::move(child)), limits_(limits) {}

Result<Conversation> Conversation::start(std::string name, const ChildOptions& options,
                                         ConversationLimits limits) {
  auto child = Child::start(options);
  if (!child) {
    return Error{child.error().code, name + ": " + child.error().message};
  }
  return Conversation(std::move(name), std::move(child).value(), limits);
}

Result<std::string> Conversation::ask(std::string_view line, std::string_view purpose,
                                      std::chrono::milliseconds limit) {
  while (owed_ > 0) {
    if (auto dropped = answer(purpose, limit); !dropped) return dropped;
  }
  post(line);
  return answer(purpose, limit);
}

void Conversation::post(std::string_view line) {
  unsent_.append(line).append("\n");
  last_sent_ = line;
  last_received_.clear();
  ++owed_;
  send_rest();  // whoever waits for the answer finds out what went wrong
}

Result<std::string> Conversation::answer(std::string_view purpose,
                                         std::chrono::milliseconds limit) {
  auto line = next_line(purpose, limit);
  if (!line) {
    child_.kill();
    owed_ = 1;  // later calls fail at once
  }
  if (owed_ > 0) --owed_;
  return line;
}

// False if the child reads no more.
bool Conversation::send_rest() {
  if (unsent_.empty()) return true;
  const ssize_t sent = ::send(child_.input(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
  return sent >= 0 || errno == EAGAIN || errno == EINTR;
}

Result<std::string> Conversation::next_line(std::string_view purpose,
                                            std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (true) {
    if (!send_rest()) return ended(purpose);
    if (auto line = take_line()) {
      last_received_ = *line;
      return *std::move(line);
    }
    if (Clock::now() >= deadline) {
      return Error{ErrorCode::kDeadlineExceeded, name_ + " did not answer " + std::string(purpose) +
                                                     " within " + in_seconds(limit)};
    }
    wait(!unsent_.empty(), deadline);
    if (auto error = receive(purpose)) return *std::move(error);
    if (auto error = over_memory(purpose)) return *std::move(error);
  }
}

std::optional<std::string> Conversation::take_line() {
  const std::size_t newline = received_.find('\n');
  if (newline == std::string::npos) return std::nullopt;
  std::string line = received_.substr(0, newline);
  received_.erase(0, newline + 1);
  return line;
}

void Conversation::wait(bool to_write, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  std::array<pollfd, 3> wait{{{child_.output(), POLLIN, 0},
                              {log_open_ ? child_.errors() : -1, POLLIN, 0},
                              {to_write ? child_.input() : -1, POLLOUT, 0}}};
  const auto time = std::clamp<std::chrono::milliseconds>(left, {}, kLook);
  ::poll(wait.data(), wait.size(), static_cast<int>(time.count()));
}

std::optional<Error> Conversation::receive(std::string_view purpose) {
  read_log();
  const bool open = drain(child_.output(), received_, limits_.max_line_bytes + 1);
  if (received_.find('\n') != std::string::npos) return std::nullopt;
  if (received_.size() > limits_.max_line_bytes) {
    return Error{ErrorCode::kInvalidArgument,
                 name_ + " answered " + std::string(purpose) + " with a line of over " +
                     std::to_string(limits_.max_line_bytes) + " bytes, which begins with \"" +
                     received_.substr(0, 80) + "\""};
  }
  if (!open) return ended(purpose);
  return std::nullopt;
}

std::optional<Error> Conversation::over_memory(std::string_view purpose) const {
  if (limits_.max_memory_bytes == 0) return std::nullopt;
  const std::int64_t memory = child_.memory_bytes();
  if (memory <= limits_.max_memory_bytes) return std::nullopt;
  return Error{ErrorCode::kUnsupported,
               name_ + " took " + std::to_string(memory >> 20) + " MiB of memory for " +
                   std::string(purpose) + ", the limit is " +
                   std::to_string(limits_.max_memory_bytes >> 20) + " MiB"};
}

void Conversation::read_log() {
  if (!log_open_) return;
  log_open_ = drain(child_.errors(), log_, log_.size() + 65536);
  if (log_.size() > kLogBytes) log_.erase(0, log_.size() - kLogBytes);
}

Error Conversation::ended(std::string_view purpose) {
  // Its stdout is closed: it has ended, or does so now; one that stays without stdout is killed.
  pollfd wait{child_.ended(), POLLIN, 0};
  ::poll(&wait, 1, 1000);
  const ExitStatus status = child_.kill();
  read_log();
  std::string message =
      name_ + " ended with " + describe(status) + " instead of answering " + std::string(purpose);
  if (!log_.empty()) message += "; the end of its log: " + log_;
  return {ErrorCode::kInternal, std::move(message)};
}

void Conversation::end(std::chrono::milliseconds patience) {
  child_.close_input();
  pollfd wait{child_.ended(), POLLIN, 0};
  ::poll(&wait, 1, static_cast<int>(patience.count()));
  child_.kill();
}

}  // namespace pare::host
