// What a worker's probe says of its machine and of its engine, as far as the coordinator goes by
// it.
#pragma once

#include <string>
#include <vector>

#include "coordinator/store/records.h"
#include "core/accuracy_identity.h"
#include "core/worker.h"

namespace pare::coordinator {

// The kind of a worker's processor (wire/probe_json.h); empty: not told.
std::string processor_of(const WorkerProfile& profile);

// Who may score a candidate now: of each worker that is there, the executor and every runtime that
// it serves.  A worker whose engine does not say how it scores is left out.
std::vector<Scorer> scorers_of(const std::vector<Worker>& workers);

}  // namespace pare::coordinator
