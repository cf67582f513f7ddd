// The Runner inside this process: OpenVINO on the CPU, in fp32 whatever the processor would prefer.
//
// Any tensor of the graph may be asked for, by its name: one that OpenVINO makes is added to the
// results (it is then neither fused away nor renamed), a constant is answered from the graph, a
// graph input from what run() was given.  Results have the graph's types and shapes.
//
// Made for static shapes.  Cost: the graph is serialised once and compiled (0.1 to 2 s for a
// detector of 4 MB); asking for many tensors keeps them all in memory and prevents fusion, so ask
// for few where speed matters.  Not thread-safe: one runner a thread; runners are independent of
// each other.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/graph/graph.h"
#include "engine/graph/runner.h"

namespace pare::engine {

struct ExecutorOptions {
  int threads = 1;
  // For a run or two: what makes int8 fast is left out, which takes longer than the runs.  Outputs
  // are those of the Q/DQ nodes as they stand.
  bool briefly = false;
  // A folder where what was compiled is kept for the next runner of the same graph; empty: none.
  std::filesystem::path cache = {};
};

// `wanted` empty: the graph's outputs.  Fails with kInvalidArgument if a wanted tensor is not in
// the graph, with kUnsupported, naming the node, if OpenVINO cannot run one.
Result<std::unique_ptr<Runner>> make_openvino_runner(const Graph& graph,
                                                     std::vector<std::string> wanted = {},
                                                     const ExecutorOptions& options = {});

// OpenVINO's build, as it names itself.
std::string executor_version();

}  // namespace pare::engine
