#include "cli/output_file.h"

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace pare::cli {

namespace fs = std::filesystem;

namespace {

Error cannot_write(const fs::path& file, const std::string& why) {
  return {ErrorCode::kInvalidArgument, "cannot write " + file.string() + ": " + why};
}

std::string words_of(int error) {
  return std::error_code(error, std::generic_category()).message();
}

}  // namespace

OutputFile::OutputFile(fs::path file, fs::path part)
    : file_(std::move(file)), part_(std::move(part)) {
  errno = 0;
  out_.open(part_, std::ios::binary | std::ios::trunc);
  failed_ = !out_;
  error_ = errno;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : file_(std::move(other.file_)),
      part_(std::exchange(other.part_, {})),
      out_(std::move(other.out_)),
      failed_(other.failed_),
      error_(other.error_) {}

OutputFile::~OutputFile() {
  if (part_.empty()) return;
  out_.close();
  std::error_code ignored;
  fs::remove(part_, ignored);
}

// What is no regular file (a folder, /dev/null) is not replaced by one.
Result<OutputFile> OutputFile::create(const fs::path& file) {
  std::error_code ignored;
  const fs::file_status there = fs::status(file, ignored);
  if (fs::is_directory(there)) return cannot_write(file, "it is a folder");
  if (fs::exists(there) && !fs::is_regular_file(there)) {
    return cannot_write(file, "it is no regular file");
  }
  OutputFile out(file, file.string() + ".part");
  if (out.failed_) {
    out.part_.clear();  // not ours
    return out.failure();
  }
  return out;
}

bool OutputFile::write(std::string_view bytes) {
  errno = 0;
  if (!failed_ && !out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    failed_ = true;
    error_ = errno;
  }
  return !failed_;
}

Error OutputFile::failure() const {
  return cannot_write(file_, error_ != 0 ? words_of(error_) : "the disk takes no more");
}

Result<std::monostate> OutputFile::keep() {
  errno = 0;
  out_.close();
  if (!failed_ && !out_) {
    failed_ = true;
    error_ = errno;
  }
  if (failed_) return failure();
  std::error_code error;
  fs::rename(part_, file_, error);
  if (error) {
    failed_ = true;
    error_ = error.value();
    return failure();
  }
  part_.clear();
  return std::monostate{};
}

Result<std::monostate> write_whole(const fs::path& file, std::string_view text) {
  auto created = OutputFile::create(file);
  if (!created) return created.error();
  OutputFile out = std::move(created).value();
  out.write(text);
  return out.keep();
}

Result<std::monostate> copy_whole(const std::filesystem::path& from,
                                  const std::filesystem::path& to) {
  auto out = OutputFile::create(to);
  if (!out) return out.error();
  OutputFile file = std::move(out).value();
  std::ifstream in(from, std::ios::binary);
  std::vector<char> block(1 << 20);
  while (in && !file.failed()) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    file.write({block.data(), static_cast<std::size_t>(in.gcount())});
  }
  if (!in.eof() && !file.failed()) {
    return Error{ErrorCode::kUnavailable, "cannot read " + from.string()};
  }
  return file.keep();
}

}  // namespace pare::cli
