// `pare-train detector`: trains a detector of the zoo, or any with a head that can be trained, on
// images with COCO labels, and writes it as it is shipped, its card beside it.
#pragma once

namespace pare::engine {

// The words behind `pare-train`, "detector" first.  An exit code.
int run_detector(int argc, char** argv);

}  // namespace pare::engine
