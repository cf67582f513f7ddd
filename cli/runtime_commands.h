// pare runtime check COMMAND...
#pragma once

#include "cli/command.h"

namespace pare::cli {

void add_runtime_commands(CLI::App& app, Action& chosen);

}  // namespace pare::cli
