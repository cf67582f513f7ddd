// Removes checkpoints that no task goes on from any more.
//
// Training keeps tens of megabytes every half minute, and each is replaced by the next (docs/adr
// 0027).  Only what was a checkpoint once is ever removed, a day after it was the newest of a task
// last, and nothing that anything else is known by, too.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "coordinator/blobs/blob_store.h"
#include "coordinator/store/store.h"
#include "core/result.h"

namespace pare::coordinator {

inline constexpr std::chrono::hours kCheckpointsKept{24};

// How many files went, at most `limit`.  The file goes first: what is interrupted is finished by
// the next call.  Fails as the store does, and with kUnavailable where a file cannot be removed.
Result<int> sweep_checkpoints(Store& store, const BlobStore& blobs,
                              std::chrono::seconds kept = kCheckpointsKept, int limit = 1000);

// The same, every so often until `stop`; `log` is told how many went, and of failures.
void keep_sweeping(Store& store, const BlobStore& blobs, std::chrono::seconds every,
                   const std::function<void(const std::string&)>& log, const std::stop_token& stop);

}  // namespace pare::coordinator
