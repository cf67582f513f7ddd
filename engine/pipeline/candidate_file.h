// A candidate as it lies on disk, opened to be run, and the two ways of running it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/precision.h"
#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/graph/runner.h"
#include "engine/harness/harness.h"

namespace pare::engine {

struct CandidateFile {
  std::filesystem::path path;
  Graph graph;
  int height = 0;  // of its input
  int width = 0;
};

// `input_size`: height and width of an input that leaves them open, as an original's may.  Fails as
// import does, and with kInvalidArgument unless its input is 1x3xHxW.
Result<CandidateFile> open_candidate(
    const std::filesystem::path& path,
    const std::optional<std::pair<int, int>>& input_size = std::nullopt);

// A candidate's file keeps its numbers in float32; what they are while it computes, where that is
// shorter, its metadata says under this name ("fp16", "bf16").
inline constexpr std::string_view kFloatsName = "pare.floats";
Precision floats_of(const Provenance& about);

// How a runtime is to load the file.  Fails as reading what the file says of itself does.
Result<LoadOptions> load_options(const std::filesystem::path& candidate, int threads);

// The runners below hand out the tensors `scored`, in that order; where there are none, the
// outputs.
// Both take and give float32, whatever the file has at its edges (float_runner.h).

// In this process, on the executor.  `kept`: a folder for what it compiles, for whoever runs the
// same file next; empty: none.
Result<std::unique_ptr<Runner>> run_on_executor(const CandidateFile& candidate,
                                                const std::vector<std::string>& scored, int threads,
                                                const std::filesystem::path& kept = {});

// In the runtime's own process, which was spawned.  `kept`: what it may have kept of the candidate.
Result<std::unique_ptr<Runner>> run_on_harness(const CandidateFile& candidate,
                                               const std::vector<std::string>& scored,
                                               std::unique_ptr<Harness> harness, int threads,
                                               const std::filesystem::path& kept);

// The candidate as a runtime takes it that must hand out these tensors: itself where they are
// none, else a file written into the folder that ends with them.
Result<std::filesystem::path> scored_file(const std::filesystem::path& candidate,
                                          const std::vector<std::string>& scored,
                                          const std::filesystem::path& folder);

}  // namespace pare::engine
