// What users bring: uploaded, registered under a name, and inspected.
//
// Blocks until the service has answered.  Fails as Service; nothing is half there afterwards.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/service.h"

namespace pare::cli {

// A detector in one ONNX file; `card`: an object, empty: as the file says.
Result<nlohmann::json> register_model(const Service& service, const std::filesystem::path& file,
                                      const std::string& name, const nlohmann::json& card,
                                      const Service::Progress& progress);

// A dataset archive (wire/dataset_archive.h).
Result<nlohmann::json> register_dataset(const Service& service,
                                        const std::filesystem::path& archive,
                                        const std::string& name, const Service::Progress& progress);

// The model or dataset at the path ("/v1/models/NAME") once it is inspected: `state` is "ready" or
// "rejected" then; or as it is when the user asks to stop (interrupt.h).
Result<nlohmann::json> inspected(const Service& service, const std::string& path);

}  // namespace pare::cli
