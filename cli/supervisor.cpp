#include "cli/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <utility>

namespace pare::cli {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

namespace {

constexpr auto kSteady = std::chrono::seconds(60);
constexpr std::int64_t kLargestLog = 64LL << 20;
constexpr std::size_t kLastWords = 4000;

}  // namespace

struct Supervisor::Entry {
  Program program;
  std::optional<host::Child> child;
  std::ofstream log;
  std::int64_t logged = 0;
  std::string last_words;
  Clock::time_point started{};
  Clock::time_point due{};  // when to start it again
  int restarts = 0;

  // One old log is kept, so that a program that talks without end does not fill the disk.
  void open_log() {
    std::error_code ignored;
    if (fs::exists(program.log, ignored)) {
      fs::rename(program.log, program.log.string() + ".1", ignored);
    }
    log = std::ofstream(program.log, std::ios::binary | std::ios::trunc);
    logged = 0;
  }

  void write_log(std::string_view bytes) {
    if (logged > kLargestLog) open_log();
    log.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    log.flush();
    logged += static_cast<std::int64_t>(bytes.size());
    last_words += bytes;
    if (last_words.size() > kLastWords) last_words.erase(0, last_words.size() - kLastWords);
  }

  void drain() {
    std::array<char, 1 << 14> block{};
    for (const int descriptor : {child->output(), child->errors()}) {
      for (ssize_t n = 0; (n = ::read(descriptor, block.data(), block.size())) > 0;) {
        write_log({block.data(), static_cast<std::size_t>(n)});
      }
    }
  }

  Result<bool> launch() {
    host::ChildOptions options;
    options.command = program.command;
    options.own_group = true;  // Ctrl-C is for us; they are told in order
    auto begun = host::Child::start(options);
    if (!begun) return begun.error();
    child.emplace(std::move(begun).value());
    child->close_input();
    started = Clock::now();
    return true;
  }
};

Milliseconds restart_delay(int restarts) {
  constexpr Milliseconds kFirst{500};
  constexpr Milliseconds kLongest{30'000};
  return std::min(kLongest, kFirst * (1 << std::clamp(restarts, 0, 10)));
}

Supervisor::Supervisor(std::function<void(const std::string&)> say) : say_(std::move(say)) {}
Supervisor::~Supervisor() = default;

Result<bool> Supervisor::start(Program program) {
  auto entry = std::make_unique<Entry>();
  entry->program = std::move(program);
  entry->open_log();
  if (auto launched = entry->launch(); !launched) return launched;
  entries_.push_back(std::move(entry));
  return true;
}

void Supervisor::turn(Milliseconds patience, int wake) {
  std::vector<pollfd> waits = {{wake, POLLIN, 0}};
  for (const auto& entry : entries_) {
    if (!entry->child) {
      const auto left = std::chrono::duration_cast<Milliseconds>(entry->due - Clock::now());
      patience = std::clamp(left, Milliseconds(0), patience);
      continue;
    }
    waits.push_back({entry->child->ended(), POLLIN, 0});
    waits.push_back({entry->child->output(), POLLIN, 0});
    waits.push_back({entry->child->errors(), POLLIN, 0});
  }
  ::poll(waits.data(), waits.size(), static_cast<int>(patience.count()));
  for (const auto& entry : entries_) {
    const std::string& name = entry->program.name;
    if (entry->child) {
      const auto status = entry->child->poll();
      entry->drain();
      if (!status) continue;
      entry->child.reset();
      if (Clock::now() - entry->started > kSteady) entry->restarts = 0;
      const Milliseconds delay = restart_delay(entry->restarts++);
      entry->due = Clock::now() + delay;
      say_(name + " ended with " + describe(*status) + "; it starts again in " +
           std::to_string(delay.count()) + " ms (its log: " + entry->program.log.string() + ")");
    } else if (Clock::now() >= entry->due) {
      if (const auto launched = entry->launch(); !launched) {
        entry->due = Clock::now() + restart_delay(entry->restarts++);
        say_(name + " does not start: " + launched.error().message);
      } else {
        say_(name + " runs again");
      }
    }
  }
}

bool Supervisor::all_running() const {
  return std::ranges::all_of(entries_, [](const auto& entry) { return entry->child.has_value(); });
}

std::string Supervisor::last_words(const std::string& name) const {
  for (const auto& entry : entries_) {
    if (entry->program.name == name) return entry->last_words;
  }
  return "";
}

void Supervisor::stop(Milliseconds patience) {
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
    Entry& entry = **it;
    if (!entry.child) continue;
    entry.child->terminate();
    const auto deadline = Clock::now() + patience;
    while (!entry.child->poll() && Clock::now() < deadline) {
      pollfd wait{entry.child->ended(), POLLIN, 0};
      ::poll(&wait, 1, 100);
      entry.drain();  // a full pipe would keep it from ending
    }
    entry.drain();
    entry.child.reset();  // kills it if it is still there
  }
  entries_.clear();
}

}  // namespace pare::cli
