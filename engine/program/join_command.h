// pare-engine join: a model that keeps its weights in files beside it, as one file.
#pragma once

#include <CLI/CLI.hpp>

namespace pare::engine {

// On stdout a line of JSON: {"files"}, the files whose bytes the new one holds; none, and nothing
// is written, where the model is one file already, or {"error"}.
void add_join_command(CLI::App& app);

}  // namespace pare::engine
