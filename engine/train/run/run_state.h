// The whole state of a run in one file, so that another process goes on as if there had been none
// between.
//
// Written beside the old file, synced and renamed; the one before is kept, and is read where the
// newest cannot be.  No generator's state: every random number is keyed by seed, step and image.
// Cost: five numbers a trained weight each time.
#pragma once

#include <torch/torch.h>

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
