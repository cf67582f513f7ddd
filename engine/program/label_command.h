// `pare-engine label`: what a detector finds in images, as COCO labels for another to learn from.
#pragma once

namespace CLI {
class App;
}

namespace pare::engine {

// Answers in one line of JSON on stdout: what was written, or {"error": ...}.
void add_label_command(CLI::App& app);

}  // namespace pare::engine
