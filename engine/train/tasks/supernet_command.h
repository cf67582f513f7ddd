// `pare-train supernet`: trains a super-network; `pare-train cut`: a candidate out of one.
#pragma once

namespace pare::engine {

// Arguments from the command's name on.  The process's exit code; what is wrong goes to stderr.
int run_supernet(int argc, char** argv);
int run_cut(int argc, char** argv);

}  // namespace pare::engine
