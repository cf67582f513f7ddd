#include "engine/train/run/run_state.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "engine/graph/tensor_file.h"
#include "engine/train/graph/torch_tensor.h"

namespace pare::engine {
namespace {

const std::vector<std::pair<const char*, torch::Tensor RunState::*>> kTensors = {
    {"values", &RunState::values},
    {"average", &RunState::average},
    {"first_moment", &RunState::first_moment},
    {"second_moment", &RunState::second_moment},
    {"best", &RunState::best}};

const std::vector<std::pair<const char*, std::int64_t RunState::*>> kCounts = {
    {"step", &RunState::step},
    {"steps", &RunState::steps},
    {"skipped", &RunState::skipped},
    {"skipped_in_row", &RunState::skipped_in_row},
    {"best_step", &RunState::best_step}};

constexpr int kMostThreads = 1024;

std::filesystem::path with_ending(std::filesystem::path path, const char* ending) {
  path += ending;
  return path;
}

Error cannot_write(const std::filesystem::path& path) {
  return {ErrorCode::kUnavailable, "cannot write " + path.string() + ": " + std::strerror(errno)};
}

Result<std::monostate> write_synced(const std::string& bytes, const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return cannot_write(path);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(file, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  const bool whole = done == bytes.size() && ::fsync(file) == 0;
  const Error error = cannot_write(path);
  ::close(file);
  if (!whole) return error;
  return std::monostate{};
}

Tensor doubles(const std::vector<double>& values) {
  return Tensor::of<double>({std::ssize(values)}, values);
}

TensorFile to_file(const RunState& state, const std::string& run) {
  TensorFile file;
  file.metadata["run"] = run;
  file.metadata["threads"] = std::to_string(at::get_num_threads());
  for (const auto& [name, field] : kTensors) file.tensors[name] = from_torch(state.*field);
  std::vector<std::int64_t> counts;
  for (const auto& [name, field] : kCounts) counts.push_back(state.*field);
  file.tensors["counts"] = Tensor::of<std::int64_t>({std::ssize(counts)}, counts);
  file.tensors["numbers"] = doubles({state.rate_factor, state.best_score});
  std::vector<double> curve;
  for (const HeldOutPoint& point : state.curve) {
    curve.push_back(static_cast<double>(point.step));
    curve.push_back(static_cast<double>(point.losses.size()));
    curve.insert(curve.end(), point.losses.begin(), point.losses.end());
  }
  file.tensors["curve"] = doubles(curve);
  return file;
}

bool holds(const TensorFile& file, const std::string& name, DType dtype, std::int64_t least) {
  const auto at = file.tensors.find(name);
  return at != file.tensors.end() && at->second.dtype() == dtype && at->second.size() >= least;
}

void read_curve(std::span<const double> values, RunState& state) {
  for (std::size_t at = 0; at + 1 < values.size();) {
    const auto count = static_cast<std::size_t>(values[at + 1]);
    if (count > values.size() - at - 2) return;
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(at) + 2;
    state.curve.push_back({static_cast<std::int64_t>(values[at]),
                           {first, first + static_cast<std::ptrdiff_t>(count)}});
    at += 2 + count;
  }
}

}  // namespace

Result<RunState> read_state(const std::string& run, const std::filesystem::path& path) {
  const auto read = read_tensor_file(path);
  if (!read) return read.error();
  const TensorFile& file = read.value();
  const auto of = file.metadata.find("run");
  if (of == file.metadata.end() || of->second != run) {
    return Error{ErrorCode::kConflict,
                 path.string() + " is the state of another run: " +
                     (of == file.metadata.end() ? "none that it names" : of->second) +
                     ", this one is " + run};
  }
  bool whole = holds(file, "counts", DType::kInt64, std::ssize(kCounts)) &&
               holds(file, "numbers", DType::kFloat64, 2) &&
               holds(file, "curve", DType::kFloat64, 0);
  for (const auto& [name, field] : kTensors) whole = whole && holds(file, name, DType::kFloat32, 1);
  if (!whole) return Error{ErrorCode::kInvalidArgument, path.string() + " lacks a tensor"};
  RunState state;
  for (const auto& [name, field] : kTensors) state.*field = to_torch(file.tensors.at(name));
  const auto counts = file.tensors.at("counts").values<std::int64_t>();
  for (std::size_t i = 0; i < kCounts.size(); ++i) state.*(kCounts[i].second) = counts[i];
  const auto numbers = file.tensors.at("numbers").values<double>();
  state.rate_factor = numbers[0];
  state.best_score = numbers[1];
  read_curve(file.tensors.at("curve").values<double>(), state);
  return state;
}

int threads_of_state(const std::filesystem::path& path) {
  const auto file = read_tensor_file(path);
  if (!file) return 0;
  const auto at = file.value().metadata.find("threads");
  if (at == file.value().metadata.end()) return 0;
  int threads = 0;
  const std::string& text = at->second;
  std::from_chars(text.data(), text.data() + text.size(), threads);
  return std::clamp(threads, 0, kMostThreads);
}

Result<std::monostate> write_state(const RunState& state, const std::string& run,
                                   const std::filesystem::path& path) {
  const std::filesystem::path part = with_ending(path, ".part");
  const auto written = write_synced(encode_tensor_file(to_file(state, run)), part);
  if (!written) return written;
  std::error_code error;
  std::filesystem::rename(part, path, error);
  if (error) {
    return Error{ErrorCode::kUnavailable, "cannot write " + path.string() + ": " + error.message()};
  }
  return std::monostate{};
}

Result<std::monostate> save_state(const RunState& state, const std::string& run,
                                  const std::filesystem::path& path) {
  // The state that is there stays readable until the new one is whole.
  const std::filesystem::path next = with_ending(path, ".next");
  const auto written = write_state(state, run, next);
  if (!written) return written;
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    std::filesystem::rename(path, with_ending(path, ".before"), error);
  }
  std::filesystem::rename(next, path, error);
  if (error) {
    return Error{ErrorCode::kUnavailable, "cannot write " + path.string() + ": " + error.message()};
  }
  return std::monostate{};
}

FileKeeper::FileKeeper(std::filesystem::path file, double every_seconds)
    : file_(std::move(file)), every_(every_seconds), kept_at_(std::chrono::steady_clock::now()) {}

Result<std::optional<RunState>> FileKeeper::kept(const std::string& run,
                                                 std::vector<std::string>& notes) {
  return load_state(run, file_, notes);
}

bool FileKeeper::is_due() {
  return std::chrono::steady_clock::now() - kept_at_ >= every_;
}

Result<std::monostate> FileKeeper::keep(const RunState& state, const std::string& run) {
  auto saved = save_state(state, run, file_);
  kept_at_ = std::chrono::steady_clock::now();
  return saved;
}

Result<std::optional<RunState>> load_state(const std::string& run,
                                           const std::filesystem::path& path,
                                           std::vector<std::string>& notes) {
  for (const auto& candidate : {path, with_ending(path, ".before")}) {
    std::error_code error;
    if (!std::filesystem::exists(candidate, error)) continue;
    auto state = read_state(run, candidate);
    if (state) return std::optional(std::move(state).value());
    if (state.error().code == ErrorCode::kConflict) {
      return Error{ErrorCode::kInvalidArgument, state.error().message};
    }
    notes.push_back("passed over: " + state.error().message);
  }
  return std::optional<RunState>{};
}

}  // namespace pare::engine
