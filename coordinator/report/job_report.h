// What a job came to, as a report: the answer for each target, its front, what was asked and tried,
// what the checks found, where it ran, and the commands that repeat it.
//
// From the documents that the API gives, so that its numbers are the API's.  Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "coordinator/report/document.h"

namespace pare::coordinator {

// What a report says beside the job itself; documents as in docs/api.md.
struct JobReportSources {
  std::optional<nlohmann::json> model;
  std::optional<nlohmann::json> dataset;
  std::vector<nlohmann::json> targets;
  std::vector<nlohmann::json> fronts;  // one a target
  std::vector<nlohmann::json> checks;
  // What did not come to a result, by reason: {"reason", "trials"}, most first; among so many of
  // the newest trials.
  std::vector<nlohmann::json> failures;
  int looked_at = 0;
};
ReportDocument job_report(const nlohmann::json& job, const JobReportSources& sources);

// The plans of a comparison as members of a front, as they were measured in the job; nullopt: not
// known.
struct ComparedPlans {
  std::optional<nlohmann::json> a;
  std::optional<nlohmann::json> b;
};
ReportDocument comparison_report(const nlohmann::json& comparison, const nlohmann::json& job,
                                 const ComparedPlans& plans);

}  // namespace pare::coordinator
