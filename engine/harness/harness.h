// The Runner in another process: speaks docs/runtimes.md to a runtime, and asks it to time.
//
// Whatever the harness does, a call returns.  One that exits, hangs or writes rubbish is killed and
// becomes an Error: kInternal (it ended; with how, and the end of its log), kDeadlineExceeded (no
// answer in time), kInvalidArgument (naming what it wrote), kUnsupported (over its memory, or its
// own refusal).  What it refuses by itself comes back with its code and message, and the
// harness can be asked again.
//
// Tensors travel as .npy files in the scratch folder, a folder a slot; run() and time() overwrite
// the first one.  The process is pinned to its cores and dies with the thread that started it.  One
// thread at a time, but for put() and take() (engine/graph/runner.h).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/precision.h"
#include "core/result.h"
#include "core/units.h"
#include "engine/graph/graph.h"
#include "engine/graph/runner.h"
#include "host/conversation.h"

namespace pare::engine {

struct HarnessOptions {
  std::string name{};                  // what errors call it: "onnxruntime"
  std::vector<std::string> command{};  // as in runtimes.json
  std::filesystem::path scratch{};     // a folder that exists and that nobody else uses
  std::vector<int> cores{};            // empty: any
  std::int64_t max_memory_bytes = 0;   // 0: no limit
  // A call that takes longer is a hang.  time() gets its own budget on top of this.
  std::chrono::milliseconds call_limit{60'000};
};

struct HarnessHello {
  std::string runtime;
  std::string version;
  std::map<std::string, std::string> versions;
  std::vector<std::string> precisions;
  std::vector<std::string> devices;
  std::vector<std::string> options{};  // names that load() takes; "provider.*": all that begin so
  bool keeps = false;                  // knows keep()
  bool ahead = false;                  // the next infer may be sent before the last one is answered
};

struct LoadOptions {
  int threads = 1;
  std::string device{};                          // empty: the harness's first
  std::map<std::string, std::string> options{};  // of the runtime, by name
  bool profile = false;                          // times per layer; the model runs slower
  Precision floats = Precision::kFp32;  // what its floating-point numbers are while it computes
  std::filesystem::path kept{};         // what keep() wrote for this model; it need not be there
};

struct LoadedModel {
  std::vector<TensorInfo> inputs;  // -1 in a shape: not fixed
  std::vector<TensorInfo> outputs;
  Millis load{};  // of the runtime alone: converting the file is no part of it
  Bytes memory;
  std::map<std::string, std::string> settings;
  Millis took{};  // until the harness had answered
};

// The defaults of docs/runtimes.md.
struct TimingOptions {
  int window = 8;
  double tolerance = 0.02;
  double warmup_max_seconds = 5.0;
  int min_samples = 30;
  int max_samples = 2000;
  double max_seconds = 20.0;
  double half_width = 0.01;
};

struct LayerTime {
  std::string name;
  std::string type;
  double ms = 0;
};

struct Timing {
  std::vector<double> samples_ms;  // at least one, all positive
  int warmup_runs = 0;
  double warmup_ms = 0;
  bool stationary = false;          // warm-up ended because times had settled
  bool narrow = false;              // sampling ended because the interval was narrow
  std::vector<LayerTime> layers{};  // only after a load with `profile`
};

class Harness final : public Runner {
 public:
  // Starts the process and asks it hello.
  static Result<std::unique_ptr<Harness>> start(HarnessOptions options);
  // The same in two steps, for whoever has something to do meanwhile: spawn() starts the process
  // and returns, greet() waits until it says hello.  Nothing else is asked before.
  static Result<std::unique_ptr<Harness>> spawn(HarnessOptions options);
  Result<std::monostate> greet();
  ~Harness() override;

  const HarnessOptions& options() const noexcept { return options_; }
  const HarnessHello& hello() const noexcept { return hello_; }

  // Replaces the model loaded before.  Fails with kUnsupported if the runtime does not say that it
  // takes the precision asked for.
  Result<LoadedModel> load(const std::filesystem::path& model, const LoadOptions& options);

  // Of the model loaded; inputs are in the order of LoadedModel::inputs.
  const std::vector<std::string>& output_names() const override { return output_names_; }
  std::string version() const override { return hello_.version; }
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) override;
  Result<std::monostate> put(std::size_t slot, std::vector<Tensor> inputs) override;
  void line_up(std::size_t slot) override;
  Result<std::monostate> infer(std::size_t slot) override;
  Result<std::vector<Tensor>> take(std::size_t slot) override;
  std::optional<Millis> inference_time() const override { return inference_time_; }
  Result<Timing> time(const std::vector<Tensor>& inputs, const TimingOptions& options);

  // Writes what makes the next load of the model fast, on this machine, as LoadOptions::kept.
  // REQUIRES: hello().keeps.
  Result<std::monostate> keep(const std::filesystem::path& file);

  Result<std::monostate> unload();

  // For whoever checks a harness: any line, and what it answers to it; the last line sent and the
  // answer to it, empty where none came.
  Result<std::string> converse(const std::string& line) {
    return ask(line, "a request", options_.call_limit);
  }
  const std::string& last_request() const noexcept { return conversation_.last_sent(); }
  const std::string& last_answer() const noexcept { return conversation_.last_received(); }
  // Closes its stdin, waits that long for its end, then kills it: how it ended.
  std::optional<host::ExitStatus> close(std::chrono::milliseconds patience);

  // Of the process so far; ask before it ends.
  Bytes peak_memory() const { return {conversation_.child().peak_memory_bytes()}; }

 private:
  Harness(HarnessOptions options, host::Conversation conversation);
  std::filesystem::path folder_of(std::size_t slot) const;
  Result<std::string> ask(const std::string& line, std::string_view purpose,
                          std::chrono::milliseconds limit);
  std::string infer_request(std::size_t slot) const;
  Result<std::string> answer_to_infer(std::size_t slot);
  Result<std::string> write_inputs(std::size_t slot, const std::vector<Tensor>& inputs) const;
  Result<Tensor> read_output(const TensorInfo& info, const std::string& path) const;

  HarnessOptions options_;
  host::Conversation conversation_;
  HarnessHello hello_;
  std::string device_;  // of the last load
  LoadedModel model_;
  std::vector<std::string> output_names_;
  std::optional<Millis> inference_time_;

  struct Slot {
    std::string inputs;                // files by name, as JSON
    std::vector<std::string> outputs;  // files in the order of output_names()
  };
  std::array<Slot, kSlots> slots_;
  std::deque<std::size_t> lined_up_;  // slots whose request was sent
};

}  // namespace pare::engine
