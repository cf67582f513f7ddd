// The store in memory: what tests of the job loop, the dispatch and the HTTP handlers run on.
//
// One lock around everything; nothing is kept when it ends.
#pragma once

#include <memory>

#include "coordinator/store/store.h"

namespace pare::coordinator {

std::unique_ptr<Store> make_memory_store(const StoreOptions& options = {});

}  // namespace pare::coordinator
