// The whole state of a run in one file, so that another process goes on as if there had been none
// between.
//
// Written beside the old file, synced and renamed; the one before is kept, and is read where the
// newest cannot be.  No generator's state: every random number is keyed by seed, step and image.
// Cost: five numbers a trained weight each time.
#pragma once

#include <torch/torch.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"

namespace pare::engine {

struct HeldOutPoint {
  std::int64_t step = 0;
  std::vector<double> losses;  // of each judged plan
};

struct RunState {
  std::int64_t step = 0, steps = 0;  // done, of
  torch::Tensor values, average, first_moment, second_moment, best;
  double rate_factor = 1;  // halved where steps were not finite
  std::int64_t skipped = 0, skipped_in_row = 0;
  std::int64_t best_step = 0;
  double best_score = 0;
  std::vector<HeldOutPoint> curve = {};
};

// Keeps a run's states while it goes on, and has the one that it goes on from.
class StateKeeper {
 public:
  virtual ~StateKeeper() = default;
  // None: the run begins.  `run` says what a state belongs to; `notes` gets what was passed over
  // and why.
  virtual Result<std::optional<RunState>> kept(const std::string& run,
                                               std::vector<std::string>& notes) = 0;
  virtual bool is_due() = 0;
  virtual Result<std::monostate> keep(const RunState& state, const std::string& run) = 0;
  virtual Result<std::monostate> keep_last(const RunState& state, const std::string& run) {
    return keep(state, run);
  }
};

// In one file, every so many seconds and at the end, as save_state() and load_state() have it.
class FileKeeper final : public StateKeeper {
 public:
  FileKeeper(std::filesystem::path file, double every_seconds);
  Result<std::optional<RunState>> kept(const std::string& run,
                                       std::vector<std::string>& notes) override;
  bool is_due() override;
  Result<std::monostate> keep(const RunState& state, const std::string& run) override;

 private:
  std::filesystem::path file_;
  std::chrono::duration<double> every_;
  std::chrono::steady_clock::time_point kept_at_;
};

// A file that is one state.  Fails with kConflict, naming both, if it is another run's; else as
// read_tensor_file() does, or with kInvalidArgument if a part of it is missing.
Result<RunState> read_state(const std::string& run, const std::filesystem::path& path);
// With how many threads the run of a state went on; 0: the file does not say.
int threads_of_state(const std::filesystem::path& path);
// Written beside it, synced and renamed.  Fails with kUnavailable, naming the path.
Result<std::monostate> write_state(const RunState& state, const std::string& run,
                                   const std::filesystem::path& path);

// `run` says what a state belongs to.  Fails with kUnavailable, naming the path, where it cannot be
// written.
Result<std::monostate> save_state(const RunState& state, const std::string& run,
                                  const std::filesystem::path& path);

// None where there is no file.  `notes` gets what was passed over and why.  Fails with
// kInvalidArgument if what can be read is the state of another run.
Result<std::optional<RunState>> load_state(const std::string& run,
                                           const std::filesystem::path& path,
                                           std::vector<std::string>& notes);

}  // namespace pare::engine
