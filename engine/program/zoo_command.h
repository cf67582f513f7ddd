// `pare-engine zoo`: lists and builds detectors to train from scratch (engine/zoo).  Needs no task
// document: nothing of it is a job's.
#pragma once

namespace CLI {
class App;
}

namespace pare::engine {

// Adds `zoo list` and `zoo build`.  Both print one JSON object on a line: what there is, or what
// was built, or {"error": "..."}, which says what of the request cannot be.
void add_zoo_commands(CLI::App& app);

}  // namespace pare::engine
