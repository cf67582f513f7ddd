// What the API shows of a candidate's report (docs/api.md).  Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "coordinator/jobs/candidate_report.h"
#include "wire/schema.h"

namespace pare::coordinator {

nlohmann::ordered_json view_of(const CandidateReport& report);
std::vector<wire::schema::Field> report_fields();

}  // namespace pare::coordinator
