#include "worker/task/run_task.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/files.h"
#include "wire/task_json.h"
#include "wire/worker_messages.h"
#include "worker/task/checkpoint_sender.h"
#include "worker/task/pinning.h"
#include "worker/task/supervisor.h"

namespace pare::worker {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kMaxFileBytes = std::int64_t{16} << 30;
// Room for the message around it.
constexpr std::uintmax_t kMaxOutcomeBytes = wire::kMaxMessageBytes - 65536;
constexpr std::string_view kDatasetRole = "dataset";

// A folder that is emptied before and removed after.
class ScratchFolder {
 public:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    fs::create_directories(path_, ignored);  // if it fails, so does the first write
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

// A line {"progress": 0.4, "message": "..."}.
void hear_progress(const nlohmann::json& line, const OnProgress& on_progress) {
  const auto progress = line.find("progress");
  const auto message = line.find("message");
  if (progress == line.end() || !progress->is_number()) return;
  const double share = progress->get<double>();
  if (!std::isfinite(share)) return;
  const bool text = message != line.end() && message->is_string();
  on_progress(share, text ? message->get<std::string>().substr(0, 500) : "");
}

// "step": 12; nothing where there is none.
std::optional<std::int64_t> step_of(const nlohmann::json& line) {
  const auto step = line.find("step");
  if (step == line.end() || !step->is_number_integer() || step->get<std::int64_t>() < 0) return {};
  return step->get<std::int64_t>();
}

// A line {"step": 12, "numbers": {"loss": 0.3}}.
std::optional<SeriesPoint> point_of(const nlohmann::json& line) {
  const auto step = step_of(line);
  const auto numbers = line.find("numbers");
  if (!step || numbers == line.end() || !numbers->is_object()) return std::nullopt;
  SeriesPoint point{*step, {}};
  for (const auto& [name, number] : numbers->items()) {
    if (number.is_number() && point.values.size() < kMostNamesOfPoint) {
      point.values[name] = number.get<double>();
    }
  }
  return point;
}

// Whoever scores a candidate comes soon after whoever timed it.
constexpr std::size_t kMostKept = 16;  // files, of the size of a model

// The folder with room for one more: the oldest go.  Empty where there is none.
fs::path make_room_to_keep(const fs::path& folder) {
  if (folder.empty()) return {};
  std::error_code failure;
  fs::create_directories(folder, failure);
  std::vector<std::pair<fs::file_time_type, fs::path>> kept;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    kept.emplace_back(entry.last_write_time(failure), entry.path());
  }
  if (failure) return {};
  std::ranges::sort(kept);
  for (std::size_t i = 0; i + kMostKept <= kept.size(); ++i) fs::remove(kept[i].second, failure);
  return folder;
}

Error crashed(const std::string& program, const std::string& how, const ChildEnd& end) {
  std::string message = program + " " + how;
  if (!end.log.empty()) message += "; the end of its log: " + end.log;
  return {ErrorCode::kInternal, std::move(message)};
}

// With less than that left, whatever failed may have failed for want of room.
constexpr std::int64_t kNoRoom = 1 << 20;

bool is_full(const fs::path& folder) {
  const auto left = host::free_bytes(folder);
  return left && *left < kNoRoom;
}

// A failure of fetching or sending is never the task's: whatever the coordinator answers, a 404 and
// a refusal included, another hour or another machine may have it otherwise.
Error not_its_fault(const Error& error) {
  if (is_retryable(error.code)) return error;
  return {ErrorCode::kUnavailable, error.message};
}

class TaskRun {
 public:
  TaskRun(const Lease& lease, const TaskSettings& settings, Cache& cache,
          const std::stop_token& stop, Pause& pause, const TaskListener& listener)
      : lease_(lease),
        settings_(settings),
        cache_(cache),
        stop_(stop),
        pause_(pause),
        listener_(listener),
        on_progress_(listener.progress) {}

  // The outcome, or why there is none.  After a stop it may be either and does not count.
  Result<wire::TaskOutcome> run() {
    const ScratchFolder folder(settings_.scratch / (std::to_string(lease_.task.value) + "-" +
                                                    std::to_string(lease_.attempt)));
    auto task = wire::parse_task(lease_.document);
    if (!task) return task.error();
    wire::TaskDocument document = std::move(task).value();
    const auto completed = complete(document, folder.path());
    if (!completed) return completed.error();
    const auto end = run_program(document, folder.path());
    if (!end) return or_no_room(end.error(), folder.path());
    if (stop_.stop_requested()) return Error{ErrorCode::kUnavailable, "stopped"};
    auto outcome = read_outcome(*end.value(), folder.path(), document.kind());
    if (!outcome) return or_no_room(outcome.error(), folder.path());
    wire::TaskOutcome said = std::move(outcome).value();
    if (const auto* failed = std::get_if<wire::TaskFailure>(&said.end)) {
      const Error error = or_no_room({failed->code, failed->reason}, folder.path());
      said.end = wire::TaskFailure{error.code, error.message};
    }
    auto published = publish(std::move(said), folder.path());
    if (!published) return or_no_room(published.error(), folder.path());
    return published;
  }

 private:
  // Where the disk is full, whatever failed is to wait: a crash, a file cut short, a bus error.
  Error or_no_room(const Error& error, const fs::path& folder) const {
    if (error.code == ErrorCode::kResourceExhausted || !is_full(folder)) return error;
    return {ErrorCode::kResourceExhausted,
            "the disk of " + settings_.scratch.string() + " is full: " + error.message};
  }

  // Adds what only this machine knows: paths, commands, cores.
  Result<std::monostate> complete(wire::TaskDocument& document, const fs::path& folder) {
    for (const auto& [role, sha256] : document.blobs) {
      if (!pause_.wait(stop_)) return Error{ErrorCode::kUnavailable, "stopped"};
      on_progress_(0, "fetching " + role);
      const auto path = role == kDatasetRole
                            ? cache_.dataset(sha256, stop_, waits_while(0, "fetching " + role))
                            : cache_.blob(sha256, stop_, waits_while(0, "fetching " + role));
      if (!path) return not_its_fault(path.error());
      document.files[role] = path.value().string();
    }
    if (policy_of(document.kind()).keeps_checkpoints) {
      const auto placed = place_checkpoints(document, folder);
      if (!placed) return placed;
    }
    document.runtimes = settings_.runtimes;
    document.kept = make_room_to_keep(settings_.kept).string();
    auto cores = cores_for(document, settings_.cores, host::usable_cores());
    if (!cores) return cores.error();
    document.cores = std::move(cores).value();
    return std::monostate{};
  }

  // Where it puts checkpoints, and the one of an earlier attempt.  One that nobody has any more is
  // done without.
  Result<std::monostate> place_checkpoints(wire::TaskDocument& document, const fs::path& folder) {
    const fs::path place = folder / "checkpoints";
    std::error_code failure;
    fs::create_directories(place, failure);
    if (failure) {
      return Error{ErrorCode::kResourceExhausted, place.string() + ": " + failure.message()};
    }
    const std::chrono::duration<double> every = settings_.checkpoint_every;
    document.checkpoints = wire::CheckpointPlace{place.string(), every.count()};
    if (!lease_.resume_from) return std::monostate{};
    const std::string doing =
        "fetching the checkpoint of step " + std::to_string(lease_.resume_from->step);
    on_progress_(0, doing);
    const auto path = cache_.blob(lease_.resume_from->sha256, stop_, waits_while(0, doing));
    if (path) {
      document.checkpoints->from = path.value().string();
    } else if (path.error().code == ErrorCode::kNotFound) {
      spdlog::warn("task {} begins anew: {}", lease_.task.value, path.error().message);
    } else {
      return not_its_fault(path.error());
    }
    return std::monostate{};
  }

  // A line of its stdout that is a JSON object; anything else is not for us.
  void hear(const std::string& text, const fs::path& checkpoints, CheckpointSender& sender) const {
    if (!text.starts_with('{')) return;  // a child may write a lot
    const auto line = nlohmann::json::parse(text, nullptr, false);
    if (!line.is_object()) return;
    hear_progress(line, on_progress_);
    if (const auto point = point_of(line)) listener_.point(*point);
    const auto checkpoint = line.find("checkpoint");
    const auto step = step_of(line);
    if (checkpoint == line.end() || !checkpoint->is_string() || !step) return;
    auto file = inside(checkpoints, checkpoint->get<std::string>());
    if (file) sender.offer(std::move(file).value(), *step);
  }

  // What carries out tasks of that kind.
  const fs::path& program_for(TaskKind kind) const {
    return kind == TaskKind::kTrain ? settings_.trainer : settings_.engine;
  }

  Result<std::optional<ChildEnd>> run_program(const wire::TaskDocument& document,
                                              const fs::path& folder) {
    const fs::path task_file = folder / "task.json", scratch = folder / "scratch";
    std::error_code failure;
    fs::create_directories(scratch, failure);
    std::ofstream(task_file, std::ios::binary) << wire::task_to_json(document);
    std::error_code absent;
    if (failure || fs::file_size(task_file, absent) == 0 || absent) {
      return Error{ErrorCode::kResourceExhausted, task_file.string() + " cannot be written"};
    }
    const fs::path& program = program_for(document.kind());
    if (program.empty()) {
      return Error{ErrorCode::kUnavailable, "this worker has no pare-train"};
    }
    on_progress_(0, "running");
    const SuperviseOptions options{
        .child = {.command = {program.string(), "run", "--task", task_file.string(), "--outcome",
                              (folder / "outcome.json").string(), "--scratch", scratch.string()},
                  .directory = scratch,
                  .cores = settings_.cores,
                  .own_group = true,
                  .max_file_bytes = kMaxFileBytes},
        .time_limit = std::chrono::ceil<std::chrono::milliseconds>(lease_.time_limit),
        .max_memory_bytes = settings_.max_memory_bytes,
        .standstill = settings_.standstill,
        .pause = &pause_};
    CheckpointSender sender(cache_, pause_, listener_.checkpoint);
    auto end = supervise(options, stop_, [&](const std::string& line) {
      hear(line, folder / "checkpoints", sender);
    });
    // An engine that cannot even be started is this machine's affair.
    const bool started = end || (end.error().code != ErrorCode::kNotFound &&
                                 end.error().code != ErrorCode::kInvalidArgument);
    if (!started) return not_its_fault(end.error());
    return end;
  }

  Result<wire::TaskOutcome> read_outcome(const ChildEnd& end, const fs::path& folder,
                                         TaskKind kind) const {
    const std::string program = kind == TaskKind::kTrain ? "pare-train" : "pare-engine";
    if (end.status != host::ExitStatus{}) {
      return crashed(program, "ended with " + host::describe(end.status), end);
    }
    const fs::path file = folder / "outcome.json";
    std::error_code absent;
    const std::uintmax_t bytes = fs::file_size(file, absent);
    if (absent) return crashed(program, "ended without an outcome", end);
    if (bytes > kMaxOutcomeBytes) {
      return Error{ErrorCode::kInternal, program + " wrote an outcome of " + std::to_string(bytes) +
                                             " bytes, at most " + std::to_string(kMaxOutcomeBytes) +
                                             " are allowed"};
    }
    std::ifstream input(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(input), {}};
    auto outcome = wire::parse_outcome(text, kind);
    if (!outcome) {
      return Error{ErrorCode::kInternal,
                   program + " wrote an outcome that is wrong: " + outcome.error().message};
    }
    return outcome;
  }

  // Puts digests in the place of the paths.
  Result<wire::TaskOutcome> publish(wire::TaskOutcome outcome, const fs::path& folder) {
    auto* success = std::get_if<wire::TaskSuccess>(&outcome.end);
    if (success == nullptr) return outcome;
    for (auto& [name, artifact] : success->artifacts) {
      const auto* local = std::get_if<wire::LocalFile>(&artifact);
      if (local == nullptr) continue;
      on_progress_(1, "sending " + name);
      const auto file = inside(folder / "scratch", local->path);
      if (!file) return file.error();
      std::error_code gone;
      const std::uintmax_t bytes = fs::file_size(file.value(), gone);
      if (gone) {
        return Error{ErrorCode::kUnavailable, file.value().string() + ": " + gone.message()};
      }
      const auto sha256 = cache_.publish(file.value(), stop_, waits_while(1, "sending " + name));
      if (!sha256) return not_its_fault(sha256.error());
      artifact = wire::BlobRef{.sha256 = sha256.value(), .bytes = static_cast<std::int64_t>(bytes)};
    }
    return outcome;
  }

  // Says what holds the task up, where its progress is shown.
  OnWait waits_while(double share, std::string doing) const {
    return [this, share, doing = std::move(doing)](const Error& error) {
      on_progress_(share, doing + " waits: " + error.message);
    };
  }

  // The child parsed a stranger's model: its paths are not believed.
  static Result<fs::path> inside(const fs::path& scratch, const std::string& path) {
    std::error_code failure;
    const fs::path root = fs::canonical(scratch, failure);
    const fs::path file = fs::canonical(root / path, failure);
    const bool below =
        std::mismatch(root.begin(), root.end(), file.begin(), file.end()).first == root.end();
    if (failure || !below || !fs::is_regular_file(file, failure)) {
      return Error{ErrorCode::kInternal,
                   "artifact \"" + path + "\" is no file in the task's scratch folder"};
    }
    return file;
  }

  const Lease& lease_;
  const TaskSettings& settings_;
  Cache& cache_;
  const std::stop_token& stop_;
  Pause& pause_;
  const TaskListener& listener_;
  const OnProgress& on_progress_;
};

// An exception has no place here; one that came is not worth a worker.
Result<wire::TaskOutcome> without_exceptions(TaskRun run) {
  try {
    return run.run();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kResourceExhausted, "the worker is out of memory"};
  } catch (const fs::filesystem_error& error) {
    return Error{ErrorCode::kResourceExhausted, error.what()};
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInternal, std::string("a bug of the worker: ") + error.what()};
  }
}

}  // namespace

std::optional<std::string> run_task(const Lease& lease, const TaskSettings& settings, Cache& cache,
                                    const std::stop_token& stop, Pause& pause,
                                    const TaskListener& listener) {
  const auto start = Clock::now();
  const auto outcome = without_exceptions(TaskRun(lease, settings, cache, stop, pause, listener));
  if (stop.stop_requested()) return std::nullopt;
  if (outcome) return wire::outcome_to_json(outcome.value());
  const std::chrono::duration<double> seconds = Clock::now() - start;
  return wire::outcome_to_json(
      {.end = wire::TaskFailure{outcome.error().code, outcome.error().message},
       .seconds = seconds.count()});
}

}  // namespace pare::worker
