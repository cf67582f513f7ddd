// What a follower of a job prints where nobody draws over it: a file, a pipe, a log.
//
// Not thread-safe.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace pare::cli {

// A line when something changes that counts (the state, what is under way, how many trials of the
// budget have ended, by twentieths of a large one, how many plans are tuned, what it waits for),
// and otherwise no more often than every ten seconds, where the line has changed at all.
class FollowLines {
 public:
  // `line`: as it would be printed.  `now`: seconds on a clock that does not stop.
  bool is_due(const nlohmann::json& job, const std::string& line, double now);

 private:
  std::string key_;
  std::string line_;
  std::optional<double> printed_;
};

}  // namespace pare::cli
