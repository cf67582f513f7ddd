// Which kernels of a runtime are fast: chains of layers by class, width and precision, timed one
// after the other, round after round.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/device_check.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/graph/tensor.h"
#include "engine/pipeline/probe_harness.h"

namespace pare::engine {

struct ProbeKernelsOptions {
  std::vector<int> widths;  // ascending
  int size = 0;             // height and width of the tensors
  bool int8 = false;
  std::vector<Precision> floats;  // beside fp32
};

class ProbeKernels {
 public:
  // Writes the files into the harness's scratch folder.
  static Result<ProbeKernels> make(const ProbeKernelsOptions& options, ProbeHarness& harness);

  // What a runtime that keeps makes of the files is made here, by a harness of its own, on any
  // core: for a thread beside something that is not timed.  What fails is left to time_round().
  void load_ahead(const HarnessOptions& harness, int threads);

  // Times those whose rounds so far do not agree; `before` is told how many of how many are done,
  // and ends the round by false.  Fails if the harness cannot be started again; a kernel that does
  // not run has no time.
  Result<std::monostate> time_round(
      ProbeHarness& harness, const std::function<bool(std::size_t done, std::size_t all)>& before);

  // The fastest round counts.
  std::vector<KernelTiming> times() const;

 private:
  // One file to time, and all that it stands for: placements may give the same file.
  struct Variant {
    std::filesystem::path file;
    std::string onnx;
    Tensor input;
    std::vector<KernelTiming> rows;
    Precision floats = Precision::kFp32;
    std::filesystem::path kept = {};  // what the runtime made of it; it need not be there
    std::vector<double> us = {};      // a round each

    double best_us() const;
    bool settled() const;  // another round would not come out faster
    LoadOptions load_options(int threads) const {
      return {.threads = threads, .floats = floats, .kept = kept};
    }
  };

  Result<std::monostate> add_kernel(KernelClass kernel, int channels,
                                    const ProbeKernelsOptions& options, ProbeHarness& harness);
  Result<std::monostate> add_int8(KernelClass kernel, const Graph& graph, const Tensor& input,
                                  KernelTiming row, std::size_t first, ProbeHarness& harness);
  Result<std::monostate> add_variant(const Graph& graph, const Tensor& input,
                                     const KernelTiming& row, std::size_t first,
                                     ProbeHarness& harness);
  void add_floats(std::size_t of, Precision floats);
  static void time_one(Variant& variant, ProbeHarness& probe, Harness& harness);

  std::vector<Variant> variants_;
};

}  // namespace pare::engine
