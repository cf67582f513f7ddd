#include "cli/follow.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/format.h"

namespace pare::cli {

using nlohmann::json;

namespace {

constexpr double kQuietSeconds = 10;
constexpr int kMostCounts = 20;  // lines for the trials of a budget

int count_at(const json& object, const char* part, const char* name) {
  const auto found = object.find(part);
  if (found == object.end() || !found->is_object()) return 0;
  const auto number = found->find(name);
  return number != found->end() && number->is_number() ? number->get<int>() : 0;
}

// What must be told at once when it changes.
std::string key_of(const json& job) {
  const int ended = count_at(job, "trials", "finished") + count_at(job, "trials", "failed");
  const int budget = std::max(kMostCounts, count_at(job, "budget", "trials"));
  std::string key = job.value("state", "") + " " + std::to_string(kMostCounts * ended / budget) +
                    " " + std::to_string(count_at(job, "tuning", "ended")) + " " + waits_text(job);
  for (const json& task : job.value("under_way", json::array())) {
    key += " " + task.value("kind", "");
  }
  return key;
}

}  // namespace

bool FollowLines::is_due(const json& job, const std::string& line, double now) {
  const std::string key = key_of(job);
  const bool changed = !printed_ || key != key_;
  const bool quiet = printed_ && now - *printed_ < kQuietSeconds;
  if (!changed && (quiet || line == line_)) return false;
  key_ = key;
  line_ = line;
  printed_ = now;
  return true;
}

}  // namespace pare::cli
