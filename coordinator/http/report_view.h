// What the API shows of a candidate's report (docs/api.md).  Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "coordinator/jobs/candidate_report.h"

namespace pare::coordinator {

nlohmann::ordered_json view_of(const CandidateReport& report);

}  // namespace pare::coordinator
