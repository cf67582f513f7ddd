#include "engine/program/checkpoints.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "wire/sha256.h"

namespace pare::engine {
namespace {

using Json = nlohmann::json;

// Raised when what a step keeps changes its meaning.
constexpr const char* kFormat = "pare checkpoint 1";
constexpr int kCostShare = 20;         // of the time goes into keeping, at most
constexpr double kBytesASecond = 1e6;  // go over the network, and stay on the coordinator's disk
constexpr char kBetween = '|';         // a step's name and what is its

// What two tasks with equal results have in common.
std::string identity_of(const wire::TaskDocument& task, const std::string& executor) {
  wire::TaskDocument asked;
  asked.params = task.params;
  asked.blobs = task.blobs;
  return wire::sha256_hex(wire::task_to_json(asked) + executor);
}

TensorFile file_of(const std::map<std::string, StepState>& steps, const std::string& task) {
  TensorFile file;
  file.metadata["format"] = kFormat;
  file.metadata["task"] = task;
  for (const auto& [step, state] : steps) {
    file.metadata["done" + std::string(1, kBetween) + step] = std::to_string(state.done);
    for (const auto& [name, tensor] : state.state.tensors) {
      file.tensors[step + kBetween + name] = tensor;
    }
    for (const auto& [name, text] : state.state.metadata) {
      file.metadata["of" + std::string(1, kBetween) + step + kBetween + name] = text;
    }
  }
  return file;
}

// The part before the first mark, and what is behind it.
std::pair<std::string, std::string> split(const std::string& name) {
  const auto at = name.find(kBetween);
  if (at == std::string::npos) return {name, ""};
  return {name.substr(0, at), name.substr(at + 1)};
}

std::map<std::string, StepState> steps_of(const TensorFile& file) {
  std::map<std::string, StepState> steps;
  for (const auto& [name, text] : file.metadata) {
    const auto [what, step] = split(name);
    std::int64_t done = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), done);
    if (what == "done" && read.ec == std::errc() && done > 0) steps[step].done = done;
  }
  for (const auto& [name, text] : file.metadata) {
    const auto [what, rest] = split(name);
    const auto [step, key] = split(rest);
    if (what == "of" && steps.contains(step)) steps[step].state.metadata[key] = text;
  }
  for (const auto& [name, tensor] : file.tensors) {
    const auto [step, key] = split(name);
    if (steps.contains(step)) steps[step].state.tensors[key] = tensor;
  }
  return steps;
}

std::string text_of(const TensorFile& file, const std::string& key) {
  const auto at = file.metadata.find(key);
  return at == file.metadata.end() ? "nothing" : at->second;
}

}  // namespace

Checkpoints::Checkpoints(const wire::TaskDocument& task, std::string executor, Say say)
    : task_(identity_of(task, executor)), next_(Clock::now()), say_(std::move(say)) {
  if (!task.checkpoints) return;
  folder_ = task.checkpoints->folder;
  every_ = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(task.checkpoints->every_seconds));
  next_ += every_;
  if (task.checkpoints->from.empty()) return;
  const auto read_it = read(task.checkpoints->from);
  if (!read_it) why_anew_ = read_it.error().message;
}

Result<std::monostate> Checkpoints::read(const std::string& path) {
  const auto file = read_tensor_file(path);
  if (!file) return file.error();
  const std::string format = text_of(file.value(), "format");
  if (format != kFormat) {
    return Error{ErrorCode::kUnsupported, "the checkpoint is a \"" + format.substr(0, 80) +
                                              "\", this version reads \"" + kFormat + "\""};
  }
  if (text_of(file.value(), "task") != task_) {
    return Error{ErrorCode::kUnsupported, "the checkpoint is of another task or executor"};
  }
  kept_ = now_ = steps_of(file.value());
  for (const auto& [step, state] : kept_) done_[step] = state.done;
  first_step_ = step();
  return std::monostate{};
}

const StepState* Checkpoints::kept(const std::string& step) const {
  const auto at = kept_.find(step);
  return at == kept_.end() ? nullptr : &at->second;
}

std::int64_t Checkpoints::step() const {
  std::int64_t all = 0;
  for (const auto& [step, done] : done_) all += done;
  return all;
}

void Checkpoints::did(const std::string& step, std::int64_t done, bool last,
                      const MakeState& make) {
  done_[step] = done;
  if (folder_.empty()) return;
  const bool due = Clock::now() >= next_;
  if (!due && !last) return;
  const auto begun = Clock::now();
  now_[step] = {done, make()};
  if (!due) return;
  const std::chrono::duration<double> to_send(static_cast<double>(write()) / kBytesASecond);
  next_ = Clock::now() + std::max({every_, kCostShare * (Clock::now() - begun),
                                   std::chrono::duration_cast<Clock::duration>(to_send)});
}

// Its bytes.  A checkpoint that cannot be written is only one less: the task goes on.
std::uintmax_t Checkpoints::write() {
  const std::string name = std::to_string(step()) + ".safetensors";
  const std::filesystem::path path = std::filesystem::path(folder_) / name;
  const std::filesystem::path part = path.string() + ".part";
  std::error_code failure;
  if (!write_tensor_file(file_of(now_, task_), part)) {
    std::filesystem::remove(part, failure);
    return 0;
  }
  const std::uintmax_t bytes = std::filesystem::file_size(part, failure);
  if (!failure) std::filesystem::rename(part, path, failure);
  if (failure) return 0;
  say_(Json{{"checkpoint", name}, {"step", step()}}.dump());
  return bytes;
}

void Checkpoints::tell(const std::map<std::string, double>& numbers) {
  say_(Json{{"step", step()}, {"numbers", numbers}}.dump());
}

}  // namespace pare::engine
