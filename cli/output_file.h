// A file that a command was told to write: it appears whole, or nothing is left of it.
//
// The bytes go to FILE.part, beside it, which becomes FILE at the end.  Used by one thread.
#pragma once

#include <filesystem>
#include <fstream>
#include <string_view>
#include <variant>

#include "core/result.h"

namespace pare::cli {

class OutputFile {
 public:
  // kInvalidArgument, naming the file and what the system says, if it cannot be written there.
  static Result<OutputFile> create(const std::filesystem::path& file);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // False once a write has failed (the disk is full): failure() says so.
  bool write(std::string_view bytes);
  bool failed() const noexcept { return failed_; }
  Error failure() const;

  // The file is there.  The error of create() if it cannot be.
  Result<std::monostate> keep();

 private:
  OutputFile(std::filesystem::path file, std::filesystem::path part);

  std::filesystem::path file_;
  std::filesystem::path part_;  // empty: nothing to remove
  std::ofstream out_;
  bool failed_ = false;
  int error_ = 0;
};

// A text as a file.  Fails as OutputFile.
Result<std::monostate> write_whole(const std::filesystem::path& file, std::string_view text);

// A file that is there, to where the user wants it.  Fails as OutputFile, with kUnavailable if it
// cannot be read.
Result<std::monostate> copy_whole(const std::filesystem::path& from,
                                  const std::filesystem::path& to);

}  // namespace pare::cli
