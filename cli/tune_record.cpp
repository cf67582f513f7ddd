#include "cli/tune_record.h"

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/output_file.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kFile = "tune.json";

}  // namespace

Result<std::optional<std::int64_t>> begun_job(const fs::path& folder, const json& question) {
  const std::string file = (folder / kFile).string();
  if (!is_file(file)) return std::optional<std::int64_t>();
  const auto read = read_json_file(file);
  if (!read) return Error{ErrorCode::kInvalidArgument, read.error().message};
  const json& record = read.value();
  if (!record.is_object() || !record.contains("question") || !record["question"].is_object() ||
      !record.contains("job") || !record["job"].is_number_integer()) {
    return Error{ErrorCode::kInvalidArgument,
                 file + " is none that `pare tune` wrote: remove it, or choose another -o"};
  }
  const json& before = record["question"];
  for (const auto& [name, value] : question.items()) {
    const json was = before.value(name, json());
    if (was == value) continue;
    std::string message = folder.string() + " holds the answer to another question (" + name;
    message.append(": ").append(was.dump()).append(" there, ").append(value.dump());
    message.append(" here): choose another -o, or remove ").append(file);
    return Error{ErrorCode::kConflict, std::move(message)};
  }
  return std::optional(record["job"].get<std::int64_t>());
}

Result<std::monostate> record_job(const fs::path& folder, const json& question, std::int64_t job) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot make " + folder.string() + ": " + error.message()};
  }
  return write_whole(folder / kFile, json{{"question", question}, {"job", job}}.dump(2) + "\n");
}

}  // namespace pare::cli
