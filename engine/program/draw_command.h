// pare-engine draw: a detector as a picture in Graphviz's language.
#pragma once

#include <CLI/CLI.hpp>

namespace pare::engine {

// On stdout a line of JSON: {"file"}, or {"error"}.
void add_draw_command(CLI::App& app);

}  // namespace pare::engine
