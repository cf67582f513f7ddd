// What a harness in C++ must bring: one runtime, one model at a time.  frame/serve.h does the rest
// of docs/runtimes.md.
//
// Failures are Results with the codes of core/result.h; an exception of the runtime's library that
// escapes is answered as kUnsupported with its text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"

namespace pare::worker {

struct BackendHello {
  std::string runtime;
  std::string version;
  std::map<std::string, std::string> versions;
  std::vector<std::string> precisions;
  std::vector<std::string> devices;
  bool keeps = false;                  // knows keep()
  std::vector<std::string> options{};  // names that load() takes
};

struct BackendTensor {
  std::string name;
  std::vector<std::int64_t> shape;  // -1: not fixed
  std::string dtype;                // NumPy's name
};

// A tensor in somebody's memory: the backend's own where it is an output, the frame's where it is
// an input.
struct BackendArray {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

// Where an output of a fixed shape is to be written.
struct BackendRoom {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::span<std::byte> bytes;
};

struct BackendLoad {
  std::filesystem::path model;
  int threads = 1;
  std::string device;  // empty: the first of the hello
  bool profile = false;
  std::string floats = "fp32";  // what floating-point numbers are while it computes
  std::filesystem::path kept;   // what keep() wrote for this model; empty: nothing
  std::map<std::string, std::string> options{};  // of those that the hello lists
};

// The device that a load asks for: the first where it names none.  Fails with kUnsupported where
// the runtime has no such device, or none at all (a broken installation).
Result<std::string> choose_device(const std::string& runtime,
                                  const std::vector<std::string>& devices,
                                  const std::string& wanted);

struct BackendModel {
  std::vector<BackendTensor> inputs;
  std::vector<BackendTensor> outputs;
  std::map<std::string, std::string> settings;
  // Of the runtime alone, where the file had to be converted for it; else load() itself is timed.
  std::optional<double> load_ms{};
};

struct BackendLayer {
  std::string name;
  std::string type;
  double ms = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual BackendHello hello() = 0;
  virtual Result<BackendModel> load(const BackendLoad& load) = 0;

  // The rest only after a load().
  // What the next runs read and write; both stay where they are until the next bind().  `outputs`
  // may be some of the model's, or none: the others are the backend's own, and a backend that
  // cannot write elsewhere takes no notice (outputs() shows where they are).
  // REQUIRES: exactly the model's inputs, of its types and (where fixed) its shapes.
  virtual void bind(const std::map<std::string, BackendArray>& inputs,
                    const std::map<std::string, BackendRoom>& outputs) = 0;
  virtual void run() = 0;  // inputs in memory to outputs in memory: what is timed
  virtual std::map<std::string, BackendArray> outputs() = 0;  // valid until the next call
  // Of the last run; only after a load with `profile`.
  virtual std::vector<BackendLayer> layers() = 0;
  // Writes what makes the next load of this model fast; false: there is no such thing.
  virtual bool keep(const std::filesystem::path& file) {
    (void)file;
    return false;
  }
  virtual void unload() = 0;
};

}  // namespace pare::worker
