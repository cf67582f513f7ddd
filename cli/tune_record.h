// What `pare tune` keeps beside its results, so that the same command goes on where it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <variant>

#include "core/result.h"

namespace pare::cli {

// tune.json in `folder`: the question that was asked (an object, whatever decides the job) and the
// job that answers it.
//
// The job; nullopt: none was begun.  Fails with kConflict, naming the first field that differs and
// both values, where the folder holds another question's, with kInvalidArgument where the file
// cannot be read.
Result<std::optional<std::int64_t>> begun_job(const std::filesystem::path& folder,
                                              const nlohmann::json& question);

// Makes the folder where it is not there.
Result<std::monostate> record_job(const std::filesystem::path& folder,
                                  const nlohmann::json& question, std::int64_t job);

}  // namespace pare::cli
