// pare-runtime-openvino: the harness of OpenVINO (docs/runtimes.md).
#include <cstdlib>
#include <exception>
#include <iostream>

#include "worker/runtimes/frame/serve.h"
#include "worker/runtimes/openvino/openvino_backend.h"

int main(int argc, char** argv) try {
  pare::worker::OpenvinoBackend backend;
  const std::span<const char* const> words(argv + 1, static_cast<std::size_t>(argc - 1));
  // The answers are out.  What OpenVINO would tidy up takes a tenth of a second, and is memory.
  std::_Exit(pare::worker::serve(backend, words));
} catch (const std::exception& exception) {
  std::cerr << "pare-runtime-openvino: " << exception.what() << '\n';
  return 1;
}
