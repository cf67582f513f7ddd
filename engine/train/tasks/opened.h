// The files that the commands of pare-train on a super-network begin with.
#pragma once

#include <filesystem>
#include <string>

#include "core/result.h"
#include "engine/pipeline/detector.h"
#include "engine/prune/importance.h"
#include "engine/prune/statistics.h"

namespace pare::engine {

struct OpenedModel {
  Detector detector;
  TensorFile file;  // of statistics
  Statistics statistics;
  std::string model_sha256, statistics_sha256;
};

// Fails as open_detector(), read_tensor_file() and load_statistics().
Result<OpenedModel> open_model(const std::filesystem::path& model,
                               const std::filesystem::path& statistics, const PartialCard& card);

// JSON; no path: the model's file says enough.
Result<PartialCard> read_card(const std::filesystem::path& path);

Result<std::string> read_text(const std::filesystem::path& path);

}  // namespace pare::engine
