// The journal of a task that a worker watches: it puts checkpoints into the folder that the
// document names and says so on stdout, and goes on from the one that it names.
//
//   {"checkpoint": "41.safetensors", "step": 41}     a file of that folder, whole, the worker's now
//   {"step": 41, "numbers": {"int8_damage": 0.02}}   a point of a series
//
// `step` counts the parts of all steps of the task.  A checkpoint is a tensor file; it is read only
// by the same task (kind, blobs and parameters) on the same executor, or bits would differ:
// anything else is a reason to begin anew, never an error.  Keeping costs at most a twentieth of
// the time, and a megabyte a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "engine/pipeline/journal.h"
#include "wire/task_json.h"

namespace pare::engine {

class Checkpoints final : public Journal {
 public:
  using Say = std::function<void(const std::string& line)>;

  // `executor` is what else a result depends on.  `say` gets lines for stdout.
  Checkpoints(const wire::TaskDocument& task, std::string executor, Say say);

  const StepState* kept(const std::string& step) const override;
  void did(const std::string& step, std::int64_t done, bool last, const MakeState& make) override;
  void tell(const std::map<std::string, double>& numbers) override;

  // Where it goes on from; 0: at the beginning.
  std::int64_t first_step() const noexcept { return first_step_; }
  // Why the checkpoint that was given could not be gone on from; empty: it could, or none was.
  const std::string& why_anew() const noexcept { return why_anew_; }

 private:
  using Clock = std::chrono::steady_clock;

  Result<std::monostate> read(const std::string& path);
  std::int64_t step() const;  // parts that are done, of all steps
  std::uintmax_t write();

  std::string task_;  // what it is a checkpoint of
  std::string folder_;
  Clock::duration every_{};
  Clock::time_point next_;
  Say say_;
  std::map<std::string, StepState> kept_;  // as of an earlier process
  std::map<std::string, StepState> now_;   // the newest state that was made of each step
  std::map<std::string, std::int64_t> done_;
  std::int64_t first_step_ = 0;
  std::string why_anew_;
};

}  // namespace pare::engine
