// A comparison (A/B on a device) as a command waits for it and says what came of it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/service.h"

namespace pare::cli {

// Waits until it has ended; or until the user asks to stop (interrupt.h): then as it is.  Fails as
// Service.
Result<nlohmann::json> ended_comparison(const Service& service, const std::string& id);

bool is_decided(const nlohmann::json& comparison);

// The sentence and the verdict, or why there is none.
std::string verdict_text(const nlohmann::json& comparison);

}  // namespace pare::cli
