// `pare-train torchscript`: an ONNX file as a TorchScript file.
#pragma once

namespace pare::engine {

// Arguments from the command's name on.  Says in a line of JSON what the file takes and gives.
// The process's exit code; what is wrong goes to stderr.
int run_torchscript(int argc, char** argv);

}  // namespace pare::engine
