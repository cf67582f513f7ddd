// `pare-train run` and `pare-train hello`: pare-train as a worker starts it.
#pragma once

namespace pare::engine {

// Arguments from the command's name on.  The process's exit code.
int run_run(int argc, char** argv);
// For every line on stdin, what it can do: {"contract": 1, "capabilities": ["train"], ...}.
int run_hello();

}  // namespace pare::engine
