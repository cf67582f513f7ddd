// pare zoo: detectors to train from scratch.  Needs no service: it starts pare-engine.
#pragma once

#include "cli/command.h"

namespace pare::cli {

// As the functions of command.h.
void add_zoo_commands(CLI::App& app, Action& chosen);

}  // namespace pare::cli
