// `pare-train importance`: orders of units that need gradients.
#pragma once

namespace pare::engine {

// Arguments from the command's name on.  The process's exit code.
int run_importance(int argc, char** argv);

}  // namespace pare::engine
