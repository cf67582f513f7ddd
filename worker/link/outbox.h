// Reports on disk until they are answered, so that a result outlives the process that made it.
//
// save() returns only when the bytes are on the disk (fsync of file and folder).  One folder
// belongs to one worker.  One thread.
#pragma once

#include <filesystem>
#include <variant>
#include <vector>

#include "core/result.h"
#include "wire/worker_messages.h"

namespace pare::worker {

class Outbox {
 public:
  // Fails with kUnavailable if the folder cannot be made.
  static Result<Outbox> open(std::filesystem::path folder);

  Result<std::monostate> save(const wire::TaskReport& report);
  void remove(TaskId task, int attempt);

  // What was saved and not removed, by task; a file that is no report is left alone.
  std::vector<wire::TaskReport> load() const;

 private:
  explicit Outbox(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path folder_;
};

}  // namespace pare::worker
