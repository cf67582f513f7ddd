// The harness contract (docs/runtimes.md) around a Backend.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>

#include "core/result.h"
#include "host/npy.h"
#include "worker/runtimes/frame/backend.h"
#include "worker/runtimes/frame/tensor_files.h"

namespace pare::worker {

// What a line of runtimes.json makes of a runtime: --device NAME, --option NAME=VALUE...
struct ServeSettings {
  std::string device;                          // the one that it is for; empty: all there are
  std::map<std::string, std::string> options;  // of every load
};
// Fails with kInvalidArgument, naming the word.
Result<ServeSettings> read_arguments(std::span<const char* const> words);

// Answers requests from stdin until `bye` or the end of it.  What the runtime's library prints to
// stdout goes to stderr instead.  Returns the program's exit code.
int serve(Backend& backend, std::span<const char* const> words);

// Answers single requests; serve() is this and the lines around it.  Not thread-safe.
class Server {
 public:
  explicit Server(Backend& backend, ServeSettings settings = {})
      : backend_(backend), settings_(std::move(settings)) {}

  std::string answer(const std::string& line);  // without a newline
  bool said_bye() const noexcept { return said_bye_; }

 private:
  Backend& backend_;
  ServeSettings settings_;
  BackendModel model_;
  TensorFiles files_;
  std::map<std::string, host::NpyArray> timed_inputs_;
  bool loaded_ = false;
  bool profiled_ = false;
  bool said_bye_ = false;

  friend class Requests;
};

}  // namespace pare::worker
