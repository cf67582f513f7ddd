// What `/metrics` says: the requests that were counted, and the service as it is when it is asked.
#pragma once

#include <string>

#include "coordinator/http/api.h"

namespace pare::coordinator {

// Prometheus' text format, 0.0.4.  Where the database is away only what needs none stands there:
// who watches has to learn of it.
Result<std::string> metrics_text(const Services& services);

}  // namespace pare::coordinator
