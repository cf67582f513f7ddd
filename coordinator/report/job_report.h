// What a job came to, as a report: the answer for each target, its front, what was asked and tried,
// what the checks found, where it ran, and the commands that repeat it.
//
// From the documents that the API gives, so that its numbers are the API's.  Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "coordinator/report/document.h"

namespace pare::coordinator {

// Documents as in docs/api.md.
struct JobReportSources {
  nlohmann::json job;
  nlohmann::json model;
  nlohmann::json dataset;
  nlohmann::json targets;  // an array
  nlohmann::json fronts;   // an array, one a target
  nlohmann::json checks;   // an array
  // What did not come to a result, by reason: [{"reason", "trials"}, ...], most first; among so
  // many of the newest trials.
  nlohmann::json failures;
  int looked_at = 0;
};
ReportDocument job_report(const JobReportSources& sources);

struct ComparisonReportSources {
  nlohmann::json comparison;
  nlohmann::json job;
  nlohmann::json a;  // members of fronts, as they were measured in the job; null: not known
  nlohmann::json b;
};
ReportDocument comparison_report(const ComparisonReportSources& sources);

}  // namespace pare::coordinator
