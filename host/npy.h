// Tensors as .npy files, which is how programs on one machine exchange them (docs/runtimes.md):
// read, written, or mapped, so that what one program writes another sees and nothing is copied.
//
// Reading is total: a file that is not what it says, or larger than allowed, is kInvalidArgument
// with its name.  Little endian, C order, formats 1.0 to 3.0 (NumPy's NEP 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"

namespace pare::host {

struct NpyArray {
  std::string dtype;  // NumPy's name: "float32", "uint8", "bool", ...
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
};

// Bytes of one element; 0 for a name that is not supported.
std::size_t npy_element_bytes(std::string_view dtype) noexcept;

// Fails with kNotFound if there is no such file.
Result<NpyArray> read_npy(const std::filesystem::path& path, std::int64_t max_bytes);

// A file of the same size is written over in place: nobody may be reading it.
// REQUIRES: a supported dtype, and as many bytes as the shape says.
Result<std::monostate> write_npy(const std::filesystem::path& path, std::string_view dtype,
                                 std::span<const std::int64_t> shape,
                                 std::span<const std::byte> bytes);

// An .npy file as memory.  Whoever maps one trusts its writers: where one cuts the file short, the
// next look at what is gone ends this process (SIGBUS).  Move only; one thread at a time.
class MappedNpy {
 public:
  // To look at; fails as read_npy() does.
  static Result<MappedNpy> open(const std::filesystem::path& path, std::int64_t max_bytes);
  // To write into; the file has its room on the disk before there is memory.  A file that has that
  // size keeps its pages.  Fails with kUnavailable, naming it, where there is no room.
  // REQUIRES: a supported dtype.
  static Result<MappedNpy> create(const std::filesystem::path& path, std::string_view dtype,
                                  std::span<const std::int64_t> shape);
  ~MappedNpy();
  MappedNpy(MappedNpy&& other) noexcept;
  MappedNpy& operator=(MappedNpy&& other) noexcept;

  // False once the path is another file than the one mapped, or one of another size.
  bool is_at(const std::filesystem::path& path) const;
  // What the header says now: a file may have been written over with another one of its size.
  // Fails with kInvalidArgument.
  Result<std::monostate> look_again(const std::filesystem::path& path, std::int64_t max_bytes);

  const std::string& dtype() const noexcept { return dtype_; }
  const std::vector<std::int64_t>& shape() const noexcept { return shape_; }
  std::span<const std::byte> bytes() const noexcept { return {first_ + data_, size_ - data_}; }
  std::span<std::byte> room() noexcept { return {first_ + data_, size_ - data_}; }  // of create()

 private:
  MappedNpy() = default;
  static Result<MappedNpy> map(int descriptor, const std::filesystem::path& path, bool to_write);

  std::byte* first_ = nullptr;
  std::size_t size_ = 0;  // of the file
  std::size_t data_ = 0;  // where its header ends
  std::uint64_t device_ = 0, inode_ = 0;
  std::string dtype_;
  std::vector<std::int64_t> shape_;
};

}  // namespace pare::host
