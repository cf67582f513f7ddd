// The first token, for whoever administers the machine that the coordinator runs on.
#pragma once

#include <filesystem>
#include <optional>

#include "coordinator/store/access_store.h"
#include "core/result.h"

namespace pare::coordinator {

// Where no valid token may administer: makes one and writes its text into `folder`/admin.token,
// which only the coordinator's own user can read.  The file, if it was made now.  Fails as the
// store does, and with kResourceExhausted where the file cannot be written; then no token is left
// behind.
Result<std::optional<std::filesystem::path>> make_first_admin(AccessStore& store,
                                                              const std::filesystem::path& folder);

}  // namespace pare::coordinator
