// `pare label`: what a detector finds in images, as labels for another to learn from.
#pragma once

#include "cli/command.h"

namespace pare::cli {

void add_label_command(CLI::App& app, Action& chosen);

}  // namespace pare::cli
