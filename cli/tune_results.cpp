#include "cli/tune_results.h"

#include <fmt/format.h>

#include "cli/candidate_file.h"
#include "cli/comparison.h"
#include "cli/format.h"
#include "cli/output_file.h"
#include "cli/report_text.h"
#include "wire/result_words.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// The fastest member that loses at most so many points; nullopt: nothing is faster than the
// original.
std::optional<json> fastest_within(const json& front, double points) {
  std::optional<json> best;
  double speedup = 1.0;
  for (const json& member : front.value("members", json::array())) {
    if (member.value("map_lost", 0.0) > points || member.value("speedup", 1.0) <= speedup) continue;
    speedup = member.value("speedup", 1.0);
    best = member;
  }
  return best;
}

// The plan, and what it cut where and why.
Exit explain(const Service& service, const std::string& job, const fs::path& folder,
             const TuneWinner& winner) {
  const auto plan = service.get("/v1/plans/" + winner.member->value("plan_sha256", ""));
  if (!plan) return report(plan.error());
  const auto found = service.get("/v1/candidates/" + winner.member->value("candidate_sha256", "") +
                                 "/report?job=" + job);
  if (!found) return report(found.error());
  const std::string text = plan.value()["plan"].dump() + "\n";
  auto written = write_whole(folder / (winner.target + ".plan.json"), text);
  if (written) {
    written = write_whole(folder / (winner.target + ".md"), report_markdown(found.value()));
  }
  return written ? Exit::kOk : report_usage(written.error());
}

Exit compare(const Service& service, const std::string& job, const json& front,
             TuneWinner& winner) {
  const auto asked = service.create("/v1/comparisons", {{"job", std::stoll(job)},
                                                        {"target", winner.target},
                                                        {"a", front["original"]["plan_sha256"]},
                                                        {"b", (*winner.member)["plan_sha256"]}});
  if (!asked) return report(asked.error());
  auto ended = ended_comparison(service, asked.value()["id"].dump());
  if (!ended) return report(ended.error());
  winner.comparison = std::move(ended).value();
  return Exit::kOk;
}

}  // namespace

Exit find_winner(const Service& service, const TuneArguments& given, const std::string& job,
                 TuneWinner& winner) {
  const auto front = service.get("/v1/jobs/" + job + "/fronts/" + escaped(winner.target));
  if (!front) return report(front.error());
  winner.accuracy = wire::accuracy_name(front.value());
  winner.member = fastest_within(front.value(), given.within);
  if (!winner.member) return Exit::kOk;
  winner.file = fs::path(given.out) / (winner.target + ".onnx");
  CandidateFile written;
  if (const Exit done = write_candidate(service, winner.member->value("candidate_sha256", ""),
                                        winner.file.string(), written);
      done != Exit::kOk) {
    return done;
  }
  winner.floats_note = floats_note(written);
  const Exit explained = explain(service, job, given.out, winner);
  if (explained != Exit::kOk || given.no_compare) return explained;
  return compare(service, job, front.value(), winner);
}

std::string winner_text(const TuneWinner& winner, double within) {
  if (!winner.member) {
    return fmt::format("{}: nothing is faster than the original within {:g} {} points\n",
                       winner.target, within, winner.accuracy);
  }
  std::string text = winner.target + ": " + wire::gain_words(*winner.member, winner.accuracy) +
                     ": " + winner.file.string() + "\n";
  text += winner.floats_note;
  if (winner.comparison) text += "A/B: " + verdict_text(*winner.comparison);
  return text;
}

json winner_json(const TuneWinner& winner) {
  json view = {{"target", winner.target}};
  if (!winner.member) return view;
  view["file"] = winner.file.string();
  view["member"] = *winner.member;
  if (winner.comparison) view["comparison"] = *winner.comparison;
  return view;
}

}  // namespace pare::cli
