// A child that is asked a line and answers a line: how programs talk to a harness.
//
// Whatever the child does, ask() returns: a child that exits, hangs, grows over its memory or
// writes a line without end becomes an Error and is killed; later calls fail at once.  What the
// lines mean is the caller's business.
//
// While it waits, ask() looks at the child's memory four times a second, no oftener: a look
// interrupts what may be a measurement.  One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "host/child.h"

namespace pare::host {

struct ConversationLimits {
  std::size_t max_line_bytes = 16 << 20;
  std::int64_t max_memory_bytes = 0;  // resident; 0: no limit
};

class Conversation {
 public:
  // `name` is what errors call the child.
  static Result<Conversation> start(std::string name, const ChildOptions& options,
                                    ConversationLimits limits);

  // `purpose` completes "did not answer" in errors: "load".  The answer comes without its newline.
  // Fails with kInternal if the child ended (with how, and the end of its stderr),
  // kDeadlineExceeded if it did not answer in time, kInvalidArgument if its line is too long,
  // kUnsupported if it needs too much memory.
  Result<std::string> ask(std::string_view line, std::string_view purpose,
                          std::chrono::milliseconds limit);

  // The two halves of ask(), for a child that may be asked ahead: post() sends a line and returns,
  // answer() waits for the next one owed and fails as ask() does.  ask() drops those that are still
  // owed then.
  void post(std::string_view line);
  Result<std::string> answer(std::string_view purpose, std::chrono::milliseconds limit);

  // Closes its stdin and waits that long for its end, then kills it.
  void end(std::chrono::milliseconds patience);

  const Child& child() const noexcept { return child_; }
  Child& child() noexcept { return child_; }
  const std::string& name() const noexcept { return name_; }
  const std::string& log() const noexcept { return log_; }  // the end of its stderr
  // For whoever reports on it: the line that was sent last, and the one that came last.
  const std::string& last_sent() const noexcept { return last_sent_; }
  const std::string& last_received() const noexcept { return last_received_; }

 private:
  using Clock = std::chrono::steady_clock;

  Conversation(std::string name, Child child, ConversationLimits limits);
  Result<std::string> next_line(std::string_view purpose, std::chrono::milliseconds limit);
  bool send_rest();
  std::optional<std::string> take_line();
  void wait(bool to_write, Clock::time_point deadline);
  std::optional<Error> receive(std::string_view purpose);
  std::optional<Error> over_memory(std::string_view purpose) const;
  void read_log();
  Error ended(std::string_view purpose);

  std::string name_;
  Child child_;
  ConversationLimits limits_;
  std::string unsent_;
  std::string received_;  // bytes after the last line that was handed out
  std::size_t owed_ = 0;  // answers
  std::string log_;
  bool log_open_ = true;
  std::string last_sent_;
  std::string last_received_;
};

}  // namespace pare::host
