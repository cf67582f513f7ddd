// A job followed to its end on the terminal: what the checks found, progress, the course of a
// training, best so far, and at last what was found.
//
// One thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/command.h"

namespace pare::cli {

bool has_ended(const nlohmann::json& job);

// Follows the job until it has ended, or until the user asks to stop (interrupt.h), and returns it
// as it was seen last.  A terminal is drawn over; elsewhere lines come as follow.h says; nothing
// with --json.  A service that is away is waited for, half a minute; then fails as Service.
Result<nlohmann::json> follow(const Common& common, const Service& service, const std::string& id);

// The same, with what was found in the end.  kFailed: the job ended without success.
Exit watch(const Common& common, const Service& service, const std::string& id);

// The findings of the checks summed up, and the command that shows all of them.
std::string checks_view(const nlohmann::json& checks, const std::string& id);

}  // namespace pare::cli
