// A job as the API says it, but for what is going on at the moment.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "coordinator/jobs/job_view.h"

namespace pare::coordinator {

// What a reader of the job sees before its trials are looked at.
// `document`: null: it cannot be read, and is shown as it is.
nlohmann::ordered_json job_outline(const Job& job, const NewJob* document);

// The same, with the best of each target.
nlohmann::ordered_json job_document(const JobView& job);

}  // namespace pare::coordinator
