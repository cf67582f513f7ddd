#include "coordinator/dispatch/report.h"

#include "wire/task_json.h"

namespace pare::coordinator {
namespace {

// What is wrong with an outcome that could be parsed; empty: nothing.
std::string problem_of(const wire::TaskOutcome& outcome) {
  const auto* success = std::get_if<wire::TaskSuccess>(&outcome.end);
  if (success == nullptr) return "";
  for (const auto& [role, artifact] : success->artifacts) {
    if (!std::holds_alternative<wire::BlobRef>(artifact)) {
      return "its artifact \"" + role + "\" was not uploaded";
    }
  }
  return "";
}

}  // namespace

AttemptReport unusable(const wire::TaskReport& report, const std::string& problem) {
  const std::string reason = "the worker's outcome cannot be used: " + problem;
  wire::TaskOutcome outcome;
  outcome.end = wire::TaskFailure{ErrorCode::kInvalidArgument, reason};
  return {report.task, report.attempt, false, false, reason, wire::outcome_to_json(outcome)};
}

AttemptReport judge(const wire::TaskReport& report, TaskKind kind) {
  const auto outcome = wire::parse_outcome(report.outcome_json, kind);
  if (!outcome) return unusable(report, outcome.error().message);
  const std::string problem = problem_of(outcome.value());
  if (!problem.empty()) return unusable(report, problem);
  const auto* failure = std::get_if<wire::TaskFailure>(&outcome.value().end);
  if (failure == nullptr) {
    return {report.task, report.attempt, true, false, "", report.outcome_json};
  }
  const Burden burden = burden_of(failure->code);
  return {.task = report.task,
          .attempt = report.attempt,
          .succeeded = false,
          .retryable = burden == Burden::kBurns,
          .reason = failure->reason,
          .outcome_json = report.outcome_json,
          .waits = burden == Burden::kWaits};
}

}  // namespace pare::coordinator
