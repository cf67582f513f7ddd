#include "worker/artifacts/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "host/files.h"
#include "wire/dataset_archive.h"
#include "wire/sha256.h"

namespace pare::worker {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{5000};
// A task whose inputs cannot be had waits in the queue, where another device may take it.
constexpr auto kFetchPatience = std::chrono::seconds(30);

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
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)), error_(errno) {}
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  // Waits for the holder.  Fails with kUnavailable if the stop came first, kResourceExhausted if
  // the lock's file cannot be made.
  Result<std::monostate> take(const std::string& what, const std::stop_token& stop) const {
    if (fd_ < 0) {
      return Error{ErrorCode::kResourceExhausted,
                   what + ": its lock cannot be made: " + std::strerror(error_)};
    }
    while (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      if (!pause(kFirstPause, stop)) return Error{ErrorCode::kUnavailable, what + ": stopped"};
    }
    return std::monostate{};
  }

 private:
  int fd_;
  int error_;  // of open()
};

// Calls again while the coordinator is away or there is no room, for as long as `patience`.
template <typename Call>
Result<std::monostate> persist(Call call, std::optional<Clock::duration> patience,
                               const std::stop_token& stop, const OnWait& on_wait) {
  const auto begun = Clock::now();
  for (milliseconds wait = kFirstPause;; wait = std::min(2 * wait, kLongestPause)) {
    Result<std::monostate> result = call();
    const bool over = patience && Clock::now() - begun >= *patience;
    if (result || over || !is_retryable(result.error().code)) return result;
    if (on_wait) on_wait(result.error());
    if (!pause(wait, stop)) return result;
  }
}

Error cannot_be_made(const fs::path& path, const std::error_code& why) {
  return {ErrorCode::kResourceExhausted, path.string() + " cannot be made: " + why.message()};
}

// Puts what was made in its place, so that a power cut leaves all of it or nothing.
Result<std::monostate> keep(const fs::path& part, const fs::path& path, bool synced) {
  std::error_code failure;
  if (!synced) failure.assign(errno, std::generic_category());
  if (!failure) fs::create_directories(path.parent_path(), failure);
  if (!failure) fs::rename(part, path, failure);
  if (!failure && !host::sync_folder(path.parent_path())) {
    failure.assign(errno, std::generic_category());
  }
  if (failure) return cannot_be_made(path, failure);
  return std::monostate{};
}

// The digest of every file below the folder by its name from there; empty if one cannot be read.
std::map<std::string, std::string> sums_of(const fs::path& folder) {
  std::map<std::string, std::string> sums;
  std::error_code failure;
  for (auto at = fs::recursive_directory_iterator(folder, failure);
       !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
    if (!at->is_regular_file(failure)) continue;
    const auto digest = wire::sha256_file(at->path());
    if (!digest) return {};
    sums[at->path().lexically_relative(folder).string()] = digest.value();
  }
  return failure ? std::map<std::string, std::string>{} : sums;
}

// A line a file: its digest, two blanks, its name.
bool write_sums(const fs::path& file, const std::map<std::string, std::string>& sums) {
  std::ofstream out(file, std::ios::binary);
  for (const auto& [name, digest] : sums) out << digest << "  " << name << '\n';
  out.close();
  return out.good();
}

std::map<std::string, std::string> read_sums(const fs::path& file) {
  std::map<std::string, std::string> sums;
  std::ifstream in(file, std::ios::binary);
  constexpr std::size_t kDigits = 64;
  for (std::string line; std::getline(in, line);) {
    if (line.size() <= kDigits + 2) return {};
    sums[line.substr(kDigits + 2)] = line.substr(0, kDigits);
  }
  return sums;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

struct Cache::Verified {
  std::mutex mutex;
  std::set<std::string> names;

  bool has(const std::string& name) {
    const std::scoped_lock lock(mutex);
    return names.contains(name);
  }
  void add(const std::string& name) {
    const std::scoped_lock lock(mutex);
    names.insert(name);
  }
};

Cache::Cache(fs::path folder, BlobClient client)
    : folder_(std::move(folder)),
      client_(std::move(client)),
      verified_(std::make_unique<Verified>()) {}
Cache::~Cache() = default;
Cache::Cache(Cache&&) noexcept = default;
Cache& Cache::operator=(Cache&&) noexcept = default;

Result<Cache> Cache::open(const fs::path& folder, BlobClient client) {
  std::error_code failure;
  for (const char* part : {"blobs", "datasets", "partial", "locks"}) {
    fs::create_directories(folder / part, failure);
    if (failure) return cannot_be_made(folder / part, failure);
  }
  const fs::path absolute = fs::absolute(folder, failure);
  if (failure) return cannot_be_made(folder, failure);
  return Cache(absolute, std::move(client));
}

fs::path Cache::blob_path(const std::string& sha256) const {
  return folder_ / "blobs" / sha256.substr(0, 2) / sha256;
}

fs::path Cache::partial_path(const std::string& sha256) const {
  return folder_ / "partial" / sha256;
}

bool Cache::holds_blob(const std::string& sha256) const {
  const fs::path path = blob_path(sha256);
  if (!is_there(path)) return false;
  if (verified_->has(sha256)) return true;
  const auto digest = wire::sha256_file(path);
  if (digest && digest.value() == sha256) {
    verified_->add(sha256);
    return true;
  }
  std::error_code ignored;
  fs::remove(path, ignored);
  return false;
}

Result<std::monostate> Cache::fetch(const std::string& sha256, const fs::path& part,
                                    const std::stop_token& stop, const OnWait& on_wait) const {
  const bool resumed = is_there(part);
  const auto call = [&] { return client_.fetch(sha256, part, stop); };
  auto fetched = persist(call, kFetchPatience, stop, on_wait);
  if (!fetched && resumed && fetched.error().code == ErrorCode::kInvalidArgument) {
    fetched = persist(call, kFetchPatience, stop, on_wait);  // what was there may have been spoilt
  }
  return fetched;
}

Result<fs::path> Cache::blob(const std::string& sha256, const std::stop_token& stop,
                             const OnWait& on_wait) {
  const fs::path path = blob_path(sha256);
  if (verified_->has(sha256) && is_there(path)) return path;
  const FileLock lock(folder_ / "locks" / sha256);
  const auto taken = lock.take("blob " + sha256, stop);
  if (!taken) return taken.error();
  if (holds_blob(sha256)) return path;  // of an earlier life, or another worker was faster
  const fs::path part = partial_path(sha256);
  const auto fetched = fetch(sha256, part, stop, on_wait);
  if (!fetched) return fetched.error();
  const auto kept = keep(part, path, host::sync_file(part));
  if (!kept) return kept.error();
  verified_->add(sha256);
  return path;
}

bool Cache::holds_dataset(const std::string& sha256) const {
  const std::string name = sha256 + ".sums";
  const fs::path path = folder_ / "datasets" / sha256;
  if (!is_there(path)) return false;
  if (verified_->has(name)) return true;
  const auto wanted = read_sums(folder_ / "datasets" / name);
  if (!wanted.empty() && sums_of(path) == wanted) {
    verified_->add(name);
    return true;
  }
  std::error_code ignored;
  fs::remove_all(path, ignored);
  return false;
}

Result<std::monostate> Cache::unpack(const std::string& sha256, const fs::path& archive) const {
  const fs::path part = partial_path(sha256 + ".dataset");
  const fs::path sums = partial_path(sha256 + ".sums");
  std::error_code failure;
  fs::remove_all(part, failure);  // what a killed worker left
  const auto unpacked = wire::unpack_dataset_archive(archive, part);
  if (!unpacked) return unpacked.error();
  if (!write_sums(sums, sums_of(part))) {
    return Error{ErrorCode::kResourceExhausted, sums.string() + " cannot be written"};
  }
  // The sums first: a folder without them is unpacked again.
  const fs::path datasets = folder_ / "datasets";
  auto kept = keep(sums, datasets / (sha256 + ".sums"), host::sync_file(sums));
  if (kept) kept = keep(part, datasets / sha256, host::sync_tree(part));
  return kept;
}

Result<fs::path> Cache::dataset(const std::string& sha256, const std::stop_token& stop,
                                const OnWait& on_wait) {
  const fs::path path = folder_ / "datasets" / sha256;
  if (verified_->has(sha256 + ".sums") && is_there(path)) return path;
  const FileLock lock(folder_ / "locks" / (sha256 + ".dataset"));
  const auto taken = lock.take("dataset " + sha256, stop);
  if (!taken) return taken.error();
  if (holds_dataset(sha256)) return path;
  const auto archive = blob(sha256, stop, on_wait);
  if (!archive) return archive.error();
  const auto unpacked = unpack(sha256, archive.value());
  if (!unpacked) return unpacked.error();
  verified_->add(sha256 + ".sums");
  return path;
}

Result<std::string> Cache::send(const fs::path& file, const std::stop_token& stop,
                                const OnWait& on_wait) {
  auto sha256 = wire::sha256_file(file);
  if (!sha256) return sha256;
  const auto store = [&] { return client_.store(sha256.value(), file, stop); };
  const auto stored = persist(store, std::nullopt, stop, on_wait);
  if (!stored) return stored.error();
  return sha256;
}

Result<std::string> Cache::publish(const fs::path& file, const std::stop_token& stop,
                                   const OnWait& on_wait) {
  const auto sha256 = send(file, stop, on_wait);
  if (!sha256) return sha256.error();
  // This worker is the likeliest to need it next.  If it cannot be kept it is fetched then.
  if (keep(file, blob_path(sha256.value()), host::sync_file(file))) verified_->add(sha256.value());
  return sha256.value();
}

}  // namespace pare::worker
