// pare-runtime-torchscript: the harness of TorchScript on libtorch (docs/runtimes.md).
#include <cstdlib>
#include <exception>
#include <iostream>

#include "worker/runtimes/frame/serve.h"
#include "worker/runtimes/torchscript/torchscript_backend.h"

int main(int argc, char** argv) try {
  pare::worker::TorchscriptBackend backend;
  const std::span<const char* const> words(argv + 1, static_cast<std::size_t>(argc - 1));
  std::_Exit(pare::worker::serve(backend, words));  // the answers are out: nothing to tidy up
} catch (const std::exception& exception) {
  std::cerr << "pare-runtime-torchscript: " << exception.what() << '\n';
  return 1;
}
