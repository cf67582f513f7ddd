#include "cli/engine.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/child.h"
#include "wire/dataset_archive.h"
#include "wire/sha256.h"

namespace pare::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::string read_available(int descriptor) {
  std::string out;
  std::array<char, 4096> block{};
  for (ssize_t n = 0; (n = ::read(descriptor, block.data(), block.size())) > 0;) {
    out.append(block.data(), static_cast<std::size_t>(n));
  }
  return out;
}

// Hands on the whole lines of what the engine printed so far.
void tell(std::string& printed, const EngineRun& engine) {
  for (std::size_t end = 0; (end = printed.find('\n')) != std::string::npos;) {
    const json line = json::parse(printed.substr(0, end), nullptr, false);
    printed.erase(0, end + 1);
    if (engine.progress && line.is_object()) {
      engine.progress(line.value("progress", 0.0), line.value("message", ""));
    }
  }
}

// Runs the program to its end; what it wrote to stderr is the reason if it ended badly.
// `hear` gets what it has printed to stdout and not been heard yet, and takes what it wants of it.
Result<host::ExitStatus> run_heard(const std::vector<std::string>& command,
                                   const std::function<void(std::string& printed)>& hear) {
  auto started = host::Child::start({.command = command, .directory = {}, .cores = {}});
  if (!started) return started.error();
  host::Child child = std::move(started).value();
  child.close_input();
  std::string printed;
  std::string errors;
  for (;;) {
    const auto status = child.poll();
    printed += read_available(child.output());
    hear(printed);
    errors += read_available(child.errors());
    if (status && (status->code != 0 || status->signal != 0)) {
      return Error{ErrorCode::kUnavailable,
                   command[0] + " ended with " + describe(*status) + ": " + errors};
    }
    if (status) return *status;
    std::array<pollfd, 3> waits = {pollfd{child.ended(), POLLIN, 0},
                                   pollfd{child.output(), POLLIN, 0},
                                   pollfd{child.errors(), POLLIN, 0}};
    ::poll(waits.data(), waits.size(), 100);
  }
}

}  // namespace

Result<TemporaryFolder> TemporaryFolder::make() {
  const char* chosen = std::getenv("TMPDIR");
  const bool by_user = chosen != nullptr && *chosen != '\0';
  const fs::path under = by_user ? chosen : "/tmp";
  std::string name = (under / "pare-XXXXXX").string();
  if (::mkdtemp(name.data()) != nullptr) return TemporaryFolder(fs::absolute(name));
  return Error{ErrorCode::kInvalidArgument, "cannot make a temporary folder in " + under.string() +
                                                (by_user ? " (TMPDIR): " : ": ") +
                                                std::strerror(errno)};
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<wire::TaskSuccess> run_on_engine(const EngineRun& engine, const wire::TaskDocument& task) {
  const fs::path task_file = engine.scratch / "task.json";
  const fs::path outcome_file = engine.scratch / "outcome.json";
  std::ofstream(task_file) << wire::task_to_json(task);
  const auto ended = run_heard({engine.program, "run", "--task", task_file.string(), "--outcome",
                                outcome_file.string(), "--scratch", engine.scratch.string()},
                               [&](std::string& printed) { tell(printed, engine); });
  if (!ended) return ended.error();
  std::ifstream in(outcome_file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto outcome = wire::parse_outcome(text, task.kind());
  if (!outcome) return outcome.error();
  if (const auto* failed = std::get_if<wire::TaskFailure>(&outcome.value().end)) {
    return Error{failed->code, failed->reason};
  }
  return std::get<wire::TaskSuccess>(std::move(outcome).value().end);
}

Result<json> ask_engine(const std::string& program, const std::vector<std::string>& words) {
  std::vector<std::string> command = {program};
  command.insert(command.end(), words.begin(), words.end());
  std::string answer;
  const auto ended = run_heard(command, [&](std::string& printed) { answer = printed; });
  if (!ended) return ended.error();
  const json document = json::parse(answer, nullptr, false);
  if (!document.is_object()) {
    return Error{ErrorCode::kUnavailable, program + " answered: " + answer};
  }
  if (const auto error = document.find("error"); error != document.end() && error->is_string()) {
    return Error{ErrorCode::kInvalidArgument, error->get<std::string>()};
  }
  return document;
}

Result<std::monostate> run_program(const std::vector<std::string>& command) {
  const auto ended = run_heard(command, [](std::string& printed) { printed.clear(); });
  if (!ended) return ended.error();
  return std::monostate{};
}

Result<std::string> in_one_file(const EngineRun& engine, const std::string& file) {
  // Its name stays: who is told of the file knows it.
  fs::path folder = engine.scratch / "joined";
  while (fs::exists(folder)) folder /= "joined";
  const std::string joined = (folder / fs::path(file).filename()).string();
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return Error{ErrorCode::kUnavailable, "cannot write to " + folder.string()};
  const auto answer =
      ask_engine(engine.program, {"join", fs::absolute(file).string(), "-o", joined});
  if (!answer) return Error{answer.error().code, file + ": " + answer.error().message};
  const json files = answer.value().value("files", json::array());
  if (files.empty()) return file;
  const std::string others =
      files.size() == 1 ? "" : " and " + std::to_string(files.size() - 1) + " more";
  say_aside("pare: " + file + " is taken together with " + files[0].get<std::string>() + others);
  return joined;
}

Result<std::string> sendable_file(const EngineRun& engine, const std::string& file) {
  if (const auto readable = can_read(file); !readable) return readable.error();
  auto whole = in_one_file(engine, file);
  const bool no_engine = !whole && whole.error().code == ErrorCode::kNotFound;
  return no_engine ? file : whole;
}

Result<ModelSummary> inspect_file(const EngineRun& engine, const std::string& file,
                                  const std::optional<PartialCard>& card,
                                  const fs::path& labelled) {
  const auto sha256 = wire::sha256_file(file);
  if (!sha256) return sha256.error();
  wire::TaskDocument task;
  const bool trial = !labelled.empty();
  task.params = wire::InspectModelParams{card, trial};
  task.blobs = {{"model", sha256.value()}};
  task.files = {{"model", fs::absolute(file).string()}};
  if (trial) task.blobs["dataset"] = sha256.value();  // a folder, under a digest nobody looks up
  if (trial) task.files["dataset"] = labelled.string();
  auto found = run_on_engine(engine, task);
  if (!found) return Error{found.error().code, file + ": " + found.error().message};
  return std::get<ModelSummary>(std::move(found).value().result);
}

void print_progress(double share, const std::string& message) {
  std::fprintf(stderr, "\r\033[K%3.0f %%  %s", 100 * share, printable(message).c_str());
}

void end_progress() {
  std::fputs("\r\033[K", stderr);
}

namespace {

// The images of `images` as a split of the dataset in `folder`.  `option` names them.
Result<std::monostate> link_images(const std::string& images, const char* option,
                                   const fs::path& split) {
  const auto found = wire::images_in(images);
  if (!found) return found.error();
  if (found.value().images.empty()) {
    return Error{ErrorCode::kNotFound, std::string("no images in ") + option + " " + images};
  }
  std::error_code failed;
  fs::create_directories(split, failed);
  for (const fs::path& image : found.value().images) {
    if (failed) break;
    fs::create_symlink(fs::absolute(image), split / image.filename(), failed);
  }
  if (failed) return Error{ErrorCode::kUnavailable, "cannot write to " + split.string()};
  return std::monostate{};
}

}  // namespace

Result<fs::path> calibration_dataset(const std::string& calibration, const fs::path& folder) {
  const fs::path dataset = folder / "dataset";
  const auto linked = link_images(calibration, "--calibration", dataset / "calibration");
  if (!linked) return linked.error();
  return dataset;
}

Result<fs::path> labelled_dataset(const std::string& images, const std::string& labels,
                                  const fs::path& folder) {
  const fs::path dataset = folder / "labelled";
  const auto linked = link_images(images, "--val", dataset / "validation");
  if (!linked) return linked.error();
  if (const auto readable = can_read(labels); !readable) return readable.error();
  std::error_code failed;
  fs::create_symlink(fs::absolute(labels), dataset / "labels.json", failed);
  if (failed) return Error{ErrorCode::kUnavailable, "cannot write to " + folder.string()};
  return dataset;
}

Exit report_engine(const Error& error) {
  const Exit usage = report_usage(error);
  const bool ours = error.code == ErrorCode::kNotFound || error.code == ErrorCode::kUnavailable;
  return ours ? usage : Exit::kFailed;
}

}  // namespace pare::cli
