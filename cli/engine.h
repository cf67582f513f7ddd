// pare-engine as the command line uses it where no service is needed: one task, here and now.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/command.h"
#include "core/model_summary.h"
#include "core/result.h"
#include "wire/task_json.h"

namespace pare::cli {

// A folder under the system's for temporary files, gone with this object.
class TemporaryFolder {
 public:
  // kInvalidArgument, naming the folder, and TMPDIR where that chose it, if it cannot be made.
  static Result<TemporaryFolder> make();

  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  // empty: moved from
};

struct EngineRun {
  std::string program;            // pare-engine
  std::filesystem::path scratch;  // where artifacts go; exists
  std::function<void(double share, const std::string& message)> progress = {};
};

// What the task found.  Fails as it did, with kUnavailable if the program crashed, with kNotFound
// if there is none.
Result<wire::TaskSuccess> run_on_engine(const EngineRun& engine, const wire::TaskDocument& task);

// What `pare-engine WORDS...` prints, a JSON object.  Fails with kInvalidArgument and the engine's
// reason where it answers {"error": ...}, otherwise as run_on_engine().
Result<nlohmann::json> ask_engine(const std::string& program,
                                  const std::vector<std::string>& words);

// Runs a program to its end.  Fails as run_on_engine(), with what it said on stderr.
Result<std::monostate> run_program(const std::vector<std::string>& command);

// The file itself, or, where it keeps its weights in files beside it, one in the scratch folder
// that holds them, too; says which on stderr.  Fails as ask_engine(), the file in front.
Result<std::string> in_one_file(const EngineRun& engine, const std::string& file);

// The same for a service, which may inspect what this machine cannot: without pare-engine here, the
// file as it is; who inspects it says what is missing.
Result<std::string> sendable_file(const EngineRun& engine, const std::string& file);

// inspect_model of a file; without a card all is left to the engine.  `labelled`: a folder of
// labelled_dataset(), to try preprocessings on; empty: none.  Its reasons name the file.
Result<ModelSummary> inspect_file(const EngineRun& engine, const std::string& file,
                                  const std::optional<PartialCard>& card,
                                  const std::filesystem::path& labelled = {});

// One line on stderr that the next one overwrites: EngineRun::progress for a terminal.
void print_progress(double share, const std::string& message);
void end_progress();

// The images of a folder as the dataset that a worker would have unpacked, of links; without
// validation images.  Fails with kNotFound if there is no image.
Result<std::filesystem::path> calibration_dataset(const std::string& images,
                                                  const std::filesystem::path& scratch);

// The same of labelled images, without calibration images.
Result<std::filesystem::path> labelled_dataset(const std::string& images, const std::string& labels,
                                               const std::filesystem::path& scratch);

// Says so, and what to end with: a file that is not there or a program that crashes is the command
// line's fault, a file that the engine refuses is an answer.
Exit report_engine(const Error& error);

}  // namespace pare::cli
