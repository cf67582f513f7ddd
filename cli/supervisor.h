// Keeps programs running: starts them, writes what they say to files, starts them again when they
// end, and ends them.
//
// A program that ends is started again after half a second, then one, two, ... up to thirty; one
// that lasted a minute begins anew.  Children are killed if this process dies, whatever the cause.
//
// One thread, the one that lives as long as the programs should (see host/child.h).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "host/child.h"

namespace pare::cli {

struct Program {
  std::string name;
  std::vector<std::string> command;
  std::filesystem::path log;
};

class Supervisor {
 public:
  // `say` gets one sentence whenever a program ended or was started again.
  explicit Supervisor(std::function<void(const std::string&)> say);
  ~Supervisor();  // kills what still runs

  // Fails if it cannot be started at all.
  Result<bool> start(Program program);

  // Waits until something happens, at most that long; `wake` (a descriptor that becomes readable)
  // ends it early.
  void turn(std::chrono::milliseconds patience, int wake);

  bool all_running() const;
  // The end of what the program wrote, for people to read.
  std::string last_words(const std::string& name) const;

  // SIGTERM in the reverse order of starting, SIGKILL after `patience` each.
  void stop(std::chrono::milliseconds patience);

 private:
  struct Entry;
  std::function<void(const std::string&)> say_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

// How long to wait before the n-th restart in a row.
std::chrono::milliseconds restart_delay(int restarts);

}  // namespace pare::cli
