// pare-engine check COMMAND...: does a harness keep to docs/runtimes.md?
#pragma once

namespace CLI {
class App;
}

namespace pare::engine {

// Prints one JSON object: {"runtime", "version", "checks": [{"check", "end": "kept" | "broken" |
// "not claimed", "why", "request", "answer"}]}; {"error": ...} where the program does not start.
// What goes on is said on stderr.
void add_check_command(CLI::App& app);

}  // namespace pare::engine
