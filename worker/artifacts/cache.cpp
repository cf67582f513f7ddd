#include "worker/artifacts/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "wire/dataset_archive.h"
#include "wire/sha256.h"

namespace pare::worker {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{5000};
constexpr auto kGiveUp = std::chrono::minutes(10);

// False if the stop came first.
bool pause(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any wake;
  wake.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

// Holds the lock of one name among all processes that share the cache.
class FileLock {
 public:
  explicit FileLock(const fs::path& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  // Waits for the holder; false if the stop came first.
  bool take(const std::stop_token& stop) const {
    while (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      if (fd_ < 0 || !pause(kFirstPause, stop)) return false;
    }
    return true;
  }

 private:
  int fd_;
};

Error stopped(const std::string& what) {
  return {ErrorCode::kUnavailable, what + ": stopped"};
}

// Calls again while the coordinator is away.
Result<std::monostate> persist(const std::function<Result<std::monostate>()>& call,
                               const std::stop_token& stop) {
  const auto give_up = Clock::now() + kGiveUp;
  for (milliseconds wait = kFirstPause;; wait = std::min(2 * wait, kLongestPause)) {
    auto result = call();
    const bool again = !result && is_retryable(result.error().code) && Clock::now() < give_up;
    if (!again || !pause(wait, stop)) return result;
  }
}

}  // namespace

Cache::Cache(fs::path folder, BlobClient client)
    : folder_(std::move(folder)), client_(std::move(client)) {}

Result<Cache> Cache::open(fs::path folder, BlobClient client) {
  for (const char* part : {"blobs", "datasets", "partial", "locks"}) {
    std::error_code failure;
    fs::create_directories(folder / part, failure);
    if (failure) {
      return Error{ErrorCode::kUnavailable,
                   (folder / part).string() + " cannot be made: " + failure.message()};
    }
  }
  return Cache(fs::absolute(folder), std::move(client));
}

fs::path Cache::blob_path(const std::string& sha256) const {
  return folder_ / "blobs" / sha256.substr(0, 2) / sha256;
}

fs::path Cache::partial_path(const std::string& sha256) const {
  return folder_ / "partial" / sha256;
}

Result<fs::path> Cache::blob(const std::string& sha256, const std::stop_token& stop) {
  const fs::path path = blob_path(sha256);
  if (fs::exists(path)) return path;
  const FileLock lock(folder_ / "locks" / sha256);
  if (!lock.take(stop)) return stopped("blob " + sha256);
  if (fs::exists(path)) return path;  // another worker was faster
  const fs::path part = partial_path(sha256);
  const bool resumed = fs::exists(part);
  const auto fetch = [&] { return client_.fetch(sha256, part, stop); };
  auto fetched = persist(fetch, stop);
  if (!fetched && resumed && fetched.error().code == ErrorCode::kInvalidArgument) {
    fetched = persist(fetch, stop);  // a power cut may have spoilt what was there
  }
  if (!fetched) return fetched.error();
  std::error_code failure;
  fs::create_directories(path.parent_path(), failure);
  fs::rename(part, path, failure);
  if (failure) {
    return Error{ErrorCode::kUnavailable, path.string() + " cannot be made: " + failure.message()};
  }
  return path;
}

Result<fs::path> Cache::dataset(const std::string& sha256, const std::stop_token& stop) {
  const fs::path path = folder_ / "datasets" / sha256;
  if (fs::exists(path)) return path;
  const auto archive = blob(sha256, stop);
  if (!archive) return archive.error();
  const FileLock lock(folder_ / "locks" / (sha256 + ".dataset"));
  if (!lock.take(stop)) return stopped("dataset " + sha256);
  if (fs::exists(path)) return path;
  const fs::path part = partial_path(sha256 + ".dataset");
  std::error_code failure;
  fs::remove_all(part, failure);  // what a killed worker left
  const auto unpacked = wire::unpack_dataset_archive(archive.value(), part);
  if (!unpacked) {
    return Error{unpacked.error().code, "dataset " + sha256 + ": " + unpacked.error().message};
  }
  fs::rename(part, path, failure);
  if (failure) {
    return Error{ErrorCode::kUnavailable, path.string() + " cannot be made: " + failure.message()};
  }
  return path;
}

Result<std::string> Cache::publish(const fs::path& file, const std::stop_token& stop) {
  const auto sha256 = wire::sha256_file(file);
  if (!sha256) return sha256.error();
  const auto stored = persist([&] { return client_.store(sha256.value(), file, stop); }, stop);
  if (!stored) return stored.error();
  // This worker is the likeliest to need it next.  If it cannot be kept it is fetched then.
  const fs::path path = blob_path(sha256.value());
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  fs::rename(file, path, ignored);
  return sha256.value();
}

}  // namespace pare::worker
