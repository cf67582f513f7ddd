// The whole state of a training run in one file, replaced atomically after every epoch.
#pragma once

#include <torch/torch.h>

#include <filesystem>

#include "core/result.h"
#include "engine/train/graph/graph_module.h"
#include "engine/train/weight_average.h"

namespace pare::engine {

void save_checkpoint(const std::filesystem::path& path, int epochs_done, const GraphModule& module,
                     WeightAverage& average, torch::optim::Optimizer& optimizer);

// Epochs done, 0 if there is no file yet.  Fails with kInvalidArgument, naming the tensor, if the
// file is of another network.
Result<int> load_checkpoint(const std::filesystem::path& path, GraphModule& module,
                            WeightAverage& average, torch::optim::Optimizer& optimizer);

}  // namespace pare::engine
