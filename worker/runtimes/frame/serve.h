// The harness contract (docs/runtimes.md) around a Backend.
#pragma once

#include <map>
#include <string>

#include "host/npy.h"
#include "worker/runtimes/frame/backend.h"
#include "worker/runtimes/frame/tensor_files.h"

namespace pare::worker {

// Answers requests from stdin until `bye` or the end of it.  What the runtime's library prints to
// stdout goes to stderr instead.  Returns the program's exit code.
int serve(Backend& backend);

// Answers single requests; serve() is this and the lines around it.  Not thread-safe.
class Server {
 public:
  explicit Server(Backend& backend) : backend_(backend) {}

  std::string answer(const std::string& line);  // without a newline
  bool said_bye() const noexcept { return said_bye_; }

 private:
  Backend& backend_;
  BackendModel model_;
  TensorFiles files_;
  std::map<std::string, host::NpyArray> timed_inputs_;
  bool loaded_ = false;
  bool profiled_ = false;
  bool said_bye_ = false;

  friend class Requests;
};

}  // namespace pare::worker
