// Whether this worker belongs to a service that asks for tokens, and joining one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/result.h"
#include "worker/artifacts/enrolment.h"
#include "worker/link/link.h"

namespace pare::worker {

// The identity in the file, if the coordinator still takes it; else the one that the code is turned
// into, which is written there.  nullopt: there is neither, and the service asks for none.  A code
// is only used where it is needed: the command that joined may start the worker again.
// Fails as read_identity(), join(), write_identity() and check_identity() do.
Result<std::optional<Identity>> membership(const std::string& coordinator,
                                           const std::filesystem::path& file,
                                           const std::string& code);

// What the link is secured with; nullopt: nothing.
std::optional<CurveKeys> link_keys(const std::optional<Identity>& identity);

}  // namespace pare::worker
