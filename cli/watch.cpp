#include "cli/watch.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/follow.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/table.h"

namespace pare::cli {

using nlohmann::json;

bool has_ended(const json& job) {
  const std::string state = job.value("state", "");
  return state == "succeeded" || state == "failed" || state == "cancelled";
}

std::string checks_view(const json& checks, const std::string& id) {
  const std::string summed_up = checks_text(checks, Findings::kSummedUp);
  if (summed_up == checks_text(checks, Findings::kAll)) return summed_up;
  return summed_up + "(every finding: `pare checks " + id + " --all`)\n";
}

namespace {

int lines_of(const std::string& text) {
  return static_cast<int>(std::ranges::count(text, '\n'));
}

// What a terminal is left with when the job is over.
std::string ending(const json& job, int width) {
  std::string out = progress_line(job) + "\n\n" + best_lines(job, width) + "\n" + offer_lines(job);
  if (!job.value("reason", "").empty()) out += "reason: " + job.value("reason", "") + "\n";
  return out;
}

// What was found before the search: how images are best prepared, and the reality checks.
std::string found_before(const Service& service, const json& job, const std::string& id) {
  const auto checks = service.list("/v1/jobs/" + escaped(id) + "/checks");
  return preprocessing_text(job) + (checks ? checks_view(checks.value(), id) : "");
}

// The last lines of a terminal; nothing where none was drawn.
void erase_lines(int drawn) {
  if (drawn > 0) draw("\x1b[" + std::to_string(drawn) + "F\x1b[J");
}

// The course of the training that is under way; nothing where none is, or none can be read.
std::string training_lines(const Service& service, const json& job) {
  for (const json& task : job.value("under_way", json::array())) {
    if (task.value("kind", "") != "train" || !task.contains("task")) continue;
    const auto series = service.get("/v1/tasks/" + task["task"].dump() + "/series");
    const std::string line = series ? training_line(series.value()) : "";
    if (!line.empty()) return line;
  }
  return "";
}

// One line of at most so many columns.
std::string in_width(const std::string& line, int width) {
  if (line.empty()) return line;
  return shortened(line.substr(0, line.size() - 1), width) + "\n";
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Result<json> follow(const Common& common, const Service& service, const std::string& id) {
  int drawn = 0;
  FollowLines lines;
  bool told = common.json;
  json seen = json::object();
  for (int unanswered = 0; !interrupted(); ::sleep(1)) {
    auto job = service.get("/v1/jobs/" + escaped(id));
    if (!job) {
      // The coordinator may be restarting: it goes on where it was.
      if (!is_retryable(job.error().code) || ++unanswered > 30) return job.error();
      continue;
    }
    unanswered = 0;
    seen = std::move(job).value();
    const std::string state = seen.value("state", "");
    if (!told && state != "queued" && state != "preparing") {
      erase_lines(drawn);
      print(found_before(service, seen, id));
      drawn = 0;
      told = true;
    }
    if (has_ended(seen)) break;
    if (common.json) continue;
    if (common.tty) {
      const int width = common.width > 0 ? common.width : 80;  // a line that wraps counts as two
      const std::string frame = shortened(progress_line(seen), width) + "\n" +
                                in_width(training_lines(service, seen), width) +
                                best_lines(seen, width);
      erase_lines(drawn);
      print(frame);
      drawn = lines_of(frame);
    } else {
      const std::string line = progress_line(seen);
      if (lines.is_due(seen, line, seconds_now())) print(line + "\n");
    }
  }
  erase_lines(drawn);
  return seen;
}

Exit watch(const Common& common, const Service& service, const std::string& id) {
  const auto job = follow(common, service, id);
  if (!job) return report(job.error());
  const Exit shown =
      show(common, job, [&](const json& ended) { return ending(ended, common.width); });
  return job.value().value("state", "") == "succeeded" ? shown : Exit::kFailed;
}

}  // namespace pare::cli
