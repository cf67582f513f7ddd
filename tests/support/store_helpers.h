// What tests of stores write down again and again: tasks, workers, and results that must be there.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/store/store_options.h"
#include "coordinator/store/task_records.h"
#include "core/result.h"
#include "core/worker.h"

namespace pare::coordinator {

inline std::string sha(char digit) {
  return std::string(64, digit);
}

inline constexpr const char* kAda = "00000000-0000-0000-0000-00000000000a";
inline constexpr const char* kBen = "00000000-0000-0000-0000-00000000000b";

inline NewTask task_of_kind(TaskKind kind, std::string runtime = "", std::string pool = "") {
  NewTask task;
  task.kind = kind;
  task.runtime = std::move(runtime);
  task.pool = std::move(pool);
  task.document_json = R"({"kind":"x"})";
  return task;
}

inline WorkerProfile profile(std::string device, std::vector<std::string> runtimes = {"ort"},
                             std::vector<std::string> pools = {"default"}) {
  WorkerProfile made{"worker on " + device, device, R"({"cores":2})", std::move(pools), {}};
  for (std::string& name : runtimes) made.runtimes.push_back({std::move(name), "1.0", {"fp32"}});
  return made;
}

template <typename T>
T ok(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

template <typename T>
ErrorCode code(const Result<T>& result) {
  if (result) throw std::runtime_error("it did not fail");
  return result.error().code;
}

// A clock that stands still until a test moves it.
class StillClock {
 public:
  void pass(std::chrono::milliseconds time) { now_ += time; }

 protected:
  StoreOptions options() {
    StoreOptions options;
    options.lease_length = std::chrono::seconds(6);
    options.clock = [this] { return now_; };
    return options;
  }

  TimePoint now_ = TimePoint(std::chrono::microseconds(1'800'000'000'123'456));
};

}  // namespace pare::coordinator
