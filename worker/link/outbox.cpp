#include "worker/link/outbox.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "host/files.h"

namespace pare::worker {
namespace {

namespace fs = std::filesystem;

std::string file_name(TaskId task, int attempt) {
  return std::to_string(task.value) + "-" + std::to_string(attempt) + ".json";
}

// "12-3.json": task 12, attempt 3.
std::optional<std::pair<TaskId, int>> parse_name(const std::string& name) {
  TaskId task;
  int attempt = 0;
  const char* const end = name.data() + name.size();
  const auto first = std::from_chars(name.data(), end, task.value);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, attempt);
  if (second.ec != std::errc() || std::string_view(second.ptr) != ".json") return std::nullopt;
  return std::pair(task, attempt);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace

Result<Outbox> Outbox::open(fs::path folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) {
    return Error{ErrorCode::kUnavailable,
                 folder.string() + " cannot be made: " + failure.message()};
  }
  return Outbox(std::move(folder));
}

Result<std::monostate> Outbox::save(const wire::TaskReport& report) {
  const fs::path final_path = folder_ / file_name(report.task, report.attempt);
  const fs::path temporary = final_path.string() + ".part";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool saved = fd >= 0 && write_all(fd, report.outcome_json) && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  saved =
      saved && ::rename(temporary.c_str(), final_path.c_str()) == 0 && host::sync_folder(folder_);
  if (!saved) {
    return Error{ErrorCode::kUnavailable,
                 final_path.string() + " cannot be written: " + std::strerror(errno)};
  }
  return std::monostate{};
}

void Outbox::remove(TaskId task, int attempt) {
  std::error_code ignored;  // it may be gone already, and a resend is harmless
  fs::remove(folder_ / file_name(task, attempt), ignored);
}

std::vector<wire::TaskReport> Outbox::load() const {
  std::vector<wire::TaskReport> reports;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const auto key = parse_name(entry.path().filename().string());
    if (!key) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    reports.push_back(
        {key->first, key->second, std::string(std::istreambuf_iterator<char>(file), {})});
  }
  std::ranges::sort(reports, {}, [](const wire::TaskReport& report) {
    return std::pair(report.task, report.attempt);
  });
  return reports;
}

}  // namespace pare::worker
